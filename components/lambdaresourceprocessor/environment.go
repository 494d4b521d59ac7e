// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package lambdaresourceprocessor

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const serviceName = "service.name"

// attribute is a resource attribute, its value ready to be copied.
type attribute struct {
	key   string
	value pcommon.Value
}

// environment is what the environment variables say.
type environment struct {
	otel     []attribute // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
	function string      // empty outside Lambda
	version  string
	memory   string // MB
	instance string
	region   string
}

// readEnvironment returns what it could read with the error.
func readEnvironment(getenv func(string) string) (environment, error) {
	pairs, err := parseResourceAttributes(getenv("OTEL_RESOURCE_ATTRIBUTES"))
	env := environment{
		function: getenv("AWS_LAMBDA_FUNCTION_NAME"),
		version:  getenv("AWS_LAMBDA_FUNCTION_VERSION"),
		memory:   getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
		instance: getenv("AWS_LAMBDA_LOG_STREAM_NAME"),
		region:   getenv("AWS_REGION"),
	}
	if name := getenv("OTEL_SERVICE_NAME"); name != "" {
		env.otel = append(env.otel, text(serviceName, name))
	}
	for _, pair := range pairs {
		env.otel = append(env.otel, text(pair.key, pair.value))
	}
	return env, err
}

type pair struct{ key, value string }

// parseResourceAttributes parses key=value pairs separated by commas, percent-encoded. As the OpenTelemetry
// specification ("Specifying resource information via an environment variable") demands, a value that cannot be decoded
// spoils all of them.
func parseResourceAttributes(list string) ([]pair, error) {
	var pairs []pair
	for member := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(member) == "" {
			continue
		}
		key, value, ok := strings.Cut(member, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %q is not of the form key=value", member)
		}
		decodedKey, err := url.PathUnescape(key)
		if err != nil {
			return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: key %q: %w", key, err)
		}
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: value of %q: %w", key, err)
		}
		pairs = append(pairs, pair{decodedKey, decoded})
	}
	return pairs, nil
}

// attributes returns what to put on a resource that has nothing yet. Of several values for a key the first that is not
// empty wins.
func (e environment) attributes(accountID string) []attribute {
	all := slices.Clone(e.otel)
	if e.function != "" {
		all = append(all, e.lambda(accountID)...)
	}
	var attributes []attribute
	seen := map[string]bool{}
	for _, a := range all {
		if !seen[a.key] && a.value.AsString() != "" {
			seen[a.key] = true
			attributes = append(attributes, a)
		}
	}
	return attributes
}

func (e environment) lambda(accountID string) []attribute {
	attributes := []attribute{
		text(serviceName, e.function),
		text("faas.name", e.function),
		text("faas.version", e.version),
		text("faas.instance", e.instance),
		text("cloud.provider", "aws"),
		text("cloud.platform", "aws_lambda"),
		text("cloud.region", e.region),
		text("cloud.account.id", accountID),
		text("cloud.resource_id", e.arn(accountID)),
	}
	if mb, err := strconv.ParseInt(e.memory, 10, 64); err == nil {
		attributes = append(attributes, attribute{"faas.max_memory", pcommon.NewValueInt(mb << 20)})
	}
	return attributes
}

// arn returns the ARN of the function, qualified with the version that runs; empty if a part is unknown. It is never
// that of an alias: one environment serves any alias that points to its version.
func (e environment) arn(accountID string) string {
	if accountID == "" || e.region == "" {
		return ""
	}
	arn := "arn:" + partition(e.region) + ":lambda:" + e.region + ":" + accountID + ":function:" + e.function
	if e.version != "" && e.version != "$LATEST" {
		arn += ":" + e.version
	}
	return arn
}

// partition returns the AWS partition of a region. Source: partitions.json of the AWS SDKs.
func partition(region string) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"eusc-", "aws-eusc"},
		{"us-isob-", "aws-iso-b"},
		{"us-isof-", "aws-iso-f"},
		{"eu-isoe-", "aws-iso-e"},
		{"us-iso-", "aws-iso"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

func text(key, value string) attribute { return attribute{key, pcommon.NewValueStr(value)} }
