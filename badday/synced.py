"""The order of system calls before an answer: write, sync the file, rename, sync the directory, sync the log, answer."""

import re
import shutil
import signal
import subprocess
import time

from badday.server import Berth, Folder, Image, NotHere

CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)")


def run(long: bool) -> str:
    if not shutil.which("strace"):
        raise NotHere("strace is not installed")
    check_the_checker()
    with Folder() as folder:
        with Berth(folder / "data") as berth:
            client = berth.client()
            image = Image(1)
            client.push_blob("bad/warm", image.layers[0])
            trace = folder / "trace"
            tracer = subprocess.Popen(
                ["strace", "-f", "-y", "-s", "32", "-e",
                 "trace=pwrite64,write,writev,fsync,fdatasync,rename,renameat,renameat2,sendto,sendmsg", "-o", trace,
                 "-p", str(berth.process.pid)], stderr=subprocess.PIPE, text=True)  # fmt: skip
            tracer.stderr.readline()  # attached
            time.sleep(0.5)
            client.push_blob("bad/large", image.layers[1])
            client.push_blob("bad/large", image.config)
            client.push_manifest("bad/large", "v1", [image.layers[1]], image.config)
            time.sleep(0.5)
            tracer.send_signal(signal.SIGINT)
            tracer.wait(timeout=20)
        lines = trace.read_text(errors="replace").splitlines()
    answers = [i for i, line in enumerate(lines) if "HTTP/1.1 201" in line]
    assert len(answers) == 3, f"{len(answers)} answers of 201 in the trace"
    check_large(lines[:answers[0]])
    for begin, end in ((answers[0], answers[1]), (answers[1], answers[2])):
        assert position(lines[begin:end], r"(fsync|fdatasync).*berth\.db-wal") >= 0, "a commit was not synced before its answer"
    return "file, rename, directory, log, answer: in this order for a large blob; the log for small ones and manifests"


def position(lines: list[str], pattern: str, after: int = -1) -> int:
    return next((i for i, line in enumerate(lines) if i > after and re.search(pattern, line)), -1)


def check_large(lines: list[str]) -> None:
    wrote = position(lines, r"pwrite64\(.*blobs/uploads/")
    synced = position(lines, r"(fsync|fdatasync)\(\d+<[^>]*blobs/uploads/", wrote)
    renamed = position(lines, r"rename.*blobs/uploads/.*blobs/sha256/", synced)
    directory = position(lines, r"(fsync|fdatasync)\(\d+<[^>]*blobs/sha256/..>", renamed)
    log = position(lines, r"(fsync|fdatasync)\(\d+<[^>]*berth\.db-wal", directory)
    found = dict(wrote=wrote, synced=synced, renamed=renamed, directory=directory, log=log)
    assert all(at >= 0 for at in found.values()), f"not in this order before the answer: {found}"


def check_the_checker() -> None:
    right = ["pwrite64(9</d/blobs/uploads/u>", "fsync(9</d/blobs/uploads/u>)", 'rename("/d/blobs/uploads/u", "/d/blobs/sha256/ab/x")',
             "fsync(9</d/blobs/sha256/ab>)", "fdatasync(7</d/berth.db-wal>)"]  # fmt: skip
    check_large(right)
    for swapped in range(len(right) - 1):
        wrong = [*right]
        wrong[swapped], wrong[swapped + 1] = wrong[swapped + 1], wrong[swapped]
        try:
            check_large(wrong)
        except AssertionError:
            continue
        raise AssertionError(f"a wrong order passes: {wrong}")
