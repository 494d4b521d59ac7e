// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package secretsconfmap is a configuration provider that looks up AWS Secrets Manager secrets and Systems Manager
// parameters by ARN.
//
// # References
//
//	${arn:{partition}:secretsmanager:{region}:{account}:secret:{name}[#key]}
//	${arn:{partition}:ssm:{region}:{account}:parameter/{path}[:version|:label][#key]}
//
// The partitions are aws, aws-cn, aws-us-gov and aws-eusc. The region is that of the ARN, not of the function. A secret
// that is binary stands for its bytes. What follows # is looked up in a value that is JSON: a key of the object as it
// is written ("#api.key" is the key "api.key"), or, when it begins with a slash, a JSON Pointer in its URI form (RFC
// 6901, section 6: "#/backends/0/api%20key"). What it finds must be a string, a number or a boolean.
//
// A value takes its place as text, unchanged: dollar signs, line breaks and whatever YAML gives a meaning to.
//
// # How they are fetched
//
// The resolver of the configuration asks for one reference at a time, in the middle of its work. So that one round
// trip is enough, whoever runs the resolver announces references with Expect as soon as it sees them; the first
// Retrieve fetches all that were announced, and the others find their values there. A reference that was not announced
// costs a round trip of its own and nothing else. Nothing is fetched, and no client made, before the first Retrieve.
//
// Each secret is fetched once, however many references to it (and to keys of it) there are: up to 20 secrets or 10
// parameters in one request, all requests in parallel. A single secret is asked for with GetSecretValue, which needs
// one permission less than BatchGetSecretValue; what a batch was refused for as a whole, or has no answer for, is asked
// for one by one. All of it takes at most fetchTimeout, retries included.
package secretsconfmap
