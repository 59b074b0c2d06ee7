import json
import tempfile
import unittest
from pathlib import Path

from .contract import AsksForCredentials, CopiesImages, LogsIn, Mounts, PullsByPlatform, program
from .images import Content, Image
from .processes import Daemon, Finished, remove_tree, run
from .registry import USER


class Docker(LogsIn, AsksForCredentials, CopiesImages, PullsByPlatform, Mounts):
    """One dockerd for all tests; a clean place is that daemon without any image.

    Docker trusts every registry on loopback, with any certificate or none.
    """

    needs = ("docker", "dockerd")
    needs_root = True
    verbatim = False
    cannot_start: str | None = None

    @classmethod
    def setUpClass(cls):
        folder = Path(tempfile.mkdtemp(prefix="d-"))
        cls.addClassCleanup(remove_tree, folder)
        cls.socket = f"unix://{folder}/socket"
        (folder / "daemon.json").write_text("{}")  # and not what this machine's own daemon is told
        command = [
            "dockerd", "--host", cls.socket, "--data-root", folder / "root", "--exec-root", folder / "exec",
            "--pidfile", folder / "pid", "--config-file", folder / "daemon.json", "--storage-driver", "vfs",
            "--iptables=false", "--ip6tables=false", "--bridge", "none",
        ]  # fmt: skip
        daemon = Daemon([program("dockerd"), *command[1:]], folder / "dockerd.log")
        try:
            ask = [program("docker"), "--host", cls.socket, "version"]
            daemon.wait_until_ready(lambda: run(ask).code == 0)
        except RuntimeError as failure:
            cls.cannot_start = "dockerd does not start: " + str(failure).strip().splitlines()[-1]
            raise unittest.SkipTest(cls.cannot_start) from failure
        cls.addClassCleanup(daemon.stop)
        super().setUpClass()

    def docker(self, *words, **more) -> Finished:
        return self.run_client("docker", "--host", self.socket, *words, **more)

    def do(self, *words) -> str:
        finished = self.docker(*words)
        self.assertEqual(0, finished.code, finished)
        return finished.out.strip()

    def forget(self) -> None:
        """Leaves the daemon without any image."""
        self.do("image", "prune", "--all", "--force")
        self.assertEqual("", self.do("image", "ls", "--all", "--quiet"))

    def setUp(self):
        super().setUp()
        self.forget()

    def login(self, password: str) -> Finished:
        words = ["--username", USER, "--password-stdin", self.registry.address]
        return self.docker("login", *words, stdin=password)

    def push(self, image: Image, target: str) -> Content:
        archive = image.docker_archive(self.home / "image.tar", self.reference(target))
        self.do("load", "--input", archive)
        archive.unlink()
        return self.push_loaded(target)

    def push_loaded(self, target: str) -> Content:
        pushed = self.do("push", self.reference(target)).splitlines()[-1].split()
        digest = pushed[pushed.index("digest:") + 1]
        return Content(digest, frozenset([self.inspect(target)["Id"]]))

    def pull(self, target: str) -> Content:
        self.forget()
        self.do("pull", "--quiet", self.reference(target))
        shown = self.inspect(target)
        (digest,) = shown["RepoDigests"]
        return Content(digest.split("@")[1], frozenset([shown["Id"]]))

    def inspect(self, target: str) -> dict:
        return json.loads(self.do("image", "inspect", self.reference(target)))[0]

    def try_to_pull(self, target: str) -> Finished:
        self.forget()
        return self.docker("pull", "--quiet", self.reference(target))

    def pull_platform(self, target: str, architecture: str) -> str:
        self.forget()
        self.do("pull", "--quiet", "--platform", f"linux/{architecture}", self.reference(target))
        return self.inspect(target)["Id"]

    def copy(self, source: str, target: str) -> None:
        self.do("tag", self.reference(source), self.reference(target))
        self.do("push", self.reference(target))

    test_an_image_with_a_zstd_layer_comes_back_bit_for_bit = None  # which Docker knows only since version 23

    def test_every_tag_of_a_repository_is_pushed_and_pulled_at_once(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        self.do("tag", self.reference(f"{self.repository}:v1"), self.reference(f"{self.repository}:v2"))
        self.do("push", "--all-tags", self.reference(self.repository))
        self.forget()
        self.do("pull", "--quiet", "--all-tags", self.reference(self.repository))
        self.assertEqual(self.inspect(f"{self.repository}:v1")["Id"], self.inspect(f"{self.repository}:v2")["Id"])

    def test_a_name_of_one_segment_is_pushed_and_pulled(self):
        self.logged_in()
        pushed = self.push(self.images.small, "alpine:v1")
        self.assertEqual(pushed, self.pull("alpine:v1"))

    def test_an_index_is_made_of_pushed_images_and_pushed(self):
        if self.registry.tls:
            self.skipTest("docker manifest speaks plain http to whatever listens on loopback")
        self.logged_in()
        self.registry.seed(self.images.index, f"{self.repository}/parts", "v1")
        parts = [self.reference(f"{self.repository}/parts@{digest}") for digest in self.images.index.platforms.values()]
        target = self.reference(f"{self.repository}/parts:both")
        self.do("manifest", "create", "--insecure", target, *parts)
        self.do("manifest", "push", "--insecure", target)
        for architecture in ("amd64", "arm64"):
            pulled = self.pull_platform(f"{self.repository}/parts:both", architecture)
            self.assertEqual(self.images.index.config_of(architecture), pulled)

    def test_an_image_built_from_scratch_is_pushed_and_pulled(self):
        self.logged_in()
        context = self.fresh("context")
        context.mkdir()
        (context / "Dockerfile").write_text("FROM scratch\nCOPY first /\nCOPY second /\n")
        (context / "first").write_text("one")
        (context / "second").write_text("two")
        self.env["DOCKER_BUILDKIT"] = "0"
        self.do("build", "--quiet", "--tag", self.reference(f"{self.repository}:v1"), context)
        pushed = self.push_loaded(f"{self.repository}:v1")
        self.assertEqual(pushed, self.pull(f"{self.repository}:v1"))
