"""Clients that push, move and delete tags until the server dies, and remember what was acknowledged."""

import http.client
import random
import threading

from badday.server import Client, Image, Refused, digest

WAYS = ("whole", "chunked", "streamed")


class Ledger:
    """What was acknowledged. A tag that was being changed when the server died may be either."""

    def __init__(self):
        self.lock = threading.Lock()
        self.images: dict[tuple[str, str], bytes] = {}   # (repository, digest) -> manifest
        self.tags: dict[tuple[str, str], set[str | None]] = {}  # -> digests it may have, None: deleted
        self.acknowledged = 0

    def copy(self) -> "Ledger":
        with self.lock:
            other = Ledger()
            other.images = dict(self.images)
            other.tags = {key: set(value) for key, value in self.tags.items()}
            other.acknowledged = self.acknowledged
            return other

    def verify(self, client: Client, later: "Ledger | None" = None) -> None:
        """Each image bit for bit, each tag where it was acknowledged to be, or where `later` knows it to have gone."""
        for (repository, name), manifest in self.images.items():
            client.verify_image(repository, name, manifest)
        for (repository, tag), allowed in self.tags.items():
            answer, content = client.send("GET", f"/v2/{repository}/manifests/{tag}", expect=(200, 404))
            actual = digest(content) if answer.status == 200 else None
            if later is not None and (repository, tag) in later.tags:
                allowed = later.history[repository, tag] | allowed
            assert actual in allowed, f"{repository}:{tag} is {actual}, acknowledged was {allowed}"
            if later is None:
                self.tags[repository, tag] = {actual}  # settled


class History(Ledger):
    """Also remembers everything that a tag ever was."""

    def __init__(self):
        super().__init__()
        self.history: dict[tuple[str, str], set[str | None]] = {}


class Pusher(threading.Thread):
    def __init__(self, number: int, port: int, ledger: Ledger, seed: int, stop: threading.Event):
        super().__init__(daemon=True)
        self.number, self.port, self.ledger, self.stop = number, port, ledger, stop
        self.random = random.Random(seed)
        self.unexpected: Exception | None = None

    def run(self) -> None:
        client = Client(self.port)
        try:
            while not self.stop.is_set():
                self.push(client)
        except (OSError, http.client.HTTPException):
            pass  # the server was killed
        except Refused as refusal:
            self.unexpected = refusal

    def push(self, client: Client) -> None:
        repository = f"bad/day{self.number}"
        tag = f"t{self.random.randrange(3)}"
        image = Image(self.random.randrange(1 << 30), self.random.choice((300_000, 2 << 20)))
        for content in (image.config, *image.layers):
            client.push_blob(repository, content, self.random.choice(WAYS))
        key = (repository, tag)
        if self.random.random() < 0.2 and self.ledger.tags.get(key, {None}) != {None}:
            self.change(key, None)
            client.send("DELETE", f"/v2/{repository}/manifests/{tag}", expect=(202,))
            self.settle(key, None)
        # The manifest's bytes are known before the answer is.
        name, manifest = self.announce(key, image)
        client.send("PUT", f"/v2/{repository}/manifests/{tag}", manifest, (201,),
                    Content_Type="application/vnd.oci.image.manifest.v1+json")  # fmt: skip
        with self.ledger.lock:
            self.ledger.images[repository, name] = manifest
        self.settle(key, name)

    def announce(self, key, image: Image) -> tuple[str, bytes]:
        made = Recorder()
        manifest = made.push_manifest(key[0], key[1], image.layers, image.config)
        name = digest(manifest)
        self.change(key, name)
        return name, manifest

    def change(self, key, name: str | None) -> None:
        with self.ledger.lock:
            self.ledger.tags.setdefault(key, {None}).add(name)
            if isinstance(self.ledger, History):
                self.ledger.history.setdefault(key, {None}).add(name)

    def settle(self, key, name: str | None) -> None:
        with self.ledger.lock:
            self.ledger.tags[key] = {name}
            self.ledger.acknowledged += 1


class Recorder(Client):
    """Makes manifests without sending them."""

    def __init__(self):
        pass

    def send(self, *_, **__):
        return None, b""


def start(count: int, port: int, ledger: Ledger, seed: int) -> tuple[list[Pusher], threading.Event]:
    stop = threading.Event()
    pushers = [Pusher(number, port, ledger, seed + number, stop) for number in range(count)]
    for pusher in pushers:
        pusher.start()
    return pushers, stop


def join(pushers: list[Pusher]) -> None:
    for pusher in pushers:
        pusher.join(timeout=120)
        assert not pusher.is_alive(), "a client hangs"
        if pusher.unexpected:
            raise pusher.unexpected
