import json

from .contract import ClientTest
from .images import sha256
from .processes import Finished
from .registry import PASSWORD, USER, WRONG_PASSWORD

CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


class Helm(ClientTest):
    needs = ("helm",)

    def setUp(self):
        super().setUp()
        folder = self.home / "chart"
        (folder / "templates").mkdir(parents=True)
        (folder / "values.yaml").write_text("color: blue\n")
        (folder / "templates/settings.yaml").write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: {{ .Values.color }}}\n"
        )

    def package(self, version: str):
        (self.home / "chart/Chart.yaml").write_text(
            f"apiVersion: v2\nname: mychart\nversion: {version}\ndescription: A chart\n"
        )
        self.succeed("helm", "package", "chart")
        return self.home / f"mychart-{version}.tgz"

    def login(self, password: str) -> Finished:
        words = [*self._access(), "--username", USER, "--password-stdin", self.registry.address]
        return self.run_client("helm", "registry", "login", *words, stdin=password)

    def push(self, version: str) -> bytes:
        self.assertEqual(0, self.login(PASSWORD).code)
        package = self.package(version)
        self.succeed("helm", "push", *self._access(), package, self._oci(self.repository))
        return package.read_bytes()

    def pull(self, reference: str, *words: str) -> bytes:
        folder = self.fresh("pulled")
        folder.mkdir()
        finished = self.run_client("helm", "pull", *self._access(), *words, "--destination", folder, reference)
        self.assertEqual(0, finished.code, finished)
        (package,) = folder.iterdir()
        return package.read_bytes()

    def test_a_wrong_password_is_refused(self):
        self.assert_refused(self.login(WRONG_PASSWORD), 401)

    def test_the_right_password_logs_in(self):
        finished = self.login(PASSWORD)
        self.assertEqual(0, finished.code, finished)

    def test_nothing_is_pulled_without_credentials(self):
        self.push("1.0.0")
        self.succeed("helm", "registry", "logout", self.registry.address)
        chart = self._oci(f"{self.repository}/mychart")
        self.assert_refused(self.run_client("helm", "pull", *self._access(), "--version", "1.0.0", chart), 401)

    def test_a_chart_comes_back_bit_for_bit(self):
        pushed = self.push("1.0.0")
        self.assertEqual(pushed, self.pull(self._oci(f"{self.repository}/mychart"), "--version", "1.0.0"))
        self.assertEqual(pushed, self.pull(self._oci(f"{self.repository}/mychart:1.0.0")))

    def test_a_chart_is_pulled_by_digest(self):
        pushed = self.push("1.0.0")
        digest = sha256(self.registry.manifest(f"{self.repository}/mychart", "1.0.0"))
        self.assertEqual(pushed, self.pull(self._oci(f"{self.repository}/mychart@{digest}")))

    def test_the_newest_version_is_found_among_the_tags(self):
        self.push("1.2.0")
        newest = self.push("1.10.0")
        self.assertEqual(newest, self.pull(self._oci(f"{self.repository}/mychart")))

    def test_a_range_of_versions_finds_the_newest_that_fits(self):
        fits = self.push("1.9.0")
        self.push("2.0.0")
        self.assertEqual(fits, self.pull(self._oci(f"{self.repository}/mychart"), "--version", "^1.0.0"))

    def test_a_version_with_build_metadata_comes_back(self):
        pushed = self.push("1.0.0+build.7")
        self.assertEqual(pushed, self.pull(self._oci(f"{self.repository}/mychart"), "--version", "1.0.0+build.7"))

    def test_a_chart_is_shown_and_rendered(self):
        self.push("1.0.0")
        chart = self._oci(f"{self.repository}/mychart")
        shown = self.succeed("helm", "show", "chart", *self._access(), chart, "--version", "1.0.0")
        self.assertIn("name: mychart", shown)
        rendered = self.succeed("helm", "template", *self._access(), "release", chart, "--version", "1.0.0")
        self.assertIn("color: blue", rendered)

    def test_the_second_push_of_a_chart_sends_no_layer(self):
        pushed = self.push("1.0.0")
        before = len(self.exchanges())
        self.succeed("helm", "push", *self._access(), self.home / "mychart-1.0.0.tgz", self._oci(self.repository))
        sent = [str(e) for e in self.exchanges()[before:] if "/blobs/uploads/" in e.target]
        self.assertEqual([], sent)
        self.assertEqual(pushed, self.pull(self._oci(f"{self.repository}/mychart"), "--version", "1.0.0"))

    def test_the_manifest_says_that_it_is_a_chart(self):
        pushed = self.push("1.0.0")
        manifest = json.loads(self.registry.manifest(f"{self.repository}/mychart", "1.0.0"))
        self.assertEqual("application/vnd.cncf.helm.config.v1+json", manifest["config"]["mediaType"])
        (layer,) = manifest["layers"]
        self.assertEqual((CHART, sha256(pushed)), (layer["mediaType"], layer["digest"]))

    def _oci(self, path: str) -> str:
        return "oci://" + self.reference(path)

    def _access(self) -> list[str]:
        return [f"--ca-file={self.bench.certificates.authority}" if self.registry.tls else "--plain-http"]
