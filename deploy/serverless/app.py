# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0


def handler(event, context):
    print("hello")
    return "hello"
