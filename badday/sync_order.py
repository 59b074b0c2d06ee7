"""The order of system calls before an answer that promises something.

A 201 of a blob: write, sync the file, rename, sync its folder, sync the folder of folders, sync the database's log, answer. A
202 of a delete: sync the database's log, answer.
"""

import pathlib
import random
import re
import signal
import time
from dataclasses import dataclass, replace

from badday import strace
from badday.client import Image, digest
from badday.place import Failed, Place, require, wait_until
from badday.server import Berth

CALLS = "?write,pwrite64,?writev,?pwritev,?pwritev2,?sendto,?sendmsg,fsync,fdatasync,?rename,?renameat,renameat2"
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

    def answers(self, status: int) -> bool:
        return f"HTTP/1.1 {status}" in self.text


@dataclass(frozen=True)
class Request:
    """What was asked for, the answer that promises it, and what has to become durable beside a transaction."""

    what: str
    status: int
    with_file: bool
    new_folder: bool = False


def run(place: Place, seed: int) -> str:
    strace.require_strace()
    source = random.Random(seed)
    image = Image(source, 3 << 20)
    direct = source.randbytes((12 << 20) + 77)  # large enough to be written past the page cache
    berth = Berth(place, place.path / "data")
    berth.client().push_blob("sync/warm", source.randbytes(50_000))
    berth.stop()
    start(place, berth.data)
    berth = Berth(place, berth.data)
    # As another request that is just making it has it, or a crash leaves it: not synced.
    folder_of(berth, image.layers[1]).mkdir(exist_ok=True)
    client = berth.client()
    lone = source.randbytes(60_000)
    client.push_blob("sync/r", lone)
    trace = place.path / "trace"
    tracer = strace.attach(place, berth.process.pid, trace, "-s", "64", "-e", f"trace={CALLS}")
    wait_until(lambda: client.expect(200, "GET", "/livez") and "200 OK" in trace.read_text(errors="replace"), 20, "strace")
    requests: list[Request] = []

    def ask(request: Request, action) -> None:
        time.sleep(QUIET)
        action()
        requests.append(request)

    def blob(what: str, content: bytes, way: str, small: bool = False) -> None:
        new = not small and folder_of(berth, content) not in folders
        folders.add(folder_of(berth, content))
        ask(Request(what, 201, not small, new), lambda: client.push_blob("sync/r", content, way))

    folders = {folder_of(berth, lone)}
    blob("large blob, whole", image.layers[1], "whole")
    blob("large blob, past the page cache", direct, "put")
    blob("layer in chunks", image.layers[0], "chunked")
    blob("layer of unknown length", source.randbytes(70_000), "streamed")
    blob("small blob", image.config, "whole", small=True)
    blob("small blob in chunks", source.randbytes(9_000), "chunked", small=True)
    ask(Request("manifest", 201, False), lambda: client.push_manifest("sync/r", "v1", image.manifest))
    ask(Request("move of a tag", 201, False), lambda: client.push_manifest("sync/r", "v2", image.manifest))
    # From here on there is no 202 but of a delete.
    for what, path in (("tag", "manifests/v1"), ("manifest", f"manifests/{image.digest}"), ("blob", f"blobs/{digest(lone)}")):
        ask(Request(f"delete of a {what}", 202, False), lambda path=path: client.expect(202, "DELETE", f"/v2/sync/r/{path}"))
    time.sleep(QUIET)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(timeout=30)
    berth.stop()

    calls = parse(trace.read_text(errors="replace").splitlines())
    answers = promises(calls, requests)
    doctored = 0
    previous = -1
    for request, answer in zip(requests, answers, strict=True):
        mine = [call for call in calls if call.begin > previous and call.begin <= answer.begin]
        problem = wrong(mine, request)
        require(problem is None, f"{request.what}: {problem}")
        doctored += check_the_checker(mine, request)
        previous = answer.begin
    require(sum(request.new_folder for request in requests) >= 2, "no blob came into a folder that was new")
    return f"{len(requests)} requests in the right order ({', '.join(request.what for request in requests)}); {doctored} doctored traces noticed"


def start(place: Place, data: pathlib.Path) -> None:
    """A start makes sure of the folders that are there, whose names a crash may have kept from the disk."""
    trace = place.path / "trace-of-start"
    folder = data / "blobs/sha256"
    berth = Berth(place, data, under=strace.command(trace, "--seccomp-bpf", "-D", "-e", "trace=fsync,fdatasync", "-P", folder))
    berth.stop()
    synced = [call for call in parse(trace.read_text(errors="replace").splitlines()) if call.syncs("blobs/sha256")]
    require(synced, f"a start does not sync {folder}, whose folders it relies on")


def folder_of(berth: Berth, content: bytes) -> pathlib.Path:
    return berth.data / "blobs/sha256" / digest(content).split(":")[1][:2]


def promises(calls: list[Call], requests: list[Request]) -> list[Call]:
    """The calls that sent the answers: those of 201, and after the last of them those of 202."""
    created = [call for call in calls if call.answers(201)]
    accepted = [call for call in calls if call.answers(202) and call.begin > created[-1].begin]
    for status, found in ((201, created), (202, accepted)):
        wanted = sum(request.status == status for request in requests)
        require(len(found) == wanted, f"{len(found)} answers of {status} in the trace, {wanted} were got")
    return created + accepted


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


def wrong(calls: list[Call], request: Request) -> str | None:
    """What is not in order in the calls up to an answer, which is the last; or None."""
    answer = calls[-1]
    if not answer.answers(request.status):
        return "there is no answer"
    log = [call for call in calls if call.writes(r"berth\.db-wal")]
    if not log:
        return "nothing was written to the database's log"
    after_file = 0
    if request.with_file:
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
        if request.new_folder:
            parents = [call for call in calls if call.syncs("blobs/sha256")]
            if not parents:
                return "the folder of the new folder was not synced"
            after_file = max(after_file, min(call.end for call in parents))
    # The commit is the last that was written to the log before the answer.
    commit = max(log, key=lambda call: call.end)
    if commit.begin < after_file:
        return "the database was written before the folder was synced"
    if not any(call.syncs(r"berth\.db-wal") and call.begin > commit.end and call.end < answer.begin for call in calls):
        return "the database's log was not synced between the commit and the answer"
    return None


def check_the_checker(calls: list[Call], request: Request) -> int:
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
    if request.new_folder:
        broken |= {
            "no sync of the folder of folders": without(lambda call: call.syncs("blobs/sha256")),
            "a sync of the folder of folders after the answer": last_before(lambda call: call.syncs("blobs/sha256"), answer - 1),
        }
    if request.with_file:
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
        if wrong(trace, request) is None:
            raise Failed(f"{request.what}: the check does not notice {name}")
    return len(broken)
