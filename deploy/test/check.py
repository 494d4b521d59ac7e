# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

"""Checks what a CloudFormation template, however it was made, comes down to: the layer, its configuration, the role."""

import argparse
import os

from cfnlint.decode import cfn_yaml
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

LAYER, ENDPOINT, SECRET = (os.environ[name] for name in ("LAYER_ARN", "ENDPOINT", "KEY_SECRET_ARN"))
PARAMETERS = {"LayerArn": LAYER, "Endpoint": ENDPOINT, "KeySecretArn": SECRET, "AWS::Partition": "aws", "AWS::Region": "us-east-1"}
BASIC = "service-role/AWSLambdaBasicExecutionRole"
WRITES = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}


def resolve(value):
    """The value with the functions of CloudFormation that depend on parameters alone worked out."""
    if isinstance(value, list):
        return [resolve(v) for v in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (function, argument), = value.items()
        if function == "Ref" and argument in PARAMETERS:
            return PARAMETERS[argument]
        if function == "Fn::Join":
            separator, parts = argument
            parts = resolve(parts)
            return separator.join(parts) if all(isinstance(p, str) for p in parts) else value
    return {k: resolve(v) for k, v in value.items()}


class NoManagedPolicies(ManagedPolicyLoader):
    """SAM asks IAM for the names of managed policies; the templates name none."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


def of_type(template, kind):
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == kind]


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(template):
    """Every statement that the function's role gets, whether in it or in a policy of its own."""
    documents = [p["PolicyDocument"] for role in of_type(template, "AWS::IAM::Role") for p in role.get("Policies", [])]
    documents += [p["PolicyDocument"] for p in of_type(template, "AWS::IAM::Policy")]
    for document in documents:
        yield from as_list(document["Statement"])


def check(template):
    """The differences from what a template has to come down to, one line each."""
    functions = of_type(template, "AWS::Lambda::Function")
    if len(functions) != 1:
        return [f"{len(functions)} functions, want one"]
    function = functions[0]
    problems = []
    wanted = {
        "OTEL_SERVICE_NAME": "my-service",
        "ROTEL_OTLP_EXPORTER_ENDPOINT": ENDPOINT,
        "ROTEL_OTLP_EXPORTER_PROTOCOL": "http",
        "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS": "authorization=${" + SECRET + "}",
    }
    variables = function["Environment"]["Variables"]
    if variables != wanted:
        problems.append(f"variables {variables}, want {wanted}")
    if function["Layers"] != [LAYER]:
        problems.append(f"layers {function['Layers']}, want {[LAYER]}")
    if function["Architectures"] != ["arm64"]:
        problems.append(f"architectures {function['Architectures']}, want the layer's")

    allowed, denied = set(), set()
    for s in statements(template):
        for action in as_list(s["Action"]):
            for resource in as_list(s["Resource"]):
                (allowed if s["Effect"] == "Allow" else denied).add((action, str(resource)))
    if allowed != {("secretsmanager:GetSecretValue", SECRET)}:
        problems.append(f"the role may {allowed}, want only to read {SECRET}")
    managed = [str(p) for role in of_type(template, "AWS::IAM::Role") for p in role.get("ManagedPolicyArns", [])]
    for policy in managed:
        if not policy.endswith(BASIC):
            problems.append(f"the role has {policy}")
        elif denied != {(action, "*") for action in WRITES}:
            problems.append(f"the role has {policy}, and does not deny {WRITES}")
    if of_type(template, "AWS::Logs::LogGroup"):
        problems.append("there is a log group")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sam", action="store_true", help="the template is one of SAM: transform it first")
    parser.add_argument("template")
    arguments = parser.parse_args()
    template = cfn_yaml.load(arguments.template)
    if arguments.sam:
        for resource in template["Resources"].values():
            resource["Properties"]["CodeUri"] = "s3://bucket/key"  # as sam package leaves it
        os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the transform asks for the partition
        template = transform(template, PARAMETERS, NoManagedPolicies())
    problems = check(resolve(template))
    for problem in problems:
        print(f"{arguments.template}: {problem}")
    if problems:
        raise SystemExit(1)
    print("the layer, its configuration and the role are as they should be")


if __name__ == "__main__":
    main()
