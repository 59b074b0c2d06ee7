"""The disk fills in the middle of pushes: clear errors, nothing lost, and all is well when there is room again."""

import os
import pathlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from badday import offline
from badday.client import Client, Image, Refused, digest
from badday.place import Failed, LoopDisk, Place, require, wait_until
from badday.server import Berth

WAYS = ("whole", "put", "chunked", "streamed")
PUSHERS = 8
EXPIRY = 3  # seconds; the first maintenance comes after five


class Ballast:
    """A file that takes the rest of a disk."""

    def __init__(self, disk: LoopDisk):
        self.path = disk.at / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Takes everything but about `leave` bytes."""
        with open(self.path, "ab", buffering=0) as file:
            for step in (1 << 20, 4096):
                try:
                    while free(self.path.parent) >= leave + step:
                        file.write(bytes(step))
                except OSError:
                    pass

    def remove(self) -> None:
        self.path.unlink()


def free(folder: pathlib.Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


class Kept:
    """Images and blobs that were acknowledged."""

    def __init__(self):
        self.images: list[tuple[str, str, Image]] = []
        self.blobs: list[tuple[str, str]] = []

    def push(self, client: Client, repository: str, tag: str, image: Image, way: str) -> None:
        client.push_image(repository, tag, image, way)
        self.images.append((repository, tag, image))

    def check(self, client: Client) -> None:
        for repository, tag, image in self.images:
            require(client.tag(repository, tag) == image.digest, f"{repository}:{tag} is not what was acknowledged")
            client.check_image(repository, image.digest)
        for repository, name in self.blobs:
            client.check_blob(repository, name)


def run(place: Place, seed: int) -> str:
    source = random.Random(seed)
    disk = LoopDisk(place, "disk", 360)
    data = disk.at / "data"
    kept = Kept()
    reserve = disk.at / "reserve"  # the room of the later parts
    reserve.write_bytes(bytes(150 << 20))
    berth = Berth(place, data, BERTH_STORAGE_MIN_FREE="0")
    leave_uploads(berth, source)
    refused = fill_by_pushes(berth, kept, source, 40 if place.long else 12)
    kept.check(berth.client())
    small = full_for_the_database(berth, disk, kept, source)
    before = f"{len(kept.images)} images and {len(kept.blobs)} small blobs acknowledged until the disk was full"
    expired = start_when_full(place, berth, disk, kept)
    reserve.unlink()
    berth = Berth(place, data, BERTH_STORAGE_MIN_FREE="0")
    images = len(kept.images)
    back = cancel_uploads(berth, disk, kept, source)
    berth.stop()
    offline.check(data)

    # The next start, with the watermark as it is by default.
    berth = Berth(place, data)
    watermark(berth, disk, kept, source)
    berth.stop()
    offline.check(data)
    offline.fsck(data)
    return (
        f"{before}, {refused} pushes and {small} small ones refused with 507, {PUSHERS} at once, none lost;"
        f" started on the full disk, pulled, and got {expired >> 20} MiB of expired uploads back; cancelled uploads gave"
        f" {back >> 20} MiB back; {len(kept.images) - images} images pushed afterwards"
    )


def side_by_side(berth: Berth, source: random.Random, work: Callable[[Client, random.Random, int], None]) -> None:
    """Several clients at once, each with randomness of its own."""

    def one(number: int, seed: int) -> None:
        client = berth.client()
        try:
            work(client, random.Random(seed), number)
        finally:
            client.close()

    with ThreadPoolExecutor(PUSHERS) as pool:
        jobs = [pool.submit(one, number, source.getrandbits(32)) for number in range(PUSHERS)]
    for job in jobs:
        job.result()


def require_full(refusal: Refused) -> None:
    require(refusal.answer.status == 507, f"a full disk is answered by {refusal}")
    code = refusal.answer.error_code()
    require(code == "STORAGE_FULL", f"a full disk is called {code}")


def leave_uploads(berth: Berth, source: random.Random) -> None:
    """Of a client that goes away."""
    client = berth.client()
    for _ in range(4):
        client.patch(client.begin("full/left"), 0, source.randbytes(3 << 20))


class Refusals:
    """Counts them over all clients, until there are enough."""

    def __init__(self, wanted: int):
        self.wanted = wanted
        self.count = 0
        self.lock = threading.Lock()

    def enough(self) -> bool:
        return self.count >= self.wanted

    def try_to(self, action: Callable[[], None]) -> bool:
        """Whether it was acknowledged. Fails when it is refused for another reason than that the disk is full."""
        try:
            action()
            return True
        except Refused as refusal:
            require_full(refusal)
            with self.lock:
                self.count += 1
            return False


def fill_by_pushes(berth: Berth, kept: Kept, source: random.Random, wanted: int) -> int:
    """Pushes until `wanted` pushes have been refused, in every way to push. Gives uploads up as clients do: by going away."""
    refusals = Refusals(wanted)

    def push(client: Client, own: random.Random, number: int) -> None:
        for attempt in range(200):
            if refusals.enough():
                return
            image = Image(own, 3 << 20)
            way = WAYS[attempt % len(WAYS)]
            refusals.try_to(lambda: kept.push(client, f"full/r{number}", f"t{attempt}", image, way))
        raise Failed("the disk does not fill")

    side_by_side(berth, source, push)
    return refusals.count


def full_for_the_database(berth: Berth, disk: LoopDisk, kept: Kept, source: random.Random) -> int:
    """The last pages go to the database, in the middle of commits that clients share, and then it cannot grow either."""
    ballast = Ballast(disk)
    ballast.fill(leave=600 << 10)
    blobs = Refusals(3 * PUSHERS)
    tags = Refusals(PUSHERS)
    repository, _, image = kept.images[-1]

    def push_blobs(client: Client, own: random.Random, number: int) -> None:
        for attempt in range(400):
            if blobs.enough():
                return
            content = own.randbytes(own.choice((40, 2_000, 15_000)))
            way = WAYS[attempt % len(WAYS)]
            if blobs.try_to(lambda: client.push_blob(f"full/r{number}", content, way)):
                kept.blobs.append((f"full/r{number}", digest(content)))
        raise Failed("the database never ran out of space for blobs")

    def push_tags(client: Client, own: random.Random, number: int) -> None:
        for attempt in range(400):
            if tags.enough():
                return
            tag = f"again{number}-{attempt}"
            if tags.try_to(lambda: client.push_manifest(repository, tag, image.manifest)):
                kept.images.append((repository, tag, image))
        raise Failed("the database never ran out of space for tags")

    side_by_side(berth, source, push_blobs)
    side_by_side(berth, source, push_tags)
    client = berth.client()
    kept.check(client)
    require(client.request("GET", "/livez").status == 200, "the server does not live")
    ballast.remove()
    return blobs.count + tags.count


def start_when_full(place: Place, berth: Berth, disk: LoopDisk, kept: Kept) -> int:
    """After a kill or a stop and with not a byte left it starts and serves pulls, and uploads that nobody goes on with make room."""
    berth.kill()
    ballast = Ballast(disk)
    ballast.fill()
    uploads = list((berth.data / "blobs/uploads").iterdir())
    room = sum(upload.stat().st_blocks * 512 for upload in uploads)
    require(room >= 12 << 20, f"only {len(uploads)} uploads of {room} bytes are there")
    berth = Berth(place, berth.data, BERTH_STORAGE_MIN_FREE="0", BERTH_REGISTRY_UPLOAD_EXPIRY=f"{EXPIRY}s")
    client = berth.client()
    kept.check(client)
    wait_until(lambda: disk.free() >= room // 2, 30, "expired uploads to make room")
    client.expect(202, "DELETE", f"/v2/{kept.images[-1][0]}/manifests/{kept.images[-1][1]}")
    kept.images.pop()
    berth.stop()
    offline.check(berth.data)
    # A stop has given the room of the database's log and its index back.
    ballast.fill()
    berth = Berth(place, berth.data, BERTH_STORAGE_MIN_FREE="0")
    kept.check(berth.client())
    berth.stop()
    ballast.remove()
    return room


def cancel_uploads(berth: Berth, disk: LoopDisk, kept: Kept, source: random.Random) -> int:
    """What failed uploads hold comes back when they are cancelled."""
    client = berth.client()
    uploads = []
    while len(uploads) < 100:
        upload = client.begin("full/cancelled")
        uploads.append(upload)
        try:
            client.patch(upload, 0, source.randbytes(5 << 20))
        except Refused as refusal:
            require_full(refusal)
            break
    require(len(uploads) < 100, "the disk does not fill")
    full = disk.free()
    for upload in uploads:
        client.expect(204, "DELETE", upload)
    wait_until(lambda: disk.free() - full > (len(uploads) - 1) * (4 << 20), 15, "cancelled uploads to give their space back")
    back = disk.free() - full
    kept.push(client, "full/later", "v1", Image(source, 1 << 20), "whole")
    # An upload that met the full disk goes on when there is room.
    ballast = Ballast(disk)
    content = source.randbytes(4 << 20)
    upload = client.begin("full/resumed")
    client.patch(upload, 0, content[: 1 << 20])
    ballast.fill()
    try:
        client.patch(upload, 1 << 20, content[1 << 20 :])
        raise Failed("the disk took what it has no room for")
    except Refused as refusal:
        require_full(refusal)
    ballast.remove()
    size = client.size_of_upload(upload)
    require(size is not None and size >= 1 << 20, f"the upload has {size} bytes after the disk was full")
    client.finish(upload, digest(content), content[size:])
    client.check_blob("full/resumed", digest(content))
    kept.check(client)
    return back


def watermark(berth: Berth, disk: LoopDisk, kept: Kept, source: random.Random) -> None:
    """Below storage.min-free uploads are refused before they begin; everything else goes on."""
    client = berth.client()
    kept.check(client)
    ballast = Ballast(disk)
    ballast.fill(leave=60 << 20)
    wait_until(lambda: client.request("GET", "/readyz").status == 503, 5, "readiness to tell that there is no space")
    for way in WAYS:
        try:
            client.push_blob("full/below", source.randbytes(100_000), way)
            raise Failed("an upload below storage.min-free was taken")
        except Refused as refusal:
            require_full(refusal)
            require(b"storage.min-free" in refusal.answer.body, f"the message does not name the setting: {refusal}")
    kept.check(client)
    repository, tag, image = kept.images.pop()
    client.expect(202, "DELETE", f"/v2/{repository}/manifests/{tag}")
    require(client.tag(repository, tag) is None, "a deleted tag is there")
    repository, tag, image = kept.images[0]
    client.push_manifest(repository, "moved", image.manifest)
    kept.images.append((repository, "moved", image))
    ballast.remove()
    wait_until(lambda: client.request("GET", "/readyz").status == 200, 5, "readiness to come back")
    room = disk.free()
    require(room > 66 << 20, f"only {room >> 20} MiB are free: the test needs a larger disk")
    kept.push(client, "full/later", "v2", Image(source, 1 << 20), "chunked")
