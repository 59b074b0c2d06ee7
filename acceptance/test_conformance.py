import collections
import xml.etree.ElementTree as xml

from .contract import ClientTest, program
from .processes import run
from .registry import PASSWORD, USER

API = (
    "PING", "PULL", "PUSH", "REFERRER",
    "BLOBS_ATOMIC", "BLOBS_DELETE", "BLOBS_DIGEST_HEADER", "BLOBS_MOUNT_ANONYMOUS", "BLOBS_UPLOAD_CANCEL",
    "MANIFESTS_ATOMIC", "MANIFESTS_DELETE", "MANIFESTS_DIGEST_HEADER", "MANIFESTS_TAG_PARAM",
    "TAGS_ATOMIC", "TAGS_DELETE", "TAGS_LIST",
)  # fmt: skip
DATA = (
    "IMAGE", "INDEX", "INDEX_LIST", "ARTIFACT", "SUBJECT", "SUBJECT_MISSING", "ARTIFACT_LIST", "SUBJECT_LIST",
    "DATA_FIELD", "NONDISTRIBUTABLE", "CUSTOM_FIELDS", "NO_LAYERS", "EMPTY_BLOB", "SHA512",
)  # fmt: skip


class Conformance(ClientTest):
    """The OCI distribution spec's own conformance program, every switch on: nothing may fail or be skipped."""

    needs = ("conformance",)

    def test_everything_passes_on_default_settings(self):
        self.assert_challenge("Bearer ")
        self.conform(sparse=False)

    def test_everything_passes_by_name_and_password_alone(self):
        registry = self.start_registry(BERTH_REGISTRY_CHALLENGE="basic")
        self.addCleanup(registry.stop)
        self.enter(registry)
        self.assert_challenge("Basic ")
        self.conform(sparse=False)

    def test_everything_passes_with_sparse_images_where_missing_references_are_accepted(self):
        registry = self.start_registry(BERTH_REGISTRY_MISSING_REFERENCES="accept")
        self.addCleanup(registry.stop)
        self.enter(registry)
        self.conform(sparse=True)

    def assert_challenge(self, scheme: str) -> None:
        """The program answers what it is asked for, by tokens of the token service or by name and password."""
        status, headers, _ = self.registry.request("POST", "/v2/conformance/repo1/blobs/uploads/", credentials=False)
        self.assertEqual(401, status)
        self.assertTrue(headers["WWW-Authenticate"].startswith(scheme), headers["WWW-Authenticate"])

    def conform(self, sparse: bool) -> None:
        results = self.home / "results"
        switches = {f"OCI_API_{name}": "true" for name in API} | {f"OCI_DATA_{name}": "true" for name in DATA}
        env = self.env | switches | {
            "OCI_VERSION": "dev",
            "OCI_REGISTRY": self.registry.address,
            "OCI_TLS": "enabled" if self.registry.tls else "disabled",  # enabled: the certificate is checked
            "OCI_REPO1": "conformance/repo1",
            "OCI_REPO2": "conformance/repo2",
            "OCI_USERNAME": USER,
            "OCI_PASSWORD": PASSWORD,
            "OCI_DATA_SPARSE": str(sparse).lower(),
            "OCI_RESULTS_DIR": str(results),
            "OCI_LOG": "warn",
        }  # fmt: skip
        finished = run([program("conformance")], env=env, cwd=self.home, seconds=900)
        report = results / "junit.xml"
        self.assertTrue(report.is_file(), finished)  # for a bad configuration ends with exit code 0, too
        cases = list(xml.parse(report).iter("testcase"))
        counts = collections.Counter(case.get("status") for case in cases)
        print(f"         conformance, sparse images {'on' if sparse else 'off'}: {len(cases)} checks, {dict(counts)}")
        wrong = [shown(case) for case in cases if case.get("status") != "passed"]
        self.assertEqual([], wrong[:40], f"{len(wrong)} of {len(cases)} checks did not pass")
        self.assertLess(500, len(cases))
        self.assertEqual(0, finished.code, finished)


def shown(case: xml.Element) -> str:
    output = " ".join(part.text or part.get("message") or "" for part in case)
    return f"{case.get('status')}: {case.get('classname')} {case.get('name')}: {' '.join(output.split())[-600:]}"
