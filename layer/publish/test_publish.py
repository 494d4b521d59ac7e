# Copyright The otelcol-lambda Authors
# SPDX-License-Identifier: Apache-2.0

"""Runs publish.sh, with the real AWS CLI, against an endpoint that holds every call against Lambda's service model."""

import os
import pathlib
import subprocess
import tempfile
import unittest
import zipfile

from awscli.botocore.loaders import Loader

import fakelambda
from fakelambda import Refused

HERE = pathlib.Path(__file__).parent
WRITES = ("PublishLayerVersion", "AddLayerVersionPermission")


class Publish(unittest.TestCase):
    def setUp(self):
        self.start(fakelambda.Account())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.amd64, self.arm64 = self.zip("layer-amd64.zip", "amd64"), self.zip("layer-arm64.zip", "arm64")

    def start(self, account):
        self.account = account
        server = fakelambda.serve(account)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.endpoint = f"http://127.0.0.1:{server.server_port}"

    def zip(self, name, text):
        path = self.folder / name
        with zipfile.ZipFile(path, "w") as z:
            z.writestr(zipfile.ZipInfo("extensions/x"), text)
        return str(path)

    def aws(self, command, **settings):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            **settings,
        }
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)

    def publish(self, *zips, want=0, **settings):
        """Runs publish.sh. Returns the rows of its table, and what it told on the way."""
        done = self.aws([str(HERE / "publish.sh"), *(zips or (self.amd64,))], **settings)
        self.assertEqual(want, done.returncode, done.stderr)
        rows = [line.split() for line in done.stdout.splitlines()]
        if want != 2:
            self.assertEqual(["REGION", "ARCHITECTURE", "STATUS", "LAYER"], rows.pop(0))
        return rows, done.stderr

    def written(self):
        """The calls that changed something since the last time this was asked."""
        calls = [(region, name) for region, name, _ in self.account.calls if name in WRITES]
        self.account.calls.clear()
        return sorted(calls)

    def test_each_layer_in_each_region_once(self):
        regions = "us-east-1 eu-west-1"
        arn = "arn:aws:lambda:{}:123456789012:layer:layer-{}:{}".format
        rows, progress = self.publish(self.amd64, self.arm64, REGIONS=regions, DESCRIPTION="layer 1.2.3")
        self.assertEqual(
            [
                ["eu-west-1", "arm64", "published", arn("eu-west-1", "arm64", 1)],
                ["eu-west-1", "x86_64", "published", arn("eu-west-1", "amd64", 1)],
                ["us-east-1", "arm64", "published", arn("us-east-1", "arm64", 1)],
                ["us-east-1", "x86_64", "published", arn("us-east-1", "amd64", 1)],
            ],
            rows,
        )
        self.assertIn("2 regions, 2 layers\n", progress)
        self.assertRegex(progress, r"us-east-1: published arn:aws:lambda:us-east-1:\S+:layer-arm64:1 \(\d+ s\)")
        self.assertEqual(4, len(self.written()))
        version = self.account.layers["eu-west-1", "layer-arm64"][0][0]
        self.assertEqual(["arm64"], version["CompatibleArchitectures"])
        self.assertEqual("Apache-2.0", version["LicenseInfo"])
        self.assertEqual("layer 1.2.3", version["Description"])

        rows, _ = self.publish(self.amd64, self.arm64, REGIONS=regions)
        self.assertEqual({"unchanged"}, {row[2] for row in rows})
        self.assertEqual([arn("eu-west-1", "arm64", 1), arn("eu-west-1", "amd64", 1)], [row[3] for row in rows[:2]])
        self.assertEqual([], self.written())

        self.zip("layer-arm64.zip", "other bytes")
        rows, _ = self.publish(self.amd64, self.arm64, REGIONS="us-east-1")
        self.assertEqual([["published", arn("us-east-1", "arm64", 2)], ["unchanged", arn("us-east-1", "amd64", 1)]], [row[2:] for row in rows])

        self.zip("layer-arm64.zip", "arm64")  # what version 1 is, but not the newest
        rows, _ = self.publish(self.arm64, REGIONS="us-east-1")
        self.assertEqual(arn("us-east-1", "arm64", 3), rows[0][3])

    def test_the_newest_of_many_versions(self):
        for n in range(11):
            self.account.PublishLayerVersion(
                "us-east-1", "layer-amd64", {"ZipFile": self.encoded(f"{n}")}, "", "", ["x86_64"])
        self.zip("layer-amd64.zip", "10")
        rows, _ = self.publish(REGIONS="us-east-1")
        self.assertEqual(["unchanged", "arn:aws:lambda:us-east-1:123456789012:layer:layer-amd64:11"], rows[0][2:])

    def encoded(self, text):
        return fakelambda.base64.b64encode(pathlib.Path(self.zip("encoded.zip", text)).read_bytes()).decode()

    def test_sharing(self):
        self.publish(REGIONS="us-east-1", SHARE="public o-a1b2c3d4e5 210987654321")
        grant = {"Action": "lambda:GetLayerVersion"}
        self.assertEqual(
            {
                "public": {**grant, "Principal": "*"},
                "organization-o-a1b2c3d4e5": {**grant, "Principal": "*", "OrganizationId": "o-a1b2c3d4e5"},
                "account-210987654321": {**grant, "Principal": "210987654321"},
            },
            self.account.layers["us-east-1", "layer-amd64"][0][1],
        )
        rows, _ = self.publish(REGIONS="us-east-1", SHARE="public")  # shared already
        self.assertEqual("unchanged", rows[0][2])

    def test_shares_what_an_earlier_run_only_published(self):
        self.publish(REGIONS="us-east-1")
        self.assertEqual({}, self.account.layers["us-east-1", "layer-amd64"][0][1])
        self.publish(REGIONS="us-east-1", SHARE="public")
        self.assertIn("public", self.account.layers["us-east-1", "layer-amd64"][0][1])

    def test_dry_run_changes_nothing(self):
        rows, _ = self.publish(REGIONS="us-east-1", SHARE="public", DRY_RUN="1")
        self.assertEqual(["would-publish", "layer-amd64"], rows[0][2:])
        self.assertEqual([], self.written())
        self.publish(REGIONS="us-east-1")
        self.written()
        rows, progress = self.publish(REGIONS="us-east-1", SHARE="public", DRY_RUN="1")
        self.assertEqual("unchanged", rows[0][2])
        self.assertIn("dry run", progress)
        self.assertEqual([], self.written())

    def test_one_failing_region_stops_no_other(self):
        denied = Refused(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        self.account.fail["af-south-1", "ListLayerVersions"] = [denied] * 2
        rows, progress = self.publish(self.amd64, self.arm64, want=1, REGIONS="af-south-1 us-east-1")
        self.assertEqual(["FAILED", "FAILED", "published", "published"], [row[2] for row in rows])
        self.assertIn("af-south-1: layer-amd64.zip: FAILED: ", progress)
        self.assertIn("(is the region enabled in the account?)", progress)

    def test_failing_calls(self):
        for operation in ("ListLayerVersions", "GetLayerVersion", "PublishLayerVersion", "AddLayerVersionPermission"):
            with self.subTest(operation):
                self.publish(REGIONS="us-east-1")
                self.zip("layer-amd64.zip", operation)
                self.account.fail["us-east-1", operation] = [Refused(403, "AccessDeniedException", f"not {operation}")]
                rows, progress = self.publish(want=1, REGIONS="us-east-1", SHARE="public")
                self.assertEqual("FAILED", rows[0][2])
                self.assertIn(f"not {operation}", progress)
        self.assertRegex(progress, r"layer-amd64:\d+ is published, but not shared: ")

    def test_throttling_is_retried(self):
        throttled = Refused(429, "TooManyRequestsException", "Rate exceeded")
        self.account.fail["us-east-1", "PublishLayerVersion"] = [throttled, throttled]
        rows, _ = self.publish(REGIONS="us-east-1")
        self.assertEqual("published", rows[0][2])

    def test_other_bytes_arrived(self):
        honest = self.account.PublishLayerVersion
        self.account.PublishLayerVersion = lambda *a, **m: {**honest(*a, **m), "Content": {"CodeSha256": "AAAA"}}
        rows, progress = self.publish(want=1, REGIONS="us-east-1")
        self.assertEqual("FAILED", rows[0][2])
        self.assertIn("has other bytes than", progress)

    def test_all_regions_of_the_credentials_partition(self):
        self.start(fakelambda.Account("aws-cn"))
        rows, _ = self.publish(REGIONS="all", AWS_DEFAULT_REGION="cn-north-1")
        self.assertEqual(["cn-north-1", "cn-northwest-1"], [row[0] for row in rows])
        self.assertTrue(rows[0][3].startswith("arn:aws-cn:lambda:cn-north-1:"), rows)

    def test_regions_of_a_named_partition(self):
        rows, _ = self.publish(REGIONS="aws-us-gov aws-eusc", DRY_RUN="1")
        self.assertEqual(["eusc-de-east-1", "us-gov-east-1", "us-gov-west-1"], [row[0] for row in rows])

    def test_wrong_arguments(self):
        big = self.folder / "big-amd64.zip"
        with open(big, "wb") as f:
            f.truncate(fakelambda.MAX_ZIPPED + 1)
        other = self.zip("layer.zip", "which architecture?")
        for want, zips, settings in (
            ("set REGIONS", [], {}),
            ("no file", [self.amd64, "nowhere-amd64.zip"], {"REGIONS": "us-east-1"}),
            ("does not end in", [other], {"REGIONS": "us-east-1"}),
            ("has more than the 52428800 bytes", [str(big)], {"REGIONS": "us-east-1"}),
            ('"everyone" is not', [], {"REGIONS": "us-east-1", "SHARE": "everyone"}),
            ("no regions for", [], {"REGIONS": "aws-mars"}),
            ("unknown flag --what (see --help)", ["--what"], {"REGIONS": "us-east-1"}),
            ('JOBS: "many" is not', [], {"REGIONS": "us-east-1", "JOBS": "many"}),
        ):
            with self.subTest(want):
                _, said = self.publish(*zips, want=2, **settings)
                self.assertIn(want, said)
                self.assertEqual(1, said.count("\n"), said)
                self.assertEqual([], self.account.calls)

    def test_help(self):
        done = self.aws([str(HERE / "publish.sh"), "--help"])
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        for part in ("Publishes layers", "  REGIONS ", "EXIT CODE\n  0  ", "nothing was tried\n"):
            self.assertIn(part, done.stdout)
        self.assertNotIn("#", done.stdout)

    def test_the_endpoint_refuses_what_the_model_does(self):
        base = ["aws", "lambda", "add-layer-version-permission", "--layer-name", "x", "--version-number", "1"]
        for want, arguments in (
            ("StatementId: 'not so' does not match", ["--statement-id", "not so", "--action", "lambda:GetLayerVersion", "--principal", "*"]),
            ("Action: 'lambda:*' does not match", ["--statement-id", "x", "--action", "lambda:*", "--principal", "*"]),
            ("Principal: 'everyone' does not match", ["--statement-id", "x", "--action", "lambda:GetLayerVersion", "--principal", "everyone"]),
        ):
            self.assertIn(want, self.aws(base + arguments).stderr)
        wrong = self.aws(["aws", "lambda", "publish-layer-version", "--layer-name", "x", "--zip-file", f"fileb://{self.amd64}",
                          "--compatible-architectures", "amd64"])
        self.assertIn("'amd64' is none of ['x86_64', 'arm64']", wrong.stderr)

    def test_the_list_of_regions(self):
        """regions.txt has the regions that botocore knows Lambda to be in; public ones, in the four partitions."""
        listed = [line.split() for line in (HERE / "regions.txt").read_text().splitlines() if line and not line.startswith("#")]
        known = [
            [p["partition"], region]
            for p in Loader().load_data("endpoints")["partitions"]
            if p["partition"] in ("aws", "aws-cn", "aws-us-gov", "aws-eusc")
            for region in sorted(set(p["services"]["lambda"]["endpoints"]) & set(p["regions"]))
        ]
        self.assertEqual(known, listed)
        self.assertGreater(len(known), 35)


if __name__ == "__main__":
    unittest.main()
