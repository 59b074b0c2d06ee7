"""strace, attached to a running server."""

import pathlib
import shutil
import subprocess
import time

from badday.place import NotRun, Place


def require_strace() -> None:
    if not shutil.which("strace"):
        raise NotRun("strace is not installed")


def command(output: pathlib.Path, *options: str | pathlib.Path) -> tuple:
    """What a command is put behind to be traced with all its threads; file descriptors are shown with their paths."""
    return ("strace", "-f", "-qq", "-y", "-e", "signal=none", "-o", output, *options)


def attach(place: Place, process: int, output: pathlib.Path, *options: str | pathlib.Path) -> subprocess.Popen:
    """Traces all threads of a process until one of the two ends."""
    require_strace()
    errors = place.path / "strace.err"
    with open(errors, "wb") as said:
        tracer = place.spawn(
            [*command(output, *options), "-p", process],
            stdin=subprocess.DEVNULL,
            stderr=said,
        )
    end = time.monotonic() + 20
    while not all_traced(process, tracer.pid):
        if tracer.poll() is not None and alive(process):
            raise NotRun(f"strace cannot attach to a process here: {errors.read_text().strip()}")
        if tracer.poll() is not None or time.monotonic() > end:
            break  # what was traced has ended by what the options do to it
        time.sleep(0.01)
    return tracer


def all_traced(process: int, tracer: int) -> bool:
    statuses = pathlib.Path(f"/proc/{process}/task").glob("*/status")
    try:
        return all(f"TracerPid:\t{tracer}\n" in status.read_text() for status in statuses)
    except OSError:
        return False  # a thread that ended in between


def alive(process: int) -> bool:
    try:
        return ") Z" not in pathlib.Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
