// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package secretsconfmap

import (
	"fmt"
	"strings"
)

// suffixes are the domains of a partition, the second one that of its dual-stack endpoints. They are those of the AWS
// SDKs (partitions.json).
func suffixes(partition string) (domains [2]string, ok bool) {
	switch partition {
	case "aws", "aws-us-gov":
		domains[0], domains[1] = "amazonaws.com", "api.aws"
	case "aws-cn":
		domains[0], domains[1] = "amazonaws.com.cn", "api.amazonwebservices.com.cn"
	case "aws-eusc":
		domains[0], domains[1] = "amazonaws.eu", "api.amazonwebservices.eu"
	default:
		return domains, false
	}
	return domains, true
}

// endpoint returns the URL of a service in a region, by the same variables and rules as the AWS SDKs. An endpoint that
// is set explicitly goes for all regions.
func endpoint(getenv func(string) string, t target) (string, error) {
	specific := map[string]string{secretsManager: "AWS_ENDPOINT_URL_SECRETS_MANAGER", ssm: "AWS_ENDPOINT_URL_SSM"}[t.service]
	for _, name := range []string{specific, "AWS_ENDPOINT_URL"} {
		if url := getenv(name); url != "" {
			if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
				return "", fmt.Errorf("%q must be a URL, https://…", name)
			}
			return url, nil
		}
	}
	domains, _ := suffixes(t.partition)
	host, domain := t.service, domains[0]
	dualStack := isTrue(getenv("AWS_USE_DUALSTACK_ENDPOINT"))
	if dualStack {
		domain = domains[1]
	}
	// The endpoints of Systems Manager in GovCloud are FIPS endpoints under their plain name.
	if isTrue(getenv("AWS_USE_FIPS_ENDPOINT")) && (t.service != ssm || t.partition != "aws-us-gov" || dualStack) {
		host += "-fips"
	}
	return "https://" + host + "." + t.region + "." + domain + "/", nil
}

func isTrue(value string) bool { return strings.EqualFold(value, "true") }
