"""A data directory that cannot be written: no start with a clear message; under a running server clear errors, and pulls go on."""

import os
import pathlib
import random
import subprocess

from badday import offline
from badday.client import Client, Image, Lost, Refused, digest
from badday.place import Failed, LoopDisk, NotRun, Place, require, wait_until
from badday.server import ROOT, Berth

NOBODY = 65534


def run(place: Place, seed: int) -> str:
    done = []
    image = Image(random.Random(seed), 2 << 20)
    done.append(start_without_rights(place))
    try:
        disk = LoopDisk(place, "disk", 256, options="errors=remount-ro")
    except NotRun as why:
        place.note_missing(f"a read-only file system: {why}")
        return "; ".join(done)
    data = disk.at / "data"
    berth = Berth(place, data)
    berth.client().push_image("ro/r", "v1", image)
    berth.stop()
    done.append(start_on_read_only(place, disk, data))
    done.append(turned_read_only(place, disk, data, image, random.Random(seed)))
    return "; ".join(done)


def require_refused(berth: Berth, words: tuple[str, ...], what: str) -> str:
    code = berth.wait(60)
    said = berth.said()
    require(code not in (0, -9), f"{what}: exit code {code}")
    require(any(word in said for word in words) and str(berth.data) in said, f"{what}: the message says little: {said[-600:]}")
    require("\tat " not in said, f"{what}: a stack trace: {said[-600:]}")
    return f"{what}: refused with {code}"


def start_without_rights(place: Place) -> str:
    """As another user than the owner, since root may do all."""
    user = NOBODY if os.geteuid() == 0 else None
    if user is not None:
        readable = subprocess.run(["test", "-r", ROOT / "server/target/berth.jar"], user=user, group=user, extra_groups=[], check=False)
        if readable.returncode != 0:
            place.note_missing("a start without the right to write: the user nobody cannot read this checkout")
            return "no start without rights tried"
        os.chmod(place.path, 0o755)
    texts = []
    folder = place.folder("not-mine")
    os.chmod(folder, 0o555)
    berth = Berth(place, folder, wait=False, user=user)
    texts.append(require_refused(berth, ("cannot be written",), "folder without the right to write"))
    os.chmod(folder, 0o755)
    # A database and a folder of blobs of somebody else in a folder of one's own.
    for name in ("berth.db", "blobs"):
        folder = place.folder(f"with-{name}")
        if user is not None:
            os.chown(folder, user, user)
        part = folder / name
        if name == "blobs":
            part.mkdir(mode=0o555)
        else:
            Berth(place, folder, user=user).stop()
            os.chmod(part, 0o444)
            if user is not None:
                os.chown(part, 0, 0)
        texts.append(require_refused(Berth(place, folder, wait=False, user=user), ("cannot be", "read"), f"{name} without the right to write"))
    return ", ".join(texts)


def start_on_read_only(place: Place, disk: LoopDisk, data: pathlib.Path) -> str:
    disk.unmount()
    disk.mount("ro")
    text = require_refused(Berth(place, data, wait=False), ("ead-only file system", "cannot be written"), "read-only file system")
    disk.unmount()
    disk.mount()
    return text


def turned_read_only(place: Place, disk: LoopDisk, data: pathlib.Path, image: Image, source: random.Random) -> str:
    """As after an error of the disk: the kernel takes the file system away from writers, open files included."""
    trigger = pathlib.Path(f"/sys/fs/ext4/{disk.device()}/trigger_fs_error")
    if not trigger.exists():
        place.note_missing("a file system that turns read-only: this kernel cannot be asked to")
        return "no turn to read-only tried"
    berth = Berth(place, data)
    client = berth.client()
    more = Image(source, 1 << 20)
    client.push_image("ro/r", "v2", more)
    upload = client.begin("ro/r")
    client.patch(upload, 0, image.layers[1][: 1 << 20])
    trigger.write_text("badday\n")
    wait_until(lambda: is_read_only(disk), 10, "the file system to turn read-only")
    codes = set()
    for attempt in range(3):
        for way in ("whole", "put", "chunked", "streamed"):
            codes.add(refusal(client, lambda way=way: client.push_blob("ro/r", source.randbytes(200_000), way)))
        codes.add(refusal(client, lambda: client.push_blob("ro/r", source.randbytes(2_000), "whole")))
        codes.add(refusal(client, lambda: client.push_manifest("ro/r", f"no{attempt}", image.manifest)))
        codes.add(refusal(client, lambda: client.expect(202, "DELETE", "/v2/ro/r/manifests/v1")))
        for tag, kept in (("v1", image), ("v2", more)):
            require(client.tag("ro/r", tag) == kept.digest, f"{tag} is not what it was")
            client.check_image("ro/r", kept.digest)
        client.expect(200, "GET", "/v2/ro/r/tags/list")
        client.expect(200, "GET", "/v2/_catalog")
    wait_until(lambda: b"cannot be written" in client.request("GET", "/readyz").body, 20, "readiness to tell of the database")
    fresh = berth.client()  # its credentials are looked at anew
    fresh.check_image("ro/r", image.digest)
    require(berth.process.poll() is None, "the server has ended")
    berth.terminate()
    code = berth.wait(60)
    disk.unmount()
    subprocess.run(["e2fsck", "-fy", disk.image], capture_output=True, check=False)
    disk.mount()
    berth = Berth(place, data)
    client = berth.client()
    for tag, kept in (("v1", image), ("v2", more)):
        require(client.tag("ro/r", tag) == kept.digest, f"{tag} is not what it was after the repair")
        client.check_image("ro/r", kept.digest)
    client.push_image("ro/r", "v3", Image(source, 1 << 20))
    size = client.size_of_upload(upload)
    if size is not None:
        client.finish(upload, digest(image.layers[1]), image.layers[1][size:])
    berth.stop()
    offline.check(data)
    return f"turned read-only while running: pushes and deletes answered {', '.join(sorted(codes))}, pulls went on, exit code {code}"


def is_read_only(disk: LoopDisk) -> bool:
    try:
        (disk.at / "probe").touch()
        (disk.at / "probe").unlink()
        return False
    except OSError:
        return True


def refusal(client: Client, action) -> str:
    """The status and code that a change is answered with."""
    try:
        action()
    except Refused as refused:
        require(refused.answer.status in (503, 507), f"a read-only disk is answered by {refused}")
        return f"{refused.answer.status} {refused.answer.error_code()}"
    except Lost as lost:
        raise Failed(f"a read-only disk is answered by a lost connection: {lost}") from lost
    raise Failed("a change was acknowledged on a read-only disk")
