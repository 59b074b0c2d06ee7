"""The disk fills in the middle of pushes: clear errors, nothing lost, and all is well when there is room again."""

import os
import pathlib
import random

from badday import offline
from badday.client import Client, Image, Refused, digest
from badday.place import Failed, LoopDisk, Place, require, wait_until
from badday.server import Berth

WAYS = ("whole", "put", "chunked", "streamed")


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
    """Images that were acknowledged."""

    def __init__(self):
        self.images: list[tuple[str, str, Image]] = []

    def push(self, client: Client, repository: str, tag: str, image: Image, way: str) -> None:
        client.push_image(repository, tag, image, way)
        self.images.append((repository, tag, image))

    def check(self, client: Client) -> None:
        for repository, tag, image in self.images:
            require(client.tag(repository, tag) == image.digest, f"{repository}:{tag} is not what was acknowledged")
            client.check_image(repository, image.digest)


def run(place: Place, seed: int) -> str:
    source = random.Random(seed)
    disk = LoopDisk(place, "disk", 360)
    data = disk.at / "data"
    kept = Kept()
    reserve = disk.at / "reserve"  # the room of the later parts
    reserve.write_bytes(bytes(150 << 20))
    berth = Berth(place, data, BERTH_STORAGE_MIN_FREE="0")
    refused = fill_by_pushes(berth, kept, source, 20 if place.long else 8)
    before = len(kept.images)
    kept.check(berth.client())
    small = full_for_the_database(berth, disk, kept, source)
    reserve.unlink()
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
        f"{before} images acknowledged until the disk was full, {refused} pushes and {small} small ones refused with 507,"
        f" none lost; cancelled uploads gave {back >> 20} MiB back; {len(kept.images) - before} images pushed afterwards"
    )


def require_full(refusal: Refused) -> None:
    require(refusal.answer.status == 507, f"a full disk is answered by {refusal}")
    code = refusal.answer.error_code()
    require(code == "STORAGE_FULL", f"a full disk is called {code}")


def fill_by_pushes(berth: Berth, kept: Kept, source: random.Random, wanted: int) -> int:
    """Pushes until `wanted` pushes have been refused, in every way to push. Gives uploads up as clients do: by going away."""
    refused = number = 0
    while refused < wanted:
        number += 1
        require(number < 500, "the disk does not fill")
        client = berth.client()
        try:
            kept.push(client, f"full/r{number % 5}", f"t{number}", Image(source, 6 << 20), WAYS[number % len(WAYS)])
        except Refused as refusal:
            require_full(refusal)
            refused += 1
        client.close()
    return refused


def full_for_the_database(berth: Berth, disk: LoopDisk, kept: Kept, source: random.Random) -> int:
    """Not a page is left: the database cannot grow either."""
    ballast = Ballast(disk)
    ballast.fill()
    client = berth.client()
    refused = 0
    for number in range(400):
        # A few pages that are free within the database's files come first.
        try:
            client.push_blob("full/small", source.randbytes(15_000), "whole")
        except Refused as refusal:
            require_full(refusal)
            refused += 1
            if refused >= 5:
                break
    require(refused >= 5, "the database never ran out of space")
    repository, _, image = kept.images[-1]
    for number in range(200):
        try:
            client.push_manifest(repository, f"again{number}", image.manifest)
            kept.images.append((repository, f"again{number}", image))
        except Refused as refusal:
            require_full(refusal)
            refused += 1
            break
    kept.check(client)
    require(client.request("GET", "/livez").status == 200, "the server does not live")
    ballast.remove()
    return refused


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
