"""A blob far larger than memory, pushed and pulled with a small heap. Its bytes are made as they are sent."""

import hashlib
import http.client
import random
import shutil
import threading
import time
from collections.abc import Iterator

from badday.place import NotRun, Place, require
from badday.server import BASIC, Berth

PIECE = 1 << 20
RSS_LIMIT = 600  # MiB


def run(place: Place, seed: int) -> str:
    size = (20 if place.long else 2) << 30
    free = shutil.disk_usage(place.path).free
    if free < size + (2 << 30):
        raise NotRun(f"a blob of {size >> 30} GiB needs more than the {free >> 30} GiB that are free in {place.path}")
    berth = Berth(place, place.path / "data", BERTH_HEAP="256m")
    client = berth.client()
    samples: list[int] = []
    over = threading.Event()

    def sample() -> None:
        while not over.wait(0.2):
            samples.append(berth.rss_mib())

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    sent = hashlib.sha256()
    upload = client.begin("big/r")
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", berth.port, timeout=600)
    connection.request("PATCH", upload, pieces(size, seed, sent), {"Authorization": BASIC, "Content-Length": str(size)})
    answer = connection.getresponse()
    require(answer.status == 202, f"the bytes were answered {answer.status} {answer.read()[:300]}")
    answer.read()
    name = f"sha256:{sent.hexdigest()}"
    connection.request("PUT", f"{upload}?digest={name}", b"", {"Authorization": BASIC})
    answer = connection.getresponse()
    require(answer.status == 201, f"the push was answered {answer.status} {answer.read()[:300]}")
    answer.read()
    pushed = time.monotonic() - began
    began = time.monotonic()
    connection.request("GET", f"/v2/big/r/blobs/{name}", headers={"Authorization": BASIC})
    answer = connection.getresponse()
    require(answer.status == 200, f"the pull was answered {answer.status}")
    require(int(answer.headers["Content-Length"]) == size, f"{answer.headers['Content-Length']} bytes announced")
    got = hashlib.sha256()
    buffer = memoryview(bytearray(PIECE))
    while count := answer.readinto(buffer):
        got.update(buffer[:count])
    pulled = time.monotonic() - began
    over.set()
    sampler.join()
    require(f"sha256:{got.hexdigest()}" == name, "other bytes were pulled than were pushed")
    peak = berth.peak_rss_mib()
    require(peak < RSS_LIMIT, f"{peak} MiB")
    berth.stop()
    return (
        f"{size >> 30} GiB pushed in {pushed:.0f} s ({size / pushed / 2**20:.0f} MiB/s) and pulled in {pulled:.0f} s"
        f" ({size / pulled / 2**20:.0f} MiB/s), digest right; RSS at most {max(samples)} MiB, peak {peak} MiB with a heap of 256 MiB"
    )


def pieces(size: int, seed: int, into) -> Iterator[bytes]:
    """Bytes that never repeat at the same place, hashed as they go."""
    base = random.Random(seed).randbytes(PIECE - 8)
    for number in range(size // PIECE):
        piece = number.to_bytes(8, "big") + base
        into.update(piece)
        yield piece
