# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

"""Lambda's layer API for tests: an endpoint that takes only what AWS's own service model allows.

The model is botocore's: required members, names, types, patterns, enumerations and lengths of requests, and of what this
fake itself answers. Beside the model it knows Lambda's limits for the size of a layer.
"""

import base64
import hashlib
import io
import json
import re
import threading
import urllib.parse
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from awscli.botocore.loaders import Loader

MAX_ZIPPED = 50 * 1024 * 1024
MAX_UNZIPPED = 250 * 1024 * 1024


class Refused(Exception):
    """An error that Lambda answers: HTTP status, type, message."""


class Model:
    """Lambda's service model: finds the operation of a request and checks values against shapes."""

    def __init__(self):
        model = Loader().load_service_model("lambda", "service-2")
        self.shapes = model["shapes"]
        self.operations = []
        for name, operation in model["operations"].items():
            path = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", operation["http"]["requestUri"])
            self.operations.append((operation["http"]["method"], re.compile(path), name, operation))

    def operation(self, method, path):
        for candidate, pattern, name, operation in self.operations:
            match = pattern.fullmatch(path)
            if candidate == method and match:
                return name, operation, {k: urllib.parse.unquote(v) for k, v in match.groupdict().items()}
        raise Refused(404, "UnknownOperationException", f"{method} {path}")

    def check(self, name, value, at):
        """Raises Refused unless value, as JSON has it, is of the shape."""
        shape = self.shapes[name]
        kind = shape["type"]
        expected = {"structure": dict, "list": list, "string": str, "blob": str, "integer": int, "long": int, "boolean": bool}[kind]
        if type(value) is not expected:
            raise Refused(400, "InvalidParameterValueException", f"{at}: {value!r} is no {kind}")
        if kind == "structure":
            for member in shape.get("required", []):
                if member not in value:
                    raise Refused(400, "InvalidParameterValueException", f"{at}: {member} is missing")
            for member, inner in value.items():
                if member not in shape["members"]:
                    raise Refused(400, "InvalidParameterValueException", f"{at}: there is no member {member!r}")
                self.check(shape["members"][member]["shape"], inner, f"{at}.{member}")
            return
        if kind == "list":
            for inner in value:
                self.check(shape["member"]["shape"], inner, at)
        if "enum" in shape and value not in shape["enum"]:
            raise Refused(400, "InvalidParameterValueException", f"{at}: {value!r} is none of {shape['enum']}")
        if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
            raise Refused(400, "InvalidParameterValueException", f"{at}: {value!r} does not match {shape['pattern']}")
        size = value if kind in ("integer", "long") else len(value)
        if not shape.get("min", size) <= size <= shape.get("max", size):
            raise Refused(400, "InvalidParameterValueException", f"{at}: {value!r} is too short or too long")

    def request(self, operation, uri, query, body):
        """The members of a request, checked, wherever they travelled."""
        name = operation["input"]["shape"]
        members = dict(json.loads(body or "{}"))
        for source, location in ((uri, "uri"), (query, "querystring")):
            for member, described in self.shapes[name]["members"].items():
                if described.get("location") == location and described["locationName"] in source:
                    text = source[described["locationName"]]
                    numeric = self.shapes[described["shape"]]["type"] in ("integer", "long")
                    members[member] = int(text) if numeric else text
        self.check(name, members, name)
        return members


class Account:
    """The layers of one account, by region. It keeps the calls that were made, and fails where it is told to."""

    def __init__(self, partition="aws"):
        self.partition = partition
        self.model = Model()
        self.layers = {}  # (region, name) -> [(version's description, its policy: statement id -> request)]
        self.calls = []  # (region, operation, members)
        self.fail = {}  # (region, operation) -> [errors to answer, first to last]
        self.lock = threading.Lock()

    def handle(self, region, method, path, query, body):
        name, operation, uri = self.model.operation(method, path)
        members = self.model.request(operation, uri, query, body)
        with self.lock:
            self.calls.append((region, name, members))
            errors = self.fail.get((region, name))
            if errors:
                raise errors.pop(0)
            answer = getattr(self, name)(region, **members)
        if "output" in operation:
            self.model.check(operation["output"]["shape"], answer, f"the fake's answer to {name}")
        return operation["http"].get("responseCode", 200), answer

    def ListLayerVersions(self, region, LayerName, **_):
        versions = self.layers.get((region, LayerName), [])
        members = ("Version", "LayerVersionArn", "Description", "CreatedDate", "CompatibleArchitectures", "LicenseInfo")
        return {"LayerVersions": [{m: version[m] for m in members} for version, _ in reversed(versions)]}

    def GetLayerVersion(self, region, LayerName, VersionNumber):
        return self.version(region, LayerName, VersionNumber)[0]

    def PublishLayerVersion(self, region, LayerName, Content, Description, LicenseInfo, CompatibleArchitectures):
        data = base64.b64decode(Content["ZipFile"], validate=True)
        if len(data) > MAX_ZIPPED:
            raise Refused(413, "RequestEntityTooLargeException", f"{len(data)} bytes zipped")
        try:
            unzipped = sum(f.file_size for f in zipfile.ZipFile(io.BytesIO(data)).infolist())
        except zipfile.BadZipFile as e:
            raise Refused(400, "InvalidParameterValueException", f"Could not unzip uploaded file: {e}") from e
        if unzipped > MAX_UNZIPPED:
            raise Refused(400, "InvalidParameterValueException", f"{unzipped} bytes unzipped")
        versions = self.layers.setdefault((region, LayerName), [])
        arn = f"arn:{self.partition}:lambda:{region}:123456789012:layer:{LayerName}"
        version = {
            "Content": {
                "Location": "https://example.com/layer.zip",
                "CodeSha256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
                "CodeSize": len(data),
            },
            "LayerArn": arn,
            "LayerVersionArn": f"{arn}:{len(versions) + 1}",
            "Version": len(versions) + 1,
            "Description": Description,
            "CreatedDate": "2026-01-02T03:04:05.678+0000",
            "CompatibleArchitectures": CompatibleArchitectures,
            "LicenseInfo": LicenseInfo,
        }
        versions.append((version, {}))
        return version

    def AddLayerVersionPermission(self, region, LayerName, VersionNumber, StatementId, **grant):
        _, policy = self.version(region, LayerName, VersionNumber)
        if StatementId in policy:
            raise Refused(409, "ResourceConflictException", f"The statement id ({StatementId}) provided already exists.")
        policy[StatementId] = grant
        return {"Statement": json.dumps(grant), "RevisionId": "1"}

    def version(self, region, name, number):
        versions = self.layers.get((region, name), [])
        if not 1 <= number <= len(versions):
            raise Refused(404, "ResourceNotFoundException", f"no version {number} of {name}")
        return versions[number - 1]


class Endpoint(BaseHTTPRequestHandler):
    """Speaks for the account in the server's attribute of that name: Lambda, and whose the credentials are."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # The region and the service are part of what is signed: …/20260102/us-east-1/lambda/aws4_request, …
        _, _, region, service, _ = re.search(r"Credential=([^,]+),", self.headers["Authorization"])[1].split("/")
        url = urllib.parse.urlsplit(self.path)
        headers, content = {}, "application/json"
        try:
            if service == "sts":
                status, content, text = 200, "text/xml", self.identity()
            else:
                query = dict(urllib.parse.parse_qsl(url.query))
                status, answer = self.server.account.handle(region, self.command, url.path, query, body)
                text = json.dumps(answer)
        except Refused as e:
            status, kind, message = e.args
            headers["x-amzn-ErrorType"] = kind
            text = json.dumps({"Message": message})
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST

    def identity(self):
        arn = f"arn:{self.server.account.partition}:iam::123456789012:user/publisher"
        return (
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            f"<Arn>{arn}</Arn><UserId>U</UserId><Account>123456789012</Account>"
            "</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )

    def log_message(self, *_):
        pass


def serve(account):
    """A server for the account on a free port; the caller shuts it down."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.account = account
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
