// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

// Package lambdaresourceprocessor is the Collector processor "lambda_resource": it puts what is known about the Lambda
// function on the resource of every signal, in the terms of OpenTelemetry's semantic conventions (resource attributes
// for FaaS and cloud, v1.44). It takes the place of the resource detectors, which cost tens of milliseconds at start-up.
//
// A resource keeps what it already says. The one exception is a service.name that an SDK made up (unknown_service…),
// which is replaced, because SDK and function logs would otherwise be two services.
//
//	service.name       OTEL_SERVICE_NAME, else that of OTEL_RESOURCE_ATTRIBUTES, else the function's name
//	(any)              OTEL_RESOURCE_ATTRIBUTES
//	faas.name          AWS_LAMBDA_FUNCTION_NAME
//	faas.version       AWS_LAMBDA_FUNCTION_VERSION
//	faas.max_memory    AWS_LAMBDA_FUNCTION_MEMORY_SIZE (MB of 1,048,576 bytes), an integer of bytes
//	faas.instance      AWS_LAMBDA_LOG_STREAM_NAME; Lambda does not show it to extensions, so mostly absent
//	cloud.provider     aws
//	cloud.platform     aws_lambda
//	cloud.region       AWS_REGION
//	cloud.account.id   from the registration of the extension; absent if Lambda did not tell
//	cloud.resource_id  the function's ARN, with the version if it is not $LATEST; absent without an account id
//
// It also shows every trace to the lambda_lifecycle extension, because it sees them all, as it is in every pipeline.
//
// Outside Lambda, where AWS_LAMBDA_FUNCTION_NAME is not set, only the OTEL_ attributes are put.
package lambdaresourceprocessor
