"""Blobs on a file system without links, direct I/O, preallocation and mappings, as NFS may be: pushes, kills, resumes, deletes."""

import json
import os
import pathlib
import random
import subprocess
import threading

from badday import offline
from badday.client import Image, digest
from badday.place import NotRun, Place, require, wait_until
from badday.server import ROOT, Berth
from badday.workload import WAYS

# Debian's, whose packages apt installs; not one that somebody has built.
PYTHON = "/usr/bin/python3"


def run(place: Place, seed: int) -> str:
    blobs, counts = mount(place)
    settings = {"BERTH_STORAGE_BLOBS": str(blobs / "blobs")}
    source = random.Random(seed)
    data = place.path / "data"
    berth = Berth(place, data, **settings)
    client = berth.client()
    images = {}
    for way in WAYS:
        images[way] = Image(source, 12 << 20)  # large enough for direct I/O elsewhere
        client.push_image("net/r", way, images[way], way)
    other = source.randbytes(9 << 20)
    client.push_blob("net/r", other, "streamed")
    client.expect(201, "POST", f"/v2/net/other/blobs/uploads/?mount={digest(other)}&from=net/r", b"")
    partial = client.expect(206, "GET", f"/v2/net/r/blobs/{digest(other)}", headers={"Range": "bytes=1000-4999999"})
    require(partial.body == other[1000:5_000_000], "a part of a blob has other bytes")
    gone = source.randbytes(3 << 20)
    client.push_blob("net/r", gone)
    client.expect(202, "DELETE", f"/v2/net/r/blobs/{digest(gone)}")

    content = source.randbytes(10 << 20)
    upload = client.begin("net/r")
    client.patch(upload, 0, content[: 9 << 20])
    kill_during_pushes(berth, source)
    berth = Berth(place, data, **settings)
    client = berth.client()
    for way, image in images.items():
        require(client.tag("net/r", way) == image.digest, f"{way} is not what it was")
        client.check_image("net/r", image.digest)
    client.check_blob("net/other", digest(other))
    size = client.size_of_upload(upload)
    require(size == 9 << 20, f"the upload has {size} bytes after the kill")
    client.finish(upload, digest(content), content[size:])
    client.check_blob("net/r", digest(content))
    berth.stop()
    # Uploads of the kill wait for their expiry, known to the database like all that lies there.
    offline.check(data, blobs / "blobs")
    asked = json.loads(counts.read_text())
    require(asked.get("fsync", 0) > 0, "nothing was synced")
    require("link" not in asked and "symlink" not in asked, f"links were asked for: {asked}")
    return f"{len(images)} images in {len(WAYS)} ways, kill, resume, mount, range and delete; direct I/O refused {asked.get('direct', 0)} times, no link asked for, {asked['fsync']} syncs"


def mount(place: Place) -> tuple[pathlib.Path, pathlib.Path]:
    if os.geteuid() != 0 or not pathlib.Path("/dev/fuse").exists():
        raise NotRun("mounting over FUSE needs root and /dev/fuse")
    if subprocess.run([PYTHON, "-c", "import fusepy"], capture_output=True, check=False).returncode != 0:
        raise NotRun("python3-fusepy is not installed")
    at = place.folder("mounted")
    counts = place.path / "counts.json"
    counts.write_text("{}")
    process = place.spawn([PYTHON, ROOT / "badday/bare_fs.py", place.folder("source"), at, counts])
    place.undo.append(lambda: subprocess.run(["umount", "-l", at], check=False))
    wait_until(lambda: os.path.ismount(at) or process.poll() is not None, 20, "the file system to be mounted")
    require(process.poll() is None, "the file system could not be mounted")
    return at, counts


def kill_during_pushes(berth: Berth, source: random.Random) -> None:
    begun = threading.Barrier(5)

    def push(content: bytes) -> None:
        mine = berth.client()

        def parts():
            yield content[: 4 << 20]
            begun.wait(60)
            yield content[4 << 20 :]

        try:
            mine.request("PATCH", mine.begin("net/r"), parts())
        except OSError:
            pass  # killed

    threads = [threading.Thread(target=push, args=(source.randbytes(8 << 20),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(60)
    berth.kill()
    for thread in threads:
        thread.join(60)
