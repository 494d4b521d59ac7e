// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

import { App, Duration, Stack, StackProps } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";

interface Props extends StackProps {
  /** The layer's version, in this region and of the function's architecture. */
  layerArn: string;
  /** The OTLP/HTTP endpoint of the backend. */
  endpoint: string;
  /** The secret of Secrets Manager that holds the ingestion key as its whole text. */
  keySecretArn: string;
}

/** A function with the layer. Its role may read one secret and has no permission for CloudWatch Logs. */
export class FunctionStack extends Stack {
  constructor(scope: Construct, id: string, props: Props) {
    super(scope, id, props);

    // A role of our own: the one that a Function makes has AWSLambdaBasicExecutionRole, which writes to CloudWatch Logs.
    const role = new iam.Role(this, "Role", { assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") });
    role.addToPolicy(
      new iam.PolicyStatement({ actions: ["secretsmanager:GetSecretValue"], resources: [props.keySecretArn] }),
    );

    new lambda.Function(this, "Function", {
      role,
      runtime: lambda.Runtime.PYTHON_3_13,
      architecture: lambda.Architecture.ARM_64,
      handler: "app.handler",
      code: lambda.Code.fromAsset("function"),
      memorySize: 256,
      timeout: Duration.seconds(10),
      layers: [lambda.LayerVersion.fromLayerVersionArn(this, "Layer", props.layerArn)],
      environment: {
        OTEL_SERVICE_NAME: "my-service",
        ROTEL_OTLP_EXPORTER_ENDPOINT: props.endpoint,
        ROTEL_OTLP_EXPORTER_PROTOCOL: "http",
        // authorization=${arn:…}, which the layer resolves.
        ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS: `authorization=\${${props.keySecretArn}}`,
      },
    });
  }
}

// cdk deploy -c layerArn=… -c endpoint=… -c keySecretArn=…
const app = new App();
const context = (name: string): string => {
  const value: unknown = app.node.tryGetContext(name);
  if (typeof value !== "string") throw new Error(`say -c ${name}=…`);
  return value;
};
new FunctionStack(app, "MyFunction", {
  layerArn: context("layerArn"),
  endpoint: context("endpoint"),
  keySecretArn: context("keySecretArn"),
});
