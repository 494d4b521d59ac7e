#!/usr/bin/env bash
# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

# Publishes layers with the AWS CLI: each zip in each region, unless its bytes are the newest version there already.
# Prints a table of ARNs to standard output, progress to standard error.
#
#     REGIONS="us-east-1 eu-west-1" layer/publish/publish.sh dist/otelcol-lambda-amd64.zip dist/otelcol-lambda-arm64.zip
#     REGIONS=all DRY_RUN=1 layer/publish/publish.sh dist/otelcol-lambda-arm64.zip
#
# A zip is published as the layer of its name, for the architecture at the end of its name (-amd64, -arm64). The
# credentials need the rights of deploy/iam/publish-role.yaml.
#
# VARIABLES
#   REGIONS       regions; or the name of a partition (aws, aws-cn, aws-us-gov, aws-eusc) for all that regions.txt has of
#                 it; or "all": the partition of the credentials (required)
#   SHARE         who else may use the layer: "public", organisations (o-…) and accounts (12 digits); default: nobody
#   DRY_RUN       1: ask what is there, say what would be done, change nothing
#   JOBS          regions at a time; default: 4
#   DESCRIPTION   of the versions that are published; it does not count as a difference
#
# EXIT CODE
#   0  everything is published and shared; with DRY_RUN: everything is known
#   1  something failed, as the table and standard error say; all the rest is done
#   2  wrong usage; nothing was tried
set -euo pipefail

manual() { sed -n '/^# Publishes/,/^[^#]/ s/^# \{0,1\}//p' "$0"; }
usage() { echo "publish: $* (see --help)" >&2; exit 2; }

# The largest zip that Lambda takes in a request. A larger one would have to go through S3.
readonly max_bytes=$((50 * 1024 * 1024))
here=$(dirname "$0")

partition_regions() { awk -v partition="$1" '$1 == partition { print $2 }' "$here/regions.txt"; }

# regions prints what REGIONS stands for, a line each.
regions() {
	local word partition
	for word in $REGIONS; do
		case $word in
		all)
			partition=$(aws sts get-caller-identity --query Arn --output text | cut -d: -f2) || return
			partition_regions "$partition" ;;
		aws | aws-*) partition_regions "$word" ;;
		*) echo "$word" ;;
		esac
	done
}

architecture() {
	case $1 in
	*-amd64.zip) echo x86_64 ;;
	*-arm64.zip) echo arm64 ;;
	*) return 1 ;;
	esac
}

# lambda calls the AWS CLI. What fails is one line on standard error.
lambda() {
	local region=$1 error
	shift
	error=$(mktemp "$results/error.XXXXXX")
	aws lambda "$@" --region "$region" --output text --cli-connect-timeout 10 --cli-read-timeout 120 2>"$error" || {
		tr '\n' ' ' <"$error" | sed 's/  */ /g; s/^ //'
		grep -Eq 'UnrecognizedClient|InvalidClientToken|security token' "$error" && printf '(is the region enabled in the account?) '
		return 1
	}
}

# share lets others use a version. The statement's id says who, so one that is there already is the same.
share() {
	local region=$1 layer=$2 version=$3 who id out grant
	for who in $SHARE; do
		case $who in
		public) id=public grant=(--principal '*') ;;
		o-*) id=organization-$who grant=(--principal '*' --organization-id "$who") ;;
		*) id=account-$who grant=(--principal "$who") ;;
		esac
		out=$(lambda "$region" add-layer-version-permission --layer-name "$layer" --version-number "$version" \
			--statement-id "$id" --action lambda:GetLayerVersion "${grant[@]}") ||
			[[ $out == *ResourceConflictException* ]] || { echo "$out"; return 1; }
	done
}

# publish brings one zip into one region. It prints the status and the ARN, or what failed.
publish() {
	local region=$1 zip=$2 layer versions version='' status=unchanged hash newest arn='' out
	layer=$(basename "$zip" .zip)
	hash=$(openssl dgst -sha256 -binary "$zip" | openssl base64)
	versions=$(lambda "$region" list-layer-versions --layer-name "$layer" --query 'LayerVersions[].[Version]') || { echo "$versions"; return 1; }
	version=$(grep -E '^[0-9]+$' <<<"$versions" | sort -n | tail -1) || true
	if [[ $version ]]; then
		newest=$(lambda "$region" get-layer-version --layer-name "$layer" --version-number "$version" \
			--query '[Content.CodeSha256,LayerVersionArn]') || { echo "$newest"; return 1; }
		read -r newest arn <<<"$newest"
		[[ $newest == "$hash" ]] || version=''
	fi
	if [[ ! $version && $DRY_RUN ]]; then
		echo "would-publish ${arn:-$layer}"
		return
	fi
	if [[ ! $version ]]; then
		status=published
		newest=$(lambda "$region" publish-layer-version --layer-name "$layer" --zip-file "fileb://$zip" \
			--compatible-architectures "$(architecture "$zip")" --license-info Apache-2.0 --description "$DESCRIPTION" \
			--query '[Content.CodeSha256,Version,LayerVersionArn]') || { echo "$newest"; return 1; }
		read -r newest version arn <<<"$newest"
		[[ $newest == "$hash" ]] || { echo "$arn has other bytes than $zip: $newest, not $hash"; return 1; }
	fi
	if [[ ! $DRY_RUN ]]; then
		out=$(share "$region" "$layer" "$version") || { echo "$arn is $status, but not shared: $out"; return 1; }
	fi
	echo "$status $arn"
}

# publish_region publishes every zip in one region and adds to the results.
publish_region() {
	local region=$1 zip out began
	shift
	for zip; do
		began=$SECONDS
		if out=$(publish "$region" "$zip"); then
			echo "$region $(architecture "$zip") $out" >>"$results/done"
			echo "$region: $out ($((SECONDS - began)) s)" >&2
		else
			echo "$region $(architecture "$zip") FAILED $(basename "$zip" .zip)" >>"$results/done"
			echo "$region: $(basename "$zip"): FAILED: $out" >&2
		fi
	done
}

for zip; do
	case $zip in
	-h | --help) manual; exit ;;
	-*) usage "unknown flag $zip" ;;
	esac
done
[[ ${REGIONS:-} ]] || usage 'set REGIONS="us-east-1 …" or REGIONS=all'
[[ $# -gt 0 ]] || usage 'name the zips to publish'
for zip; do
	[[ -r $zip ]] || usage "no file \"$zip\": make layer builds it"
	architecture "$zip" >/dev/null || usage "\"$zip\" does not end in -amd64.zip or -arm64.zip"
	[[ $(wc -c <"$zip") -le $max_bytes ]] || usage "\"$zip\" has more than the $max_bytes bytes that Lambda takes"
done
for who in ${SHARE:-}; do
	[[ $who =~ ^(public|o-[a-z0-9]{10,32}|[0-9]{12})$ ]] ||
		usage "SHARE: \"$who\" is not \"public\", an organisation (o-…) or an account (12 digits)"
done
[[ ${JOBS:-4} =~ ^[1-9][0-9]*$ ]] || usage "JOBS: \"$JOBS\" is not a number of regions"
command -v aws >/dev/null || usage 'install the AWS CLI'

export SHARE=${SHARE:-} DRY_RUN=${DRY_RUN:-} DESCRIPTION=${DESCRIPTION:-OpenTelemetry Collector for AWS Lambda}
export AWS_PAGER='' AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard} AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-5}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export results
wanted=$(regions) || usage 'cannot ask whose the credentials are'
[[ $wanted ]] || usage "regions.txt has no regions for \"$REGIONS\""
export -f architecture lambda publish publish_region share

echo "$(wc -w <<<"$wanted" | tr -d ' ') regions, $# layers${DRY_RUN:+, dry run}${SHARE:+, shared with $SHARE}" >&2
xargs -P "${JOBS:-4}" -I{} bash -c 'publish_region "$@"' publish {} "$@" <<<"$wanted"

{ echo 'REGION ARCHITECTURE STATUS LAYER'; sort "$results/done"; } |
	awk '{ printf "%-15s %-13s %-14s %s\n", $1, $2, $3, $4 }'
! grep -q ' FAILED ' "$results/done"
