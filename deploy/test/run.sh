#!/usr/bin/env bash
# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

# Holds the templates against the linters and the compilers of their own tools, in copies under build/deploy.
#
#     deploy/test/run.sh           all of them, as make test-templates does
#     deploy/test/run.sh sam cdk   some: policies cloudformation sam container terraform cdk serverless
#
# It needs python3 and npm, which fetch the tools, and terraform, which fetches its provider (offline: set
# TF_CLI_ARGS_init=-plugin-dir=DIR).
#
# EXIT CODE
#   0     all is well
#   2     wrong usage, if no tool is shown
#   else  of the tool that failed: the last one shown
set -euo pipefail

manual() { sed -n '/^# Holds/,/^[^#]/ s/^# \{0,1\}//p' "$0"; }
usage() { echo "deploy/test: $* (see --help)" >&2; exit 2; }

for part; do
	case $part in
	policies | cloudformation | sam | container | terraform | cdk | serverless) ;;
	-h | --help) manual; exit ;;
	*) usage "there is no part \"$part\"" ;;
	esac
done
cd "$(dirname "$0")/../.."
work=$PWD/build/deploy

# What every template is given, and check.py expects to find again.
export LAYER_ARN=arn:aws:lambda:us-east-1:123456789012:layer:otelcol-lambda-arm64:1
export ENDPOINT=https://ingest.example.com:4318
export KEY_SECRET_ARN=arn:aws:secretsmanager:us-east-1:123456789012:secret:clickstack-AbCdEf

export PYTHONWARNINGS=ignore # that parliament's use of pkg_resources is deprecated

step() { printf '\n== %s\n' "$*"; "$@"; }
check() { step python deploy/test/check.py "$@"; }

tools() {
	mkdir -p "$work"
	echo "module deploy" >"$work/go.mod" # keeps the Go files that packages of npm bring out of ./...
	[[ $work/tools/ready -nt deploy/test/requirements.txt ]] || {
		rm -rf "$work/tools"
		python3 -m venv "$work/tools"
		"$work/tools/bin/pip" install -q --disable-pip-version-check -r deploy/test/requirements.txt
		touch "$work/tools/ready"
	}
	PATH=$work/tools/bin:$PATH
}

check_policies() {
	local policy
	for policy in deploy/iam/*.json; do
		printf '\n== parliament <%s\n' "$policy"
		parliament <"$policy"
	done
	step cfn-lint deploy/iam/publish-role.yaml
}

check_cloudformation() {
	step cfn-lint deploy/cloudformation/template.yaml
	check deploy/cloudformation/template.yaml
}

check_sam() {
	step cfn-lint deploy/sam/template.yaml
	check --sam deploy/sam/template.yaml
}

check_container() { step hadolint examples/container/Dockerfile; }

check_terraform() {
	mkdir -p "$work/terraform"
	cp -R deploy/terraform/. "$work/terraform"
	step terraform fmt -check -diff -recursive deploy/terraform
	step terraform -chdir="$work/terraform" init -backend=false -input=false
	step terraform -chdir="$work/terraform" validate
	step terraform -chdir="$work/terraform" test
}

check_cdk() (
	mkdir -p "$work/cdk"
	cp -R deploy/cdk/. "$work/cdk"
	cd "$work/cdk"
	step npm install --silent --no-audit --no-fund
	step npm run --silent check
	step npm run --silent synth -- -c layerArn="$LAYER_ARN" -c endpoint="$ENDPOINT" -c keySecretArn="$KEY_SECRET_ARN"
	cd - >/dev/null
	# W3005: the CDK writes DependsOn although a reference says it already.
	step cfn-lint --ignore-checks W3005 -- "$work/cdk/cdk.out/MyFunction.template.json"
	check "$work/cdk/cdk.out/MyFunction.template.json"
)

check_serverless() (
	mkdir -p "$work/serverless"
	cp -R deploy/serverless/. "$work/serverless"
	cd "$work/serverless"
	step npm install --silent --no-audit --no-fund --no-save osls@4.3.1
	step npx osls package
	cd - >/dev/null
	step cfn-lint "$work/serverless/.serverless/cloudformation-template-update-stack.json"
	check "$work/serverless/.serverless/cloudformation-template-update-stack.json"
)

tools
[[ $# -gt 0 ]] || set -- policies cloudformation sam container terraform cdk serverless
for part; do "check_$part"; done
