"""What podman and buildah have in common: the containers/storage library and its flags."""

import json
import os
from pathlib import Path

from .contract import AsksForCredentials, CopiesImages, LogsIn, Mounts, PullsByPlatform
from .images import Content, Image
from .processes import Finished
from .registry import USER, Registry


class ContainersTool(LogsIn, AsksForCredentials, CopiesImages, PullsByPlatform, Mounts):
    """Images live unpacked in a store; a push compresses them again, so manifests differ from the layout's."""

    tool: str
    verbatim = False

    def enter(self, registry: Registry) -> None:
        super().enter(registry)
        (self.home / "auth.json").write_text('{"auths": {}}')

    def in_store(self, store: Path, *words) -> Finished:
        driver = "overlay" if os.getuid() == 0 else "vfs"
        where = ["--root", store / "root", "--runroot", store / "run", "--storage-driver", driver]
        return self.run_client(self.tool, *where, *words)

    def do(self, store: Path, *words) -> str:
        finished = self.in_store(store, *words)
        self.assertEqual(0, finished.code, finished)
        return finished.out.strip()

    def access(self) -> list[str]:
        trust = f"--cert-dir={self.home / 'certs.d'}" if self.registry.tls else "--tls-verify=false"
        return [trust, f"--authfile={self.home / 'auth.json'}"]

    def docker(self, target: str) -> str:
        return "docker://" + self.reference(target)

    def login(self, password: str) -> Finished:
        words = ["login", *self.access(), "--username", USER, "--password", password, self.registry.address]
        return self.in_store(self.fresh("store"), *words)

    def push(self, image: Image, target: str) -> Content:
        store = self.fresh("store")
        number = self.do(store, "pull", "--quiet", f"oci:{image.layout.path}:{image.name}")
        return self.push_from(store, number, target)

    def push_from(self, store: Path, number: str, target: str) -> Content:
        digest = self.home / "digest"
        self.do(store, "push", "--quiet", *self.access(), "--digestfile", digest, number, self.docker(target))
        return Content(digest.read_text(), frozenset([number]))

    def pull(self, target: str) -> Content:
        store = self.fresh("store")
        number = self.do(store, "pull", "--quiet", *self.access(), self.docker(target))
        shown = self.do(store, "images", "--digests", "--no-trunc", "--format", "{{.ID}} {{.Digest}}").split()
        self.assertEqual(number, shown[0].removeprefix("sha256:"))
        return Content(shown[1], frozenset([number]))

    def try_to_pull(self, target: str) -> Finished:
        return self.in_store(self.fresh("store"), "pull", "--quiet", *self.access(), self.docker(target))

    def pull_platform(self, target: str, architecture: str) -> str:
        words = ["--quiet", "--arch", architecture, *self.access(), self.docker(target)]
        return "sha256:" + self.do(self.fresh("store"), "pull", *words)

    def copy(self, source: str, target: str) -> None:
        store = self.fresh("store")
        number = self.do(store, "pull", "--quiet", *self.access(), self.docker(source))
        self.push_from(store, number, target)

    def test_an_index_is_made_of_pushed_images_and_pushed(self):
        self.logged_in()
        self.registry.seed(self.images.index, f"{self.repository}/parts", "v1")
        store = self.fresh("store")
        self.do(store, "manifest", "create", "both")
        parts = self.docker(f"{self.repository}/parts:v1")
        self.do(store, "manifest", "add", "--all", *self.access(), "both", parts)
        self.do(store, "manifest", "push", "--all", *self.access(), "both", self.docker(f"{self.repository}:v1"))
        index = json.loads(self.registry.manifest(self.repository, "v1"))
        pushed = {child["platform"]["architecture"]: child["digest"] for child in index["manifests"]}
        self.assertEqual(self.images.index.platforms, pushed)
        for architecture in ("amd64", "arm64"):
            pulled = self.pull_platform(f"{self.repository}:v1", architecture)
            self.assertEqual(self.images.index.config_of(architecture), pulled)
