"""Clients that push images, move tags and delete until they are stopped, and a ledger of what they were promised."""

import random
import threading
from collections.abc import Callable

from badday.client import Client, Image, Lost, Refused, digest
from badday.place import Failed, require

WAYS = ("whole", "put", "chunked", "streamed")
STAGES = ("begin", "chunk", "blob", "manifest", "delete")
ABSENT = None
PRESENT = "present"

# ("tag", repository, tag), ("image", repository, digest) or ("blob", repository, digest)
Key = tuple[str, str, str]


class Promise:
    """What one name was asked to be, in order, and how far that was acknowledged. Only one client writes to a name."""

    def __init__(self):
        self.asked: list[str | None] = [ABSENT]
        self.acknowledged = 0

    def allowed(self) -> list[str | None]:
        """What it may be: what was acknowledged last, or anything asked for since."""
        return self.asked[self.acknowledged :]


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.promises: dict[Key, Promise] = {}
        self.checked: set[Key] = set()  # whose bytes have been pulled
        self.counts = dict.fromkeys(("images", "tags", "blobs", "deletes"), 0)

    def ask(self, key: Key, value: str | None) -> None:
        """Before a request is sent."""
        with self.lock:
            self.promises.setdefault(key, Promise()).asked.append(value)

    def acknowledge(self, key: Key) -> None:
        """After its answer came."""
        with self.lock:
            promise = self.promises[key]
            promise.acknowledged = len(promise.asked) - 1
            self.counts["deletes" if promise.asked[-1] is ABSENT else key[0] + "s"] += 1

    def give_up(self, key: Key) -> None:
        """It was refused, and so does not happen."""
        with self.lock:
            self.promises[key].asked.pop()

    def snapshot(self) -> dict[Key, int]:
        """How far each promise stands; `allowed_since` says later what may have become of them."""
        with self.lock:
            return {key: promise.acknowledged for key, promise in self.promises.items()}

    def allowed_since(self, snapshot: dict[Key, int]) -> dict[Key, list[str | None]]:
        with self.lock:
            return {key: promise.asked[snapshot.get(key, 0) :] for key, promise in self.promises.items()}

    def allowed(self) -> dict[Key, list[str | None]]:
        with self.lock:
            return {key: promise.allowed() for key, promise in self.promises.items()}

    def settle(self, found: dict[Key, str | None]) -> None:
        """What turned out to be counts from now on."""
        with self.lock:
            for key, value in found.items():
                self.promises[key].asked = [value]
                self.promises[key].acknowledged = 0

    def total(self) -> int:
        return sum(self.counts.values())

    def describe(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in self.counts.items())


def verify(client: Client, allowed: dict[Key, list[str | None]], layers: Callable[[Key], bool] = lambda key: True) -> dict[Key, str | None]:
    """Compares the server with what it promised; `layers` says whose bytes are pulled. Returns what it has."""
    found: dict[Key, str | None] = {}
    for key, values in allowed.items():
        kind, repository, name = key
        if kind == "tag":
            actual = client.tag(repository, name)
        else:
            part = "manifests" if kind == "image" else "blobs"
            answer = client.expect((200, 404), "HEAD", f"/v2/{repository}/{part}/{name}")
            actual = PRESENT if answer.status == 200 else ABSENT
        require(actual in values, f"{kind} {repository} {name} is {actual or 'absent'}, promised was one of {values}")
        if actual is not ABSENT:
            if kind == "image":
                client.check_image(repository, name, layers(key))
            elif kind == "blob" and layers(key):
                client.check_blob(repository, name)
        found[key] = actual
    return found


class Interrupted:
    """An upload whose client lost its server."""

    def __init__(self, repository: str, location: str, content: bytes):
        self.repository = repository
        self.location = location
        self.content = content

    def resume(self, client: Client) -> str:
        """Goes on where the server says it is, or finds it gone. Returns which."""
        size = client.size_of_upload(self.location)
        if size is None:
            return "gone"
        require(size <= len(self.content), f"an upload of {len(self.content)} bytes has {size}")
        name = digest(self.content)
        client.finish(self.location, name, self.content[size:])
        client.check_blob(self.repository, name)
        return "resumed"


class Pusher(threading.Thread):
    """One client, with repositories of its own. Ends when the server does, or when it is told to."""

    def __init__(self, number: int, client: Client, ledger: Ledger, seed: int, shared: list[bytes], large: int | None = None):
        super().__init__(daemon=True, name=f"pusher-{number}")
        self.number = number
        self.client = client
        self.ledger = ledger
        self.random = random.Random(seed)
        self.shared = shared
        self.large = large
        self.stopping = threading.Event()
        self.stages = {stage: threading.Event() for stage in STAGES}
        self.interrupted: Interrupted | None = None
        self.open_upload: Interrupted | None = None
        self.in_flight = False  # a push has begun, its first blob is acknowledged, its end is not
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.push_image()
                if self.random.random() < 0.4:
                    self.delete_something()
        except Lost:
            self.interrupted = self.open_upload
        except BaseException as failure:
            self.failure = failure

    def at(self, stage: str) -> None:
        self.stages[stage].set()

    def repository(self) -> str:
        return f"bad/day{self.number}-{self.random.randrange(2)}"

    def push_image(self) -> None:
        repository = self.repository()
        shared = self.random.choice(self.shared) if self.random.random() < 0.3 else None
        image = Image(self.random, self.large, shared)
        for content in image.blobs():
            self.push_blob(repository, content)
            self.in_flight = True
        tags = [("tag", repository, f"t{self.random.randrange(3)}")]
        key = ("image", repository, image.digest)
        for one in (key, *tags):
            self.ledger.ask(one, PRESENT if one is key else image.digest)
        self.at("manifest")
        self.client.push_manifest(repository, tags[0][2], image.manifest)
        self.in_flight = False
        for one in (key, *tags):
            self.ledger.acknowledge(one)

    def push_blob(self, repository: str, content: bytes) -> None:
        way = self.random.choice(WAYS)
        self.at("blob")
        if way == "whole":
            self.client.push_blob(repository, content)
            return
        self.at("begin")
        upload = self.client.begin(repository)
        self.open_upload = Interrupted(repository, upload, content)
        step = {"put": len(content), "streamed": len(content), "chunked": max(2, len(content) // 3)}[way]
        sent = 0
        if way == "streamed":
            self.at("chunk")
            pieces = (content[at : at + 65536] for at in range(0, len(content), 65536))
            self.client.expect(202, "PATCH", upload, pieces)
            sent = len(content)
        while len(content) - sent > step:
            self.at("chunk")
            self.client.patch(upload, sent, content[sent : sent + step])
            sent += step
        self.at("blob")
        self.client.finish(upload, digest(content), content[sent:])
        self.open_upload = None

    def delete_something(self) -> None:
        """A tag, an image with its tags, or a blob that no image names."""
        kind = self.random.choice(("tag", "image", "blob"))
        self.at("delete")
        if kind == "blob":
            repository = self.repository()
            content = self.random.randbytes(self.random.choice((2_000, 150_000)))
            key = ("blob", repository, digest(content))
            self.ledger.ask(key, PRESENT)
            self.client.push_blob(repository, content)
            self.ledger.acknowledge(key)
            if self.random.random() < 0.5:
                return
            self.delete(f"/v2/{repository}/blobs/{key[2]}", [key])
            return
        mine = {
            key: values[-1]
            for key, values in self.ledger.allowed().items()
            if key[1].startswith(f"bad/day{self.number}-") and len(values) == 1 and values[0] is not ABSENT
        }
        keys = [key for key in mine if key[0] == kind]
        if not keys:
            return
        key = self.random.choice(keys)
        also = [other for other, value in mine.items() if other[:2] == ("tag", key[1]) and value == key[2]] if kind == "image" else []
        self.delete(f"/v2/{key[1]}/manifests/{key[2]}", [key, *also])

    def delete(self, path: str, keys: list[Key]) -> None:
        for key in keys:
            self.ledger.ask(key, ABSENT)
        try:
            self.client.expect(202, "DELETE", path)
        except Refused:
            for key in keys:
                self.ledger.give_up(key)
            raise
        for key in keys:
            self.ledger.acknowledge(key)


def shared_layers(source: random.Random) -> list[bytes]:
    """Layers that several clients push at once."""
    return [source.randbytes(size) for size in (9_000, 100_000, 100_001, 1_500_000)]


def start(count: int, client: Callable[[], Client], ledger: Ledger, source: random.Random, large: int | None = None) -> list[Pusher]:
    shared = shared_layers(source)
    pushers = [Pusher(number, client(), ledger, source.getrandbits(32), shared, large) for number in range(count)]
    for pusher in pushers:
        pusher.start()
    return pushers


def join(pushers: list[Pusher]) -> None:
    """Waits until all have ended, and fails when one met what it should not have."""
    for pusher in pushers:
        pusher.stopping.set()
    for pusher in pushers:
        pusher.join(timeout=150)
        if pusher.is_alive():
            raise Failed(f"{pusher.name} hangs")
    for pusher in pushers:
        if pusher.failure:
            raise pusher.failure
