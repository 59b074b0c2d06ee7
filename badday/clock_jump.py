"""The clock is wrong, and then it is right: nothing is lost, and uploads end when they should."""

import pathlib
import random
import time

from badday import offline
from badday.client import Image, digest
from badday.place import NotRun, Place, require, wait_until
from badday.server import Berth

HOUR = 3600
DAY = 24 * HOUR
YEAR = 365 * DAY
MAINTENANCE = 40  # seconds after a start within which idle uploads have been looked at


def run(place: Place, seed: int) -> str:
    library = find_library()
    clock = place.path / "clock"
    data = place.path / "data"
    source = random.Random(seed)
    kept: list[tuple[str, Image]] = []

    def set_clock(seconds: int) -> None:
        clock.write_text(f"{seconds:+d}\n")

    def start(seconds: int) -> Berth:
        set_clock(seconds)
        return Berth(
            place,
            data,
            LD_PRELOAD=str(library),
            FAKETIME_TIMESTAMP_FILE=str(clock),
            FAKETIME_CACHE_DURATION="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            DONT_FAKE_MONOTONIC="1",
            FAKETIME_FORCE_MONOTONIC_FIX="0",  # with it waits on that clock end at once, and the JVM spins
            NO_FAKE_STAT="1",
        )

    def push(berth: Berth, tag: str) -> None:
        image = Image(source, 1 << 20)
        berth.client().push_image("clock/r", tag, image, source.choice(("whole", "put", "chunked")))
        kept[:] = [(other, old) for other, old in kept if other != tag]
        kept.append((tag, image))

    def check(berth: Berth) -> None:
        client = berth.client()
        for tag, image in kept:
            require(client.tag("clock/r", tag) == image.digest, f"{tag} is not what was acknowledged")
            client.check_image("clock/r", image.digest)

    def begin(berth: Berth) -> tuple[str, bytes]:
        content = source.randbytes(1 << 20)
        client = berth.client()
        upload = client.begin("clock/r")
        client.patch(upload, 0, content[:300_000])
        return upload, content

    def finish(berth: Berth, upload: tuple[str, bytes], what: str) -> None:
        client = berth.client()
        location, content = upload
        size = client.size_of_upload(location)
        require(size == 300_000, f"{what}: the upload has {size} bytes")
        client.finish(location, digest(content), content[size:])
        client.check_blob("clock/r", digest(content))

    def expires(berth: Berth, upload: tuple[str, bytes], what: str) -> None:
        # Its file tells: to ask for an upload is to use it.
        name = upload[0].rsplit("/", 1)[1]
        wait_until(lambda: not list((data / "blobs/uploads").glob(f"{name}.*")), MAINTENANCE, what)
        require(berth.client().size_of_upload(upload[0]) is None, f"{what}: it is still known")

    # Today.
    berth = start(0)
    push(berth, "today")
    push(berth, "moved")
    first = begin(berth)
    second = begin(berth)
    # Forward under a running server, by less than uploads live.
    set_clock(+20 * HOUR)
    time.sleep(1.5)
    push(berth, "in-20-hours")
    check(berth)
    finish(berth, first, "after 20 hours")
    # Backward under a running server, by ten years.
    set_clock(-10 * YEAR)
    time.sleep(1.5)
    push(berth, "moved")
    check(berth)
    third = begin(berth)
    berth.stop()
    leases(data)

    # Restarted in the past: what has been touched in the future is still there.
    berth = start(-10 * YEAR)
    check(berth)
    finish(berth, second, "ten years back")
    push(berth, "in-the-past")
    berth.stop()
    leases(data)

    # Restarted in the far future: idle uploads end, images do not.
    berth = start(+10 * YEAR)
    expires(berth, third, "an upload of twenty years ago to end")
    check(berth)
    push(berth, "in-ten-years")
    push(berth, "moved")
    fourth = begin(berth)
    fifth = begin(berth)
    berth.stop()
    leases(data)

    # Back to today: uploads of the future go on, and do not stay for ten years when they are left alone.
    berth = start(0)
    check(berth)
    finish(berth, fourth, "back from the future")
    time.sleep(8)  # maintenance has seen the other one
    berth.stop()
    berth = start(+30 * HOUR)
    expires(berth, fifth, "an upload from the future to end a day after it was seen")
    check(berth)
    push(berth, "at-last")
    berth.stop()
    leases(data)
    offline.check(data)
    offline.fsck(data)
    with offline.Database(data) as database:
        [(first_push, last_push)] = database.rows("SELECT MIN(pushed_at), MAX(pushed_at) FROM manifest")
    years = (last_push - first_push) / 1000 / YEAR
    require(years > 19, f"the clock was not set: all pushes are within {years:.1f} years")
    return (
        f"by 20 hours, +10 and -10 years, running and across restarts: {len(kept)} tags right whose pushes lie {years:.0f} years"
        " apart, uploads went on and ended in time, leases end after their pushes"
    )


def find_library() -> pathlib.Path:
    found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")) + sorted(pathlib.Path("/usr/lib").glob("faketime/libfaketime.so.1"))
    if not found:
        raise NotRun("libfaketime is not installed (Debian's package: faketime)")
    return found[0]


def leases(data: pathlib.Path) -> None:
    """A lease ends after it began, whatever the clock said before or later."""
    with offline.Database(data) as database:
        wrong = database.rows("SELECT digest FROM manifest WHERE leased_until <= pushed_at OR leased_until <= 0")
        wrong += database.rows("""
            SELECT rb.digest FROM repo_blob rb JOIN blob b ON b.digest = rb.digest WHERE rb.leased_until <= b.created_at""")
    require(not wrong, f"leases that end before they begin: {wrong}")
