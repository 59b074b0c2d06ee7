import json

from .contract import DoesEverything, PullsByPlatform
from .images import Content, Image, Layout
from .processes import Finished
from .registry import USER


class Skopeo(DoesEverything, PullsByPlatform):
    needs = ("skopeo",)

    def login(self, password: str) -> Finished:
        words = ["--username", USER, "--password-stdin", *self._access(), self.registry.address]
        return self.run_client("skopeo", "login", *words, stdin=password)

    def push(self, image: Image, target: str) -> Content:
        source = f"oci:{image.layout.path}:{image.name}"
        self.succeed("skopeo", "copy", "--quiet", "--all", *self._access("dest-"), source, self._docker(target))
        return image.content

    def pull(self, target: str) -> Content:
        layout = self.fresh("pulled")
        finished = self._copy_to(layout, target, "--all")
        self.assertEqual(0, finished.code, finished)
        return Layout(layout).only()

    def try_to_pull(self, target: str) -> Finished:
        return self._copy_to(self.fresh("pulled"), target)

    def pull_platform(self, target: str, architecture: str) -> str:
        layout = self.fresh("pulled")
        words = ["--override-arch", architecture, "copy", "--quiet", *self._access("src-")]
        self.succeed("skopeo", *words, self._docker(target), f"oci:{layout}:pulled")
        return Layout(layout).images()[0].config

    def tags(self, repository: str) -> list[str]:
        return json.loads(self.succeed("skopeo", "list-tags", *self._access(), self._docker(repository)))["Tags"]

    def delete(self, target: str) -> None:
        self.succeed("skopeo", "delete", *self._access(), self._docker(target))

    def copy(self, source: str, target: str) -> None:
        access = [*self._access("src-"), *self._access("dest-")]
        self.succeed("skopeo", "copy", "--quiet", *access, self._docker(source), self._docker(target))

    def test_an_image_is_inspected(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        shown = json.loads(self.succeed("skopeo", "inspect", *self._access(), self._docker(f"{self.repository}:v1")))
        self.assertEqual(self.images.small.digest, shown["Digest"])
        self.assertEqual([layer["digest"] for layer in self.images.small.manifest["layers"]], shown["Layers"])

    def test_an_image_in_docker_format_comes_back_as_it_was_pushed(self):
        self.logged_in()
        image = self.images.small
        source = f"oci:{image.layout.path}:{image.name}"
        target = self._docker(f"{self.repository}:v1")
        self.succeed("skopeo", "copy", "--quiet", "--format", "v2s2", *self._access("dest-"), source, target)
        folder = self.fresh("pulled")
        self.succeed("skopeo", "copy", "--quiet", *self._access("src-"), target, f"dir:{folder}")
        manifest = (folder / "manifest.json").read_bytes()
        self.assertEqual(self.registry.manifest(self.repository, "v1"), manifest)
        self.assertEqual("application/vnd.docker.distribution.manifest.v2+json", json.loads(manifest)["mediaType"])

    def _copy_to(self, layout, target: str, *words) -> Finished:
        words = ["--quiet", *words, *self._access("src-")]
        return self.run_client("skopeo", "copy", *words, self._docker(target), f"oci:{layout}:pulled")

    def _access(self, prefix: str = "") -> list[str]:
        trust = f"--{prefix}cert-dir={self.home / 'certs.d'}" if self.registry.tls else f"--{prefix}tls-verify=false"
        return [trust, f"--{prefix}authfile={self.home / 'auth.json'}"]

    def _docker(self, target: str) -> str:
        return "docker://" + self.reference(target)
