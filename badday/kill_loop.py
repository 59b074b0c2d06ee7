"""SIGKILL at every stage of pushes, again and again; nothing that was acknowledged is lost, and nothing is left lying about.

Half of the kills come when a client has got to some point, half come from strace: just before a system call, so that all
before it has happened and nothing after it.
"""

import itertools
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass

from badday import offline, strace, workload
from badday.place import Failed, NotRun, Place, require, wait_until
from badday.server import Berth

PUSHERS = 20
IN_FLIGHT = 8  # pushes begun and not answered, or the kill does not count
KILLS_PER_DATA = 25  # then a new data directory, so that checking everything stays cheap
UNCOMMITTED = 0.4  # seconds after which even work that nobody waits for has been committed
EXPIRY = 3  # seconds; the first maintenance comes after five


@dataclass(frozen=True)
class Moment:
    """A system call that the server does not live to make."""

    calls: str
    path: str = ""  # within the data directory; a pattern
    skip: int = 0  # at most so many of them are made before


WRITES = "?write,pwrite64,?pwritev,?pwritev2"
LOG = "berth.db-wal"
MOMENTS = (
    Moment("?rename,renameat,renameat2"),
    Moment("fsync,fdatasync", "blobs/sha256/??"),
    Moment("fsync,fdatasync", LOG, 2),
    Moment("?sendto,sendmsg", skip=2),
    Moment("?unlink,unlinkat"),
    Moment(WRITES, LOG, 3),
    Moment("fsync,fdatasync"),
    Moment("pwrite64,pwritev", skip=3),
)

# What the call was that did not happen: a pattern for its line in the trace.
STAGES = {
    "write of a layer": r"write.*\(\d+<[^>]*/blobs/uploads/",
    "sync of a layer": r"sync\(\d+<[^>]*/blobs/uploads/",
    "rename": r"rename.*/blobs/uploads/.*/blobs/sha256/",
    "sync of its folder": r"sync\(\d+<[^>]*/blobs/sha256/..>",
    "sync of the folder of folders": r"sync\(\d+<[^>]*/blobs/sha256>",
    "write to the log": rf"write.*\(\d+<[^>]*/{LOG}>",
    "sync of the log": rf"sync\(\d+<[^>]*/{LOG}>",
    "removal of a note": r"unlink.*/blobs/uploads/[^\"]*\.sha256-",
    "removal of an upload": r"unlink.*/blobs/uploads/",
    "checkpoint": r"(write|sync).*\(\d+<[^>]*/berth\.db>",
    "answer 201": r"send.*HTTP/1.1 201",
    "another answer": r"send.*",
}
NEEDED = ("write of a layer", "sync of a layer", "rename", "sync of its folder", "write to the log", "sync of the log", "removal of a note", "answer 201")


def run(place: Place, seed: int) -> str:
    kills = 200 if place.long else 12
    loop = Loop(place, random.Random(seed), kills)
    try:
        strace.require_strace()
    except NotRun as why:
        place.note_missing(f"kills before chosen system calls: {why}")
        loop.moments = iter(())
    while loop.kills < kills:
        require(loop.kills + loop.unfit < kills + 20 + kills // 10, f"{loop.unfit} times too few pushes were in flight: {loop.in_flight}")
        if loop.turn() and loop.kills % 10 == 0:
            print(f"         {loop.kills} kills, acknowledged: {loop.describe()}", flush=True)
    return loop.figures()


class Loop:
    def __init__(self, place: Place, source: random.Random, kills: int):
        self.place = place
        self.source = source
        self.wanted = kills
        self.kills = 0
        self.unfit = 0  # kills that do not count
        self.stages: Counter[str] = Counter()
        self.uploads = Counter(resumed=0, gone=0)
        self.totals: Counter[str] = Counter(workload.Ledger().counts)
        self.unanswered = 0
        self.expired = 0
        self.in_flight: list[int] = []
        self.slowest = 0.0
        self.moments = itertools.cycle(MOMENTS)
        self.berth: Berth | None = None
        self.turns = 0

    def turn(self) -> bool:
        """Pushes, a kill, a start, and a look at what is there. Whether the kill counts."""
        if self.berth is None:
            self.turns = 0
            self.data = self.place.path / f"data{self.kills}"
            self.ledger = workload.Ledger()
            self.berth = Berth(self.place, self.data)
        pushers = workload.start(PUSHERS, self.berth.client, self.ledger, self.source)
        # Two of three by the trace.
        moment = next(self.moments, None) if self.kills % 3 != 2 else None
        stage = self.kill_before(moment, pushers) if moment else self.kill_at_stage(pushers)
        workload.join(pushers)
        in_flight = sum(pusher.in_flight for pusher in pushers)
        fit = in_flight >= IN_FLIGHT
        if fit:
            self.kills += 1
            self.stages[stage] += 1
            self.in_flight.append(in_flight)
        else:
            self.unfit += 1
        self.turns += 1
        self.unanswered += sum(len(values) > 1 for values in self.ledger.allowed().values())
        last = self.turns == KILLS_PER_DATA or self.kills == self.wanted
        self.start_and_check(pushers, last)
        return fit

    def kill_at_stage(self, pushers: list[workload.Pusher]) -> str:
        """After some pushes and a random time, at the next request of a stage, and some milliseconds later."""
        self.await_pushes(pushers)
        stage = self.source.choice(workload.STAGES)
        pusher = self.source.choice(pushers)
        pusher.stages[stage].clear()
        pusher.stages[stage].wait(timeout=5)
        time.sleep(self.source.choice((0, 0.001, 0.003, 0.01, 0.03)))
        self.berth.kill()
        return f"client's {stage}"

    def kill_before(self, moment: Moment, pushers: list[workload.Pusher]) -> str:
        self.await_pushes(pushers)
        trace = self.place.path / "trace"
        paths = [option for path in self.paths(moment.path) for option in ("-P", path)]
        when = 1 + self.source.randrange(moment.skip + 1)
        options = ["-s", "16", "-e", f"trace={moment.calls}", "-e", f"inject={moment.calls}:signal=KILL:when={when}", *paths]
        tracer = strace.attach(self.place, self.berth.process.pid, trace, *options)
        try:
            self.berth.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            raise Failed(f"in 30 s of pushes there was no {moment}") from None
        tracer.wait(timeout=30)
        return stage_of(trace)

    def paths(self, pattern: str) -> list[pathlib.Path]:
        if not pattern:
            return []
        if "?" not in pattern:
            return [self.data / pattern]
        parent = self.data / pathlib.Path(pattern).parent
        return [parent / f"{number:02x}" for number in range(256)]

    def await_pushes(self, pushers: list[workload.Pusher]) -> None:
        goal = self.ledger.total() + self.source.randrange(2, 14)
        wait_until(lambda: self.ledger.total() >= goal or any(pusher.failure for pusher in pushers), 120, "pushes to be acknowledged")
        time.sleep(self.source.uniform(0, 0.5))

    def start_and_check(self, pushers: list[workload.Pusher], last: bool) -> None:
        settings = {"BERTH_REGISTRY_UPLOAD_EXPIRY": f"{EXPIRY}s"} if last else {}
        self.berth = berth = Berth(self.place, self.data, **settings)
        self.slowest = max(self.slowest, berth.start_seconds)
        client = berth.client()
        for pusher in pushers:
            if pusher.interrupted:
                self.uploads[pusher.interrupted.resume(client)] += 1
        ledger = self.ledger
        recent = set(ledger.promises) - ledger.checked
        sample = set(self.source.sample(sorted(ledger.promises), min(20, len(ledger.promises))))
        found = workload.verify(client, ledger.allowed(), lambda key: last or key in recent or key in sample)
        ledger.settle(found)
        ledger.checked = set(found)
        if last:
            self.finish()
        else:
            check_while_suspended(berth)

    def finish(self) -> None:
        """Uploads that nobody goes on with end, and then nothing is left of any."""
        uploads = self.data / "blobs/uploads"
        self.expired += len(list(uploads.iterdir()))
        wait_until(lambda: not list(uploads.iterdir()), 30, "uploads that were cut off to expire")
        self.berth.stop()
        self.berth = None
        offline.check(self.data)
        with offline.Database(self.data) as database:
            require(not database.rows("SELECT id FROM upload"), "uploads without bytes do not expire")
        offline.fsck(self.data)
        self.totals.update(self.ledger.counts)
        self.ledger = workload.Ledger()
        shutil.rmtree(self.data)

    def describe(self) -> str:
        counts = self.totals + Counter(self.ledger.counts)
        return ", ".join(f"{counts[name]} {name}" for name in self.totals)

    def figures(self) -> str:
        require(self.totals["images"] > self.kills, f"only {self.totals['images']} images were acknowledged in {self.kills} kills")
        require(self.uploads["resumed"] > 0, "no interrupted upload was resumed")
        missing = [stage for stage in NEEDED if not self.stages[stage]]
        require(not (self.place.long and shutil.which("strace") and missing), f"no kill before a {missing}")
        stages = ", ".join(f"{stage} {count}" for stage, count in sorted(self.stages.items()))
        return (
            f"{self.kills} kills (before: {stages}), each with {min(self.in_flight)} to {max(self.in_flight)} pushes in flight: acknowledged "
            f"{self.describe()}, none lost; {self.unanswered} unanswered ended either way; {self.uploads['resumed']} uploads resumed,"
            f" {self.uploads['gone']} answered 404, {self.expired} expired; slowest start {self.slowest:.1f} s; no file left over"
        )


def stage_of(trace: pathlib.Path) -> str:
    """What the call was that the server was killed before: the last that began and has no result."""
    open_calls: dict[str, str] = {}  # of each thread, in the order in which they began
    for line in trace.read_text(errors="replace").splitlines():
        thread, text = line.split(None, 1)
        if text.endswith("= ?") or text.startswith("+++"):
            open_calls.setdefault(thread, text)
        else:
            open_calls.pop(thread, None)
            if text.endswith("<unfinished ...>"):
                open_calls[thread] = text
    calls = [text for text in open_calls.values() if not text.startswith("+++")]
    require(calls, f"the trace does not show what the server was killed before: {trace.read_text(errors='replace')[-2000:]}")
    for stage, pattern in STAGES.items():
        if re.search(pattern, calls[-1]):
            return stage
    return calls[-1].split("(")[0]


def check_while_suspended(berth: Berth) -> None:
    """The server is idle, and does nothing while its files are looked at."""
    time.sleep(UNCOMMITTED)
    berth.process.send_signal(signal.SIGSTOP)
    try:
        offline.check(berth.data)
    finally:
        berth.process.send_signal(signal.SIGCONT)
