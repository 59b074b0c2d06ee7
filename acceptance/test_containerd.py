import contextlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .contract import AsksForCredentials, CopiesImages, CopiesIndexes, LogsIn, Mounts, PullsByPlatform
from .images import INDEX, Content, Image, Layout
from .processes import Daemon, Finished
from .registry import USER, WRONG_PASSWORD, Registry

# What a stream of theirs ends with now and then (https://github.com/containerd/cri/issues/1643); a registry that goes away is
# "failed to do request" or "unexpected status".
BETWEEN_CTR_AND_CONTAINERD = "rpc error: code = Internal desc = unexpected EOF"

CONFIGURATION = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{folder}/socket"
"""


@dataclass(frozen=True)
class Node:
    """A containerd with an empty store."""

    socket: Path
    content: Layout  # its content store has the folders of an OCI layout


class Containerd(LogsIn, AsksForCredentials, CopiesImages, CopiesIndexes, PullsByPlatform, Mounts):
    """containerd by its own client ctr, a fresh daemon for every push and pull."""

    needs = ("containerd", "ctr")
    needs_root = True

    def enter(self, registry: Registry) -> None:
        super().enter(registry)
        self.credentials: list[str] = []

    @contextlib.contextmanager
    def node(self) -> Iterator[Node]:
        folder = self.fresh("node")
        folder.mkdir()
        (folder / "config.toml").write_text(CONFIGURATION.format(folder=folder))
        socket = folder / "socket"
        command = ["containerd", "--config", folder / "config.toml", "--log-level", "warn"]
        daemon = Daemon(command, folder / "containerd.log", self.env)
        try:
            daemon.wait_until_ready(lambda: self.ctr(Node(socket, None), "version").code == 0)
            yield Node(socket, Layout(folder / "root/io.containerd.content.v1.content"))
        finally:
            daemon.stop()
            shutil.rmtree(folder, ignore_errors=True)

    def ctr(self, node: Node, *words) -> Finished:
        return self.run_client("ctr", "--address", node.socket, *words)

    def do(self, node: Node, *words) -> str:
        finished = self.ctr(node, *words)
        if BETWEEN_CTR_AND_CONTAINERD in str(finished):
            print(f"once more, since ctr lost its own containerd: {' '.join(map(str, words))}", file=sys.stderr)
            finished = self.ctr(node, *words)
        self.assertEqual(0, finished.code, finished)
        return finished.out

    def access(self) -> list:
        if not self.registry.tls:
            return ["--plain-http", *self.credentials]
        hosts = self.home / "hosts" / self.registry.address
        hosts.mkdir(parents=True, exist_ok=True)
        authority = self.bench.certificates.authority
        (hosts / "hosts.toml").write_text(f'[host."{self.registry.url}"]\nca = "{authority}"\n')
        return ["--hosts-dir", self.home / "hosts", *self.credentials]

    def login(self, password: str) -> Finished:
        self.credentials = ["--user", f"{USER}:{password}"]
        return Finished(["ctr"], 0, "", "")

    def test_a_wrong_password_is_refused(self):
        self.registry.seed(self.images.small, self.repository, "v1")
        self.login(WRONG_PASSWORD)
        self.assert_refused(self.try_to_pull(f"{self.repository}:v1"), 401)

    def push(self, image: Image, target: str) -> Content:
        with self.node() as node:
            archive = image.oci_archive(self.home / "image.tar")
            words = ["--base-name", "local/image", "--all-platforms", "--no-unpack", archive]
            self.do(node, "images", "import", *words)
            (name,) = self.do(node, "images", "list", "--quiet").split()
            self.do(node, "images", "push", *self.access(), self.reference(target), name)
        return image.content

    def pull(self, target: str) -> Content:
        with self.node() as node:
            self.pull_into(node, target, "--all-platforms")
            return node.content.checked(self.pulled(node))

    def pull_into(self, node: Node, target: str, *words: str) -> None:
        words = ["--snapshotter", "native", *words, *self.access(), self.reference(target)]
        self.do(node, "images", "pull", *words)

    def pulled(self, node: Node) -> dict:
        """The descriptor of the only image of a node."""
        words = self.do(node, "images", "list").splitlines()[1].split()
        digest = next(word for word in words if word.startswith("sha256:"))
        return {"mediaType": words[1], "digest": digest, "size": node.content.file(digest).stat().st_size}

    def try_to_pull(self, target: str) -> Finished:
        with self.node() as node:
            words = ["--snapshotter", "native", *self.access(), self.reference(target)]
            return self.ctr(node, "images", "pull", *words)

    def pull_platform(self, target: str, architecture: str) -> str:
        with self.node() as node:
            self.pull_into(node, target, "--platform", f"linux/{architecture}")
            index = self.pulled(node)
            self.assertEqual(INDEX, index["mediaType"])
            children = node.content.read_json(index["digest"])["manifests"]
            (manifest,) = [c["digest"] for c in children if c["platform"]["architecture"] == architecture]
            return node.content.read_json(manifest)["config"]["digest"]

    def copy(self, source: str, target: str) -> None:
        with self.node() as node:
            self.pull_into(node, source)
            self.do(node, "images", "push", *self.access(), self.reference(target), self.reference(source))
