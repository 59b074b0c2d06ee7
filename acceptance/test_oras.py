import json

from .contract import DoesEverything
from .images import Content, Image, Layout
from .processes import Finished
from .registry import USER

SBOM = "application/spdx+json"
SIGNATURE = "application/vnd.example.signature"


class Oras(DoesEverything):
    needs = ("oras",)

    def login(self, password: str) -> Finished:
        words = [*self._access(), "-u", USER, "--password-stdin", self.registry.address]
        return self.run_client("oras", "login", *words, stdin=password)

    def push(self, image: Image, target: str) -> Content:
        source = f"{image.layout.path}:{image.name}"
        self.succeed("oras", "copy", "--from-oci-layout", *self._access("to-"), source, self.reference(target))
        return image.content

    def pull(self, target: str) -> Content:
        finished, layout = self._copy_down(target)
        self.assertEqual(0, finished.code, finished)
        return layout.only()

    def try_to_pull(self, target: str) -> Finished:
        return self._copy_down(target)[0]

    def tags(self, repository: str) -> list[str]:
        return self.succeed("oras", "repo", "tags", *self._access(), self.reference(repository)).split()

    def delete(self, target: str) -> None:
        self.succeed("oras", "manifest", "delete", "--force", *self._access(), self.reference(target))

    def copy(self, source: str, target: str) -> None:
        access = [*self._access("from-"), *self._access("to-")]
        self.succeed("oras", "copy", *access, self.reference(source), self.reference(target))

    def test_an_artifact_comes_back_with_its_files(self):
        self.logged_in()
        self._push_artifact("v1")
        folder = self.fresh("pulled")
        self.succeed("oras", "pull", *self._access(), "-o", folder, self.reference(f"{self.repository}:v1"))
        self.assertEqual("weights", (folder / "model.bin").read_text())
        self.assertEqual("about", (folder / "card.md").read_text())

    def test_referrers_are_attached_discovered_and_pulled(self):
        self.logged_in()
        self._push_artifact("v1")
        subject = self.reference(f"{self.repository}:v1")
        self.assertEqual([], self._discover(subject))
        for kind, name in ((SBOM, "sbom.json"), (SIGNATURE, "signature")):
            (self.home / name).write_text(f"this is {name}")
            self.succeed("oras", "attach", *self._access(), "--artifact-type", kind, subject, name)
        self.assertEqual({SBOM, SIGNATURE}, {found["artifactType"] for found in self._discover(subject)})
        (only,) = self._discover(subject, "--artifact-type", SBOM)
        folder = self.fresh("pulled")
        attached = self.reference(f"{self.repository}@{only['digest']}")
        self.succeed("oras", "pull", *self._access(), "-o", folder, attached)
        self.assertEqual("this is sbom.json", (folder / "sbom.json").read_text())

    def test_referrers_are_served_by_the_referrers_api_and_not_by_a_fallback_tag(self):
        self.logged_in()
        self._push_artifact("v1")
        (self.home / "sbom.json").write_text("{}")
        subject = self.reference(f"{self.repository}:v1")
        self.succeed("oras", "attach", *self._access(), "--artifact-type", SBOM, subject, "sbom.json")
        self.assertEqual(["v1"], self.tags(self.repository))

    def test_a_recursive_copy_takes_referrers_along(self):
        self.logged_in()
        self._push_artifact("v1")
        (self.home / "sbom.json").write_text("{}")
        source, target = (self.reference(f"{self.repository}/{name}:v1") for name in ("one", "two"))
        self.succeed("oras", "push", *self._access(), source, "model.bin")
        self.succeed("oras", "attach", *self._access(), "--artifact-type", SBOM, source, "sbom.json")
        access = [*self._access("from-"), *self._access("to-")]
        self.succeed("oras", "copy", "--recursive", *access, source, target)
        self.assertEqual(self._discover(source)[0]["digest"], self._discover(target)[0]["digest"])

    def test_a_blob_is_pushed_fetched_and_deleted(self):
        self.logged_in()
        (self.home / "blob").write_text("a blob on its own")
        words = [*self._access(), "--descriptor", self.reference(self.repository), "blob"]
        pushed = json.loads(self.succeed("oras", "blob", "push", *words))
        blob = self.reference(f"{self.repository}@{pushed['digest']}")
        self.succeed("oras", "blob", "fetch", *self._access(), "--output", "fetched", blob)
        self.assertEqual("a blob on its own", (self.home / "fetched").read_text())
        self.succeed("oras", "blob", "delete", "--force", *self._access(), blob)
        again = self.run_client("oras", "blob", "fetch", *self._access(), "--output", "again", blob)
        self.assert_refused(again, 404)

    def test_repositories_are_listed(self):
        self.logged_in()
        self._push_artifact("v1")
        listed = self.succeed("oras", "repo", "ls", *self._access(), self.registry.address)
        self.assertIn(self.repository, listed.split())

    def _push_artifact(self, tag: str) -> None:
        (self.home / "model.bin").write_text("weights")
        (self.home / "card.md").write_text("about")
        words = ["--artifact-type", "application/vnd.example.model", self.reference(f"{self.repository}:{tag}")]
        self.succeed("oras", "push", *self._access(), *words, "model.bin", "card.md:text/markdown")

    def _discover(self, subject: str, *words: str) -> list[dict]:
        found = self.succeed("oras", "discover", *self._access(), "--format", "json", "--depth", "1", *words, subject)
        return json.loads(found).get("referrers") or []

    def _copy_down(self, target: str) -> tuple[Finished, Layout]:
        folder = self.fresh("pulled")
        words = ["--to-oci-layout", *self._access("from-"), self.reference(target), f"{folder}:pulled"]
        return self.run_client("oras", "copy", *words), Layout(folder)

    def _access(self, prefix: str = "") -> list[str]:
        ca = self.bench.certificates.authority
        trust = f"--{prefix}ca-file={ca}" if self.registry.tls else f"--{prefix}plain-http"
        return [trust, f"--{prefix}registry-config={self.home / 'auth.json'}"]
