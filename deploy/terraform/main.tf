# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

# A function with the layer. Its role may read one secret and has no permission for CloudWatch Logs.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "layer_arn" {
  description = "The layer's version, in the region and of the architecture of the function"
  type        = string
}

variable "endpoint" {
  description = "The OTLP/HTTP endpoint of the backend, such as https://ingest.example.com:4318"
  type        = string
}

variable "key_secret_arn" {
  description = "The secret of Secrets Manager that holds the ingestion key as its whole text"
  type        = string
}

variable "function_zip" {
  description = "The function's code"
  type        = string
  default     = "function.zip"
}

resource "aws_lambda_function" "this" {
  function_name    = "my-function"
  role             = aws_iam_role.this.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "app.handler"
  filename         = var.function_zip
  source_code_hash = filebase64sha256(var.function_zip)
  memory_size      = 256
  timeout          = 10
  layers           = [var.layer_arn]

  environment {
    variables = {
      OTEL_SERVICE_NAME            = "my-service"
      ROTEL_OTLP_EXPORTER_ENDPOINT = var.endpoint
      ROTEL_OTLP_EXPORTER_PROTOCOL = "http"
      # authorization=${arn:…}, which the layer resolves: $${ is how Terraform writes ${.
      ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS = "authorization=$${${var.key_secret_arn}}"
    }
  }
}

resource "aws_iam_role" "this" {
  name = "my-function"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# No AWSLambdaBasicExecutionRole: without its permissions Lambda writes nothing to CloudWatch Logs.
resource "aws_iam_role_policy" "ingestion_key" {
  name = "ingestion-key"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = var.key_secret_arn
    }]
  })
}
