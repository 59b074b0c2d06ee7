"""What every client is tried with: its module takes the parts that the client can do and says how it does them."""

import os
import shutil
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

from .images import Content, Image, Images, Layout, sha256
from .processes import Finished, remove_tree, run
from .registry import PASSWORD, WRONG_PASSWORD, Certificates, Registry
from .wire import Exchange

CLIENTS = Path(__file__).with_name("clients.txt")


def go_clients() -> dict[str, Path]:
    """Where bin/clients puts each client that it builds."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(os.environ.get("BERTH_CLIENTS_DIR") or f"{cache}/berth/clients")
    lines = [line.split() for line in CLIENTS.read_text().splitlines() if line and not line.startswith("#")]
    return {name: folder / f"{name}@{version}" / name for name, by, _, version, _ in lines if by == "go"}


def program(name: str) -> str | None:
    """The path of a client, or None when it is not installed."""
    built = go_clients().get(name)
    if built:
        return str(built) if os.access(built, os.X_OK) else None
    return shutil.which(name)


@dataclass
class Bench:
    """What all tests of one run share."""

    folder: Path
    product: type
    certificates: Certificates
    images: Images
    corpus: Layout | None


class ClientTest(unittest.TestCase):
    """A client and a registry of its own over one transport; a home folder and a repository for every test."""

    bench: Bench
    transport: str
    registry: Registry
    needs: tuple[str, ...] = ()  # the programs without which the client is absent
    needs_root = False

    @classmethod
    def absent(cls) -> str | None:
        """Why this client cannot be tried here, or None."""
        missing = [name for name in cls.needs if not program(name)]
        if missing:
            return f"{', '.join(missing)} not installed"
        return "needs root" if cls.needs_root and os.getuid() != 0 else None

    @classmethod
    def setUpClass(cls):
        cls.registry = cls.start_registry()
        cls.addClassCleanup(cls.registry.stop)

    @classmethod
    def start_registry(cls, **settings: str) -> Registry:
        return Registry(cls.bench.product, cls.transport, cls.bench.certificates, settings)

    def setUp(self):
        self.images = self.bench.images
        self.repository = "acceptance/" + self._testMethodName.removeprefix("test_").replace("_", "-")
        self.enter(self.registry)

    def enter(self, registry: Registry) -> None:
        """Begins anew in a clean home folder, against this registry."""
        self.home = Path(tempfile.mkdtemp(prefix="h-"))  # short, for podman takes no long paths
        self.addCleanup(remove_tree, self.home)
        self.registry = registry
        self.seen = len(registry.exchanges())
        self.logged = len(registry.log())
        self.made = 0
        authorities = self.home / "certs.d"
        authorities.mkdir()
        shutil.copy(self.bench.certificates.authority, authorities / "ca.crt")
        self.env = {
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home),
            "SSL_CERT_FILE": str(self.bench.certificates.authority),
        }

    def exchanges(self) -> list[Exchange]:
        """What went over the wire in this test so far; empty over TLS."""
        return self.registry.exchanges(self.seen)

    def log(self) -> str:
        """What the registry has written in this test so far."""
        return self.registry.log(self.logged)

    def run_client(self, *words, **more) -> Finished:
        """Runs the client whose name is the first word."""
        return run([program(str(words[0])) or words[0], *words[1:]], env=self.env, cwd=self.home, **more)

    def succeed(self, *words, **more) -> str:
        finished = self.run_client(*words, **more)
        self.assertEqual(0, finished.code, finished)
        return finished.out.strip()

    def assert_refused(self, finished: Finished, *statuses: int) -> None:
        """The command failed, and it did so because the registry gave one of these answers."""
        self.assertNotEqual(0, finished.code, f"this should have failed:\n{finished}")
        if self.registry.wire:
            given = {exchange.status for exchange in self.exchanges()}
            self.assertTrue(given & set(statuses), f"answers were {sorted(given)}:\n{finished}")

    def fresh(self, name: str) -> Path:
        """A path in the home folder where nothing is yet."""
        self.made += 1
        return self.home / f"{name}-{self.made}"

    def reference(self, target: str) -> str:
        """`repository:tag` or `repository@digest` with the registry's address before it."""
        return f"{self.registry.address}/{target}"


class ImageClient(ClientTest):
    """The operations of a client that moves images. Targets are `repository:tag` or `repository@digest`."""

    verbatim = True  # it pushes a layout's manifest as it is

    def login(self, password: str) -> Finished:
        raise NotImplementedError

    def logged_in(self) -> None:
        finished = self.login(PASSWORD)
        self.assertEqual(0, finished.code, finished)

    def push(self, image: Image, target: str) -> Content:
        """Pushes and returns what the registry must hold now."""
        raise NotImplementedError

    def pull(self, target: str) -> Content:
        """Pulls into a place where nothing is yet and returns what came, its bytes checked against their digests."""
        raise NotImplementedError

    def try_to_pull(self, target: str) -> Finished:
        """The bare pull command, for pulls that may fail."""
        raise NotImplementedError

    def assert_held(self, content: Content, repository: str, tag: str) -> None:
        """The registry itself gives the manifest that the client believes to have pushed."""
        self.assertEqual(content.manifest, sha256(self.registry.manifest(repository, tag)))


class LogsIn(ImageClient):
    def test_a_wrong_password_is_refused(self):
        self.assert_refused(self.login(WRONG_PASSWORD), 401)

    def test_the_right_password_logs_in(self):
        self.logged_in()


class AsksForCredentials(ImageClient):
    def test_nothing_is_pulled_without_credentials(self):
        self.registry.seed(self.images.small, self.repository, "v1")
        self.assert_refused(self.try_to_pull(f"{self.repository}:v1"), 401)

    def test_a_registry_that_lets_anyone_pull_still_takes_a_login_to_push(self):
        registry = self.start_registry(BERTH_REGISTRY_ANONYMOUS_PULL="true", BERTH_PROJECTS_PUSHED_ARE_PUBLIC="true")
        self.addCleanup(registry.stop)
        self.enter(registry)
        self.logged_in()
        pushed = self.push(self.images.small, f"{self.repository}:v1")
        self.enter(registry)
        self.assertEqual(pushed, self.pull(f"{self.repository}:v1"))


class CopiesImages(ImageClient):
    def assert_round_trip(self, image: Image, repository: str, tag: str) -> None:
        pushed = self.push(image, f"{repository}:{tag}")
        self.assert_held(pushed, repository, tag)
        if self.verbatim:
            self.assertEqual(image.content, pushed)
        self.assertEqual(pushed, self.pull(f"{repository}:{tag}"))

    def test_an_image_of_several_layers_comes_back_bit_for_bit(self):
        self.logged_in()
        self.assert_round_trip(self.images.small, self.repository, "v1")

    def test_the_layers_of_a_whole_system_come_back_bit_for_bit(self):
        self.logged_in()
        self.assert_round_trip(self.images.system, self.repository, "v1")

    def test_an_image_of_60_mib_comes_back_bit_for_bit(self):
        self.logged_in()
        self.assert_round_trip(self.images.big, self.repository, "v1")

    def test_an_image_with_a_zstd_layer_comes_back_bit_for_bit(self):
        self.logged_in()
        if self.verbatim:
            self.assert_round_trip(self.images.zstd, self.repository, "v1")
        else:  # it would push the layer with gzip
            self.registry.seed(self.images.zstd, self.repository, "v1")
            self.assertEqual(self.images.zstd.digest, self.pull(f"{self.repository}:v1").manifest)

    def test_an_image_is_pulled_by_digest(self):
        self.logged_in()
        pushed = self.push(self.images.small, f"{self.repository}:v1")
        self.assertEqual(pushed, self.pull(f"{self.repository}@{pushed.manifest}"))

    def test_a_tag_that_is_not_there_is_an_error(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        self.assert_refused(self.try_to_pull(f"{self.repository}:v2"), 404)

    def test_a_tag_moves_to_what_was_pushed_last(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:latest")
        second = self.push(self.images.big, f"{self.repository}:latest")
        self.assertEqual(second, self.pull(f"{self.repository}:latest"))

    def test_the_second_push_of_an_image_sends_no_layer(self):
        self.logged_in()
        first = self.push(self.images.small, f"{self.repository}:v1")
        before = len(self.exchanges())
        self.assertEqual(first, self.push(self.images.small, f"{self.repository}:v2"))
        sent = [e for e in self.exchanges()[before:] if "/blobs/uploads/" in e.target and e.method != "HEAD"]
        self.assertEqual([], [str(e) for e in sent])

    def test_every_image_of_the_corpus_comes_back_bit_for_bit(self):
        self.logged_in()
        for image in self.bench.corpus.images():
            with self.subTest(image.name):
                self.assert_round_trip(image, f"corpus/{image.name}", "v1")
                self.forget()

    def forget(self) -> None:
        """Removes what earlier pushes and pulls left in the home folder."""
        for path in self.home.iterdir():
            if path.is_dir() and "-" in path.name:
                remove_tree(path)


class Mounts(ImageClient):
    def copy(self, source: str, target: str) -> None:
        """Copies within the registry in the way in which the client mounts layers."""
        raise NotImplementedError

    def test_a_copy_to_another_repository_mounts_its_layers(self):
        self.logged_in()
        pushed = self.push(self.images.small, f"{self.repository}/one:v1")
        before = len(self.exchanges())
        self.copy(f"{self.repository}/one:v1", f"{self.repository}/two:v1")
        self.assertEqual(pushed, self.pull(f"{self.repository}/two:v1"))
        if self.registry.wire:
            uploads = [e for e in self.exchanges()[before:] if "/two/blobs/uploads/" in e.target]
            mounted = [e for e in uploads if e.method == "POST" and "mount=" in e.target and e.status == 201]
            self.assertLessEqual(3, len(mounted), "layers were not mounted:\n" + "\n".join(map(str, uploads)))


class CopiesIndexes(ImageClient):
    def push_index(self, image: Image, target: str) -> Content:
        return self.push(image, target)

    def pull_index(self, target: str) -> Content:
        return self.pull(target)

    def test_an_index_comes_back_with_both_its_platforms(self):
        self.logged_in()
        pushed = self.push_index(self.images.index, f"{self.repository}:v1")
        self.assertEqual(self.images.index.content, pushed)
        self.assert_held(pushed, self.repository, "v1")
        self.assertEqual(pushed, self.pull_index(f"{self.repository}:v1"))


class PullsByPlatform(ImageClient):
    def pull_platform(self, target: str, architecture: str) -> str:
        """Pulls one platform of an index into a clean place and returns the digest of its config."""
        raise NotImplementedError

    def test_an_index_gives_each_platform_its_image(self):
        self.logged_in()
        self.registry.seed(self.images.index, self.repository, "v1")
        for architecture in ("amd64", "arm64"):
            with self.subTest(architecture):
                pulled = self.pull_platform(f"{self.repository}:v1", architecture)
                self.assertEqual(self.images.index.config_of(architecture), pulled)


class ListsTags(ImageClient):
    def tags(self, repository: str) -> list[str]:
        raise NotImplementedError

    def test_tags_are_listed(self):
        self.logged_in()
        for tag in ("v1", "v2", "latest"):
            self.registry.seed(self.images.small, self.repository, tag)
        self.assertEqual(["latest", "v1", "v2"], sorted(self.tags(self.repository)))


class Deletes(ImageClient):
    def delete(self, target: str) -> None:
        raise NotImplementedError

    def test_a_deleted_image_is_gone(self):
        self.logged_in()
        pushed = self.push(self.images.small, f"{self.repository}:v1")
        self.delete(f"{self.repository}@{pushed.manifest}")
        self.assert_refused(self.try_to_pull(f"{self.repository}:v1"), 404)
        self.assert_refused(self.try_to_pull(f"{self.repository}@{pushed.manifest}"), 404)
        self.assertEqual(pushed, self.push(self.images.small, f"{self.repository}:v1"))
        self.assertEqual(pushed, self.pull(f"{self.repository}:v1"))


class DoesEverything(LogsIn, AsksForCredentials, CopiesImages, CopiesIndexes, ListsTags, Deletes, Mounts):
    """A client of the whole distribution API."""
