"""The power goes during pushes: what was acknowledged is on the disk.

The data directory is a file system in a file. The file holds what the disk holds: what was written and not synced is
only in memory. A copy of the file is the disk after a power cut, once it is known that the disk did nothing while it was
copied. Berth is stopped (SIGSTOP) for the moment of the copy, so that the disk comes to rest.
"""

import pathlib
import random
import shutil
import signal
import subprocess
import time

from badday import offline, workload
from badday.place import Failed, LoopDisk, NotRun, Place, require, wait_until
from badday.server import Berth

PUSHERS = 8


def run(place: Place, seed: int) -> str:
    source = random.Random(seed)
    cuts = 20 if place.long else 4
    good = cut_power(place, source, "synced", cuts, lose_syncs=False)
    problems = [problem for problem in good.problems if problem]
    require(not problems, f"{len(problems)} of {cuts} power cuts lost something: {problems[:3]}")
    require(good.acknowledged > 0, "nothing had been acknowledged before a cut")
    text = f"{cuts} power cuts during {PUSHERS} pushes at once: {good.checked} promises checked ({good.describe}), none lost"
    if not shutil.which("strace"):
        place.note_missing("the proof that missing syncs would be noticed needs strace")
        return text
    bad = cut_power(place, source, "unsynced", 2, lose_syncs=True)
    noticed = [problem for problem in bad.problems if problem]
    require(noticed, "with every fsync ignored nothing was lost: this test would not notice a missing one")
    return text + f"; with every fsync ignored {len(noticed)} of 2 cuts were noticed ({noticed[0][:100]})"


class Outcome:
    def __init__(self):
        self.problems: list[str | None] = []
        self.checked = 0
        self.acknowledged = 0
        self.describe = ""


def cut_power(place: Place, source: random.Random, name: str, cuts: int, lose_syncs: bool) -> Outcome:
    disk = LoopDisk(place, name, 3000)
    ledger = workload.Ledger()
    outcome = Outcome()
    berth = Berth(place, disk.at / "data")
    tracer = ignore_syncs(place, berth) if lose_syncs else None
    pushers = workload.start(PUSHERS, berth.client, ledger, source)
    states = []
    for cut in range(cuts):
        goal = ledger.total() + source.randrange(1, 12)
        wait_until(lambda: ledger.total() >= goal or any(pusher.failure for pusher in pushers), 120, "pushes to be acknowledged")
        time.sleep(source.uniform(0, 0.5))
        acknowledged = ledger.snapshot()
        copy = place.path / f"{name}{cut}.img"
        copy_at_rest(disk, berth, copy)
        states.append((copy, ledger.allowed_since(acknowledged)))
    outcome.describe = ledger.describe()
    berth.kill()
    if tracer:
        tracer.wait(timeout=30)
    workload.join(pushers)
    disk.unmount()
    disk.image.unlink()
    for cut, (copy, allowed) in enumerate(states):
        outcome.acknowledged += sum(values[0] is not workload.ABSENT for values in allowed.values())
        outcome.problems.append(lost(place, copy, f"{name}-after{cut}", allowed))
        outcome.checked += len(allowed)
        copy.unlink()
    return outcome


def ignore_syncs(place: Place, berth: Berth) -> subprocess.Popen:
    """From now on the server's syncs only seem to happen."""
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:retval=0", "-e", "signal=none"]
    tracer = place.spawn([*command, "-o", "/dev/null", "-p", berth.process.pid], stderr=subprocess.DEVNULL)
    time.sleep(2)
    if tracer.poll() is not None:
        raise NotRun("strace cannot attach to a process here")
    return tracer


def copy_at_rest(disk: LoopDisk, berth: Berth, copy: pathlib.Path) -> None:
    for _ in range(50):
        berth.process.send_signal(signal.SIGSTOP)
        try:
            wait_until(lambda: disk.writes()[1] == 0, 20, "the disk to come to rest")
            before = disk.writes()
            subprocess.run(["cp", "--sparse=always", disk.image, copy], check=True)
            if disk.writes() == before:
                return
        finally:
            berth.process.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    raise Failed("the disk was never at rest")


def lost(place: Place, image: pathlib.Path, name: str, allowed: dict) -> str | None:
    """What the disk after the cut lacks, or None."""
    disk = LoopDisk(place, name, image=image)
    berth = None
    try:
        berth = Berth(place, disk.at / "data")
        workload.verify(berth.client(), allowed)
        berth.stop()
        offline.check(disk.at / "data")
        return None
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"[:500]
    finally:
        if berth and berth.process.poll() is None:
            berth.kill()
        disk.unmount()
