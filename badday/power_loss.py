"""The power goes during pushes: what was acknowledged is on the disk.

Database and blobs lie on file systems of their own, each in a file. The file holds what the disk holds: what was written and
not synced is only in memory. A copy of the files is what a power cut would leave, once it is known that the disks did
nothing while they were copied. Berth is stopped (SIGSTOP) for the moment of the copy, so that they come to rest.

Two file systems, because on a single one the sync of the database would bring the names of blobs to the disk as well.
"""

import pathlib
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from badday import offline, strace, workload
from badday.client import digest
from badday.place import Failed, LoopDisk, NotRun, Place, require, wait_until
from badday.server import Berth

PUSHERS = 8


@dataclass(frozen=True)
class Cut:
    """What the disks held, what may be there, and how it came about."""

    what: str
    images: tuple[pathlib.Path, pathlib.Path]
    allowed: dict[workload.Key, list[str | None]]


def run(place: Place, seed: int) -> str:
    source = random.Random(seed)
    crowded, lone = (16, 8) if place.long else (3, 2)
    machine = Machine(place, source)
    cuts = [machine.cut_in_a_crowd() for _ in range(crowded)]
    machine.end_crowd()
    cuts += [machine.cut_after_a_push() for _ in range(lone)]
    pushed = machine.ledger.describe()
    try:
        strace.require_strace()
        broken = machine.cuts_without_syncs()
    except NotRun as why:
        place.note_missing(f"the proof that missing syncs would be noticed: {why}")
        broken = []
    machine.stop()

    problems = {cut.what: problem for cut in cuts if (problem := lost(place, cut))}
    require(not problems, f"{len(problems)} of {len(cuts)} power cuts lost something: {problems}")
    acknowledged = sum(values[0] is not workload.ABSENT for cut in cuts for values in cut.allowed.values())
    require(acknowledged > 0, "nothing had been acknowledged before a cut")
    noticed = {cut.what: lost(place, cut) for cut in broken}
    missed = [what for what, problem in noticed.items() if not problem]
    require(not missed, f"nothing was lost {missed}: this test would not notice a missing one")
    return (
        f"{crowded} power cuts during {PUSHERS} pushes at once and {lone} just after an answer:"
        f" {sum(len(cut.allowed) for cut in cuts)} promises checked ({pushed}), none lost;"
        f" losses noticed {', '.join(noticed) or 'nothing'}"
    )


class Machine:
    """A server, its two disks and its clients."""

    def __init__(self, place: Place, source: random.Random):
        self.place = place
        self.source = source
        self.ledger = workload.Ledger()
        self.disks = (LoopDisk(place, "database", 300), LoopDisk(place, "blobs", 2500))
        self.berth = start(place, self.disks)
        self.cuts = 0
        self.pushers = workload.start(PUSHERS, self.berth.client, self.ledger, source)
        self.lone = workload.Pusher(PUSHERS, self.berth.client(), self.ledger, source.getrandbits(32), [b""], 200_000)

    def cut_in_a_crowd(self, what: str = "a cut in a crowd") -> Cut:
        goal = self.ledger.total() + self.source.randrange(1, 12)
        wait_until(lambda: self.ledger.total() >= goal or any(pusher.failure for pusher in self.pushers), 120, "pushes to be acknowledged")
        time.sleep(self.source.uniform(0, 0.5))
        return self.cut(what)

    def end_crowd(self) -> None:
        workload.join(self.pushers)

    def cut_after_a_push(self) -> Cut:
        self.lone.push_image()
        return self.cut("a cut just after an answer")

    def cuts_without_syncs(self) -> list[Cut]:
        """What there must not be: answers that the disk does not bear out."""
        folders = [self.disks[1].at / "blobs/sha256" / f"{number:02x}" for number in range(256)]
        log = self.disks[0].at / "data/berth.db-wal"
        client = self.berth.client()
        content = self.source.randbytes(150_000)
        upload = ""

        def layer() -> list[pathlib.Path]:
            nonlocal upload
            upload = client.begin("bad/layer")
            client.patch(upload, 0, content)
            return list((self.disks[1].at / "blobs/uploads").glob(f"{upload.rsplit('/', 1)[1]}.*"))

        return [
            self.cut_without("syncs of folders", lambda: folders, self.lone.push_image),
            self.cut_without("syncs of the log", lambda: [log], self.lone.push_image),
            self.cut_without("a layer's sync", layer, lambda: self.finish(client, upload, content)),
            self.cut_without("any sync", lambda: [], self.lone.push_image),
        ]

    def finish(self, client, upload: str, content: bytes) -> None:
        key = ("blob", "bad/layer", digest(content))
        self.ledger.ask(key, workload.PRESENT)
        client.finish(upload, key[2])
        self.ledger.acknowledge(key)

    def cut_without(self, what: str, paths: Callable[[], list[pathlib.Path]], push: Callable[[], None]) -> Cut:
        """A push some of whose syncs only seem to happen, and a cut. What was pushed before is on the disk."""
        for disk in self.disks:
            subprocess.run(["sync", "-f", disk.at], check=True)
        before = set(self.ledger.promises)
        options = [option for path in paths() for option in ("-P", path)]
        calls = "fsync,fdatasync"
        tracer = strace.attach(
            self.place, self.berth.process.pid, pathlib.Path("/dev/null"), "-e", f"trace={calls}", "-e", f"inject={calls}:retval=0", *options
        )
        push()
        cut = self.cut(f"without {what}")
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=30)
        return Cut(cut.what, cut.images, {key: values for key, values in cut.allowed.items() if key not in before})

    def cut(self, what: str) -> Cut:
        acknowledged = self.ledger.snapshot()
        self.cuts += 1
        copies = tuple(self.place.path / f"{disk.at.name}-{self.cuts}.img" for disk in self.disks)
        self.copy_at_rest(copies)
        return Cut(what, copies, self.ledger.allowed_since(acknowledged))

    def copy_at_rest(self, copies: tuple[pathlib.Path, ...]) -> None:
        for _ in range(50):
            self.berth.process.send_signal(signal.SIGSTOP)
            try:
                wait_until(lambda: all(disk.writes()[1] == 0 for disk in self.disks), 20, "the disks to come to rest")
                before = [disk.writes() for disk in self.disks]
                for disk, copy in zip(self.disks, copies, strict=True):
                    subprocess.run(["cp", "--sparse=always", disk.image, copy], check=True)
                if [disk.writes() for disk in self.disks] == before:
                    return
            finally:
                self.berth.process.send_signal(signal.SIGCONT)
            time.sleep(0.1)
        raise Failed("the disks were never at rest")

    def stop(self) -> None:
        self.berth.kill()
        for disk in self.disks:
            disk.unmount()
            disk.image.unlink()


def start(place: Place, disks: tuple[LoopDisk, LoopDisk]) -> Berth:
    return Berth(place, disks[0].at / "data", BERTH_STORAGE_BLOBS=str(disks[1].at / "blobs"))


def lost(place: Place, cut: Cut) -> str | None:
    """What the disks after the cut lack, or None."""
    disks = tuple(LoopDisk(place, f"{image.stem}-after", image=image) for image in cut.images)
    berth = None
    try:
        berth = start(place, disks)
        workload.verify(berth.client(), cut.allowed)
        berth.stop()
        offline.check(berth.data, disks[1].at / "blobs")
        return None
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"[:500]
    finally:
        if berth and berth.process.poll() is None:
            berth.kill()
        for disk in disks:
            disk.unmount()
            disk.image.unlink()
