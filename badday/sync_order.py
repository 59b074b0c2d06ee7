"""The order of system calls before a 201: write, sync the file, rename, sync its folder, sync the database's log, answer."""

import random
import re
import shutil
import signal
import time
from dataclasses import dataclass, replace

from badday.client import Image
from badday.place import Failed, NotRun, Place, require, wait_until
from badday.server import Berth

CALLS = "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2"
SYNCS = ("fsync", "fdatasync")
RENAMES = ("rename", "renameat", "renameat2")
QUIET = 0.5  # seconds between requests, so that no other work is in their part of the trace


@dataclass(frozen=True)
class Call:
    """A system call; `begin` and `end` are lines of the trace."""

    name: str
    text: str
    begin: int
    end: int

    def writes(self, path: str) -> bool:
        return self.name.startswith(("write", "pwrite")) and re.search(rf"^\d+<[^>]*{path}", self.text) is not None

    def syncs(self, path: str) -> bool:
        return self.name in SYNCS and re.search(rf"^\d+<[^>]*{path}>", self.text) is not None

    def answers(self) -> bool:
        return "HTTP/1.1 201" in self.text


def run(place: Place, seed: int) -> str:
    if not shutil.which("strace"):
        raise NotRun("strace is not installed")
    source = random.Random(seed)
    berth = Berth(place, place.path / "data")
    client = berth.client()
    image = Image(source, 3 << 20)
    direct = source.randbytes((12 << 20) + 77)  # large enough to be written past the page cache
    client.push_blob("sync/warm", source.randbytes(50_000))
    trace = place.path / "trace"
    tracer = place.spawn(
        ["strace", "-f", "-qq", "-y", "-s", "64", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", trace, "-p", berth.process.pid],
        stderr=open(place.path / "strace.err", "w"),
    )
    # It has attached to all threads when a request leaves a trace.
    time.sleep(1)
    if tracer.poll() is not None:
        raise NotRun(f"strace cannot attach to a process here: {(place.path / 'strace.err').read_text().strip()}")
    wait_until(lambda: client.expect(200, "GET", "/livez") and trace.exists() and "200 OK" in trace.read_text(errors="replace"), 20, "strace")
    requests = []

    def push(what: str, with_file: bool, action) -> None:
        time.sleep(QUIET)
        action()
        requests.append((what, with_file))

    push("large blob, whole", True, lambda: client.push_blob("sync/r", image.layers[1], "whole"))
    push("large blob, past the page cache", True, lambda: client.push_blob("sync/r", direct, "put"))
    push("layer in chunks", True, lambda: client.push_blob("sync/r", image.layers[0], "chunked"))
    push("small blob", False, lambda: client.push_blob("sync/r", image.config, "whole"))
    push("small blob in chunks", False, lambda: client.push_blob("sync/r", source.randbytes(9_000), "chunked"))
    push("manifest", False, lambda: client.push_manifest("sync/r", "v1", image.manifest))
    time.sleep(QUIET)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(timeout=30)
    berth.stop()

    calls = parse(trace.read_text(errors="replace").splitlines())
    answers = [call for call in calls if call.answers()]
    require(len(answers) == len(requests), f"{len(answers)} answers of 201 in the trace, {len(requests)} were got")
    doctored = 0
    previous = -1
    for (what, with_file), answer in zip(requests, answers, strict=True):
        mine = [call for call in calls if call.begin > previous and call.begin <= answer.begin]
        problem = wrong(mine, with_file)
        require(problem is None, f"{what}: {problem}")
        doctored += check_the_checker(what, mine, with_file)
        previous = answer.begin
    return f"{len(requests)} pushes in the right order ({', '.join(what for what, _ in requests)}); {doctored} doctored traces noticed"


def parse(lines: list[str]) -> list[Call]:
    """Calls of all threads, in the order in which they began. An interrupted line is joined with its rest."""
    calls: list[Call] = []
    open_calls: dict[str, tuple[int, str, str]] = {}
    for number, line in enumerate(lines):
        started = re.match(r"(\d+) +(\w+)\((.*)", line)
        resumed = re.match(r"(\d+) +<\.\.\. (\w+) resumed>(.*)", line)
        if started:
            thread, name, text = started.groups()
            if text.endswith("<unfinished ...>"):
                open_calls[thread] = (number, name, text)
            else:
                calls.append(Call(name, text, number, number))
        elif resumed and resumed[1] in open_calls:
            begin, name, text = open_calls.pop(resumed[1])
            calls.append(Call(name, text + resumed[3], begin, number))
    return sorted(calls, key=lambda call: call.begin)


def wrong(calls: list[Call], with_file: bool) -> str | None:
    """What is not in order in the calls up to an answer, which is the last; or None."""
    answer = calls[-1]
    if not answer.answers():
        return "there is no answer"
    log = [call for call in calls if call.writes(r"berth\.db-wal")]
    if not log:
        return "nothing was written to the database's log"
    after_file = 0
    if with_file:
        writes = [call for call in calls if call.writes("blobs/uploads/")]
        renames = [call for call in calls if call.name in RENAMES and re.search(r"blobs/uploads/.*blobs/sha256/", call.text)]
        if not writes or len(renames) != 1:
            return f"{len(writes)} writes of the file, {len(renames)} renames"
        rename = renames[0]
        written = max(call.end for call in writes)
        if not any(call.syncs("blobs/uploads/[^>]*") and call.begin > written and call.end < rename.begin for call in calls):
            return "the file was not synced between its last write and its rename"
        folders = [call for call in calls if call.syncs("blobs/sha256/[0-9a-f]{2}") and call.begin > rename.end]
        if not folders:
            return "the folder was not synced after the rename"
        after_file = min(call.end for call in folders)
    # The commit is the last that was written to the log before the answer.
    commit = max(log, key=lambda call: call.end)
    if commit.begin < after_file:
        return "the database was written before the folder was synced"
    if not any(call.syncs(r"berth\.db-wal") and call.begin > commit.end and call.end < answer.begin for call in calls):
        return "the database's log was not synced between the commit and the answer"
    return None


def check_the_checker(what: str, calls: list[Call], with_file: bool) -> int:
    """Breaks a good trace in every way that matters. Each must be noticed."""

    def without(unwanted) -> list[Call]:
        return [call for call in calls if not unwanted(call)]

    def last_before(unwanted, at: int) -> list[Call]:
        """The call happens, but only as late as `at`."""
        moved = [replace(call, begin=at, end=at) if unwanted(call) else call for call in calls[:-1]]
        return [*moved, replace(calls[-1], begin=at - 1, end=at - 1)]

    answer = calls[-1].begin
    broken = {
        "no sync of the log": without(lambda call: call.syncs(r"berth\.db-wal")),
        "a sync of the log after the answer": last_before(lambda call: call.syncs(r"berth\.db-wal"), answer + 1),
        "no commit": without(lambda call: call.writes(r"berth\.db-wal")),
    }
    if with_file:
        rename = next(call for call in calls if call.name in RENAMES)
        broken |= {
            "no sync of the file": without(lambda call: call.syncs("blobs/uploads/[^>]*")),
            "no sync of the folder": without(lambda call: call.syncs("blobs/sha256/..")),
            "no rename": without(lambda call: call.name in RENAMES),
            "a rename before the sync": [replace(call, begin=0, end=0) if call is rename else call for call in calls],
            "a write after the sync": [
                replace(call, begin=rename.begin, end=rename.begin) if call.writes("blobs/uploads/") else call for call in calls
            ],
            "a folder synced only before the rename": [
                replace(call, begin=0, end=0) if call.syncs("blobs/sha256/..") else call for call in calls
            ],
            "a commit before the rename": [
                replace(call, begin=rename.begin - 1, end=rename.begin - 1) if call.writes(r"berth\.db-wal") else call for call in calls
            ],
        }
    for name, trace in broken.items():
        if wrong(trace, with_file) is None:
            raise Failed(f"{what}: the check does not notice {name}")
    return len(broken)
