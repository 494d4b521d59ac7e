# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

mock_provider "aws" {}

variables {
  layer_arn      = "arn:aws:lambda:us-east-1:123456789012:layer:otelcol-lambda-arm64:1"
  endpoint       = "https://ingest.example.com:4318"
  key_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:clickstack-AbCdEf"
  function_zip   = "main.tf" # any file will do
}

run "plan" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws:lambda:us-east-1:123456789012:layer:otelcol-lambda-arm64:1"])
    error_message = "The function has other layers: ${jsonencode(aws_lambda_function.this.layers)}"
  }

  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      OTEL_SERVICE_NAME                  = "my-service"
      ROTEL_OTLP_EXPORTER_ENDPOINT       = "https://ingest.example.com:4318"
      ROTEL_OTLP_EXPORTER_PROTOCOL       = "http"
      ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS = format("authorization=%s%s}", "$${", "arn:aws:secretsmanager:us-east-1:123456789012:secret:clickstack-AbCdEf")
    })
    error_message = "The function has other variables: ${jsonencode(aws_lambda_function.this.environment[0].variables)}"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.ingestion_key.policy).Statement == [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = "arn:aws:secretsmanager:us-east-1:123456789012:secret:clickstack-AbCdEf"
    }]
    error_message = "The role has other permissions: ${aws_iam_role_policy.ingestion_key.policy}"
  }
}
