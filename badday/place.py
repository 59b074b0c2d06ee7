"""Where a scenario happens: a temporary folder, its processes and its mounted file systems, all gone at the end."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable


class NotRun(Exception):
    """The scenario, or a part of it, cannot happen on this machine; says why."""


class Failed(Exception):
    """Berth did what it must not."""


def require(condition: object, message: str) -> None:
    if not condition:
        raise Failed(message)


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> object:
    """The first true value of `condition`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.05)


class Place:
    """A folder, and what has to be undone, last first."""

    def __init__(self, long: bool, parent: pathlib.Path | None):
        self.long = long
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="badday-", dir=parent))
        self.undo: list[Callable[[], None]] = []
        self.notes: list[str] = []

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_) -> None:
        ignored = [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]
        for undo in reversed(self.undo):
            try:
                undo()
            except Exception as problem:  # the others must be undone all the same
                print(f"badday: cleaning up: {problem}", flush=True)
        still_mounted = [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f" {self.path}/" in line]
        if still_mounted:
            print(f"badday: still mounted, {self.path} is left: {still_mounted}", flush=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), ignored, strict=True):
            signal.signal(number, handler)

    def folder(self, name: str) -> pathlib.Path:
        made = self.path / name
        made.mkdir()
        return made

    def spawn(self, command: list, **options) -> subprocess.Popen:
        """A process that does not outlive the scenario."""
        process = subprocess.Popen([str(word) for word in command], **options)

        def end() -> None:
            if process.poll() is None:
                process.kill()
                process.wait(timeout=30)

        self.undo.append(end)
        return process

    def note_missing(self, why: str) -> None:
        """A part of the scenario could not happen."""
        self.notes.append(f"not run: {why}")


# Nothing of the file system is made later, in the background; few files need little of it.
NO_LATER = ("-E", "lazy_itable_init=0,lazy_journal_init=0", "-N", "16384")


class LoopDisk:
    """An ext4 file system in a file, on a loop device."""

    def __init__(self, place: Place, name: str, mebibytes: int = 0, image: pathlib.Path | None = None, options: str = ""):
        """Makes a file system of that size, or takes the image of one as it is."""
        if os.geteuid() != 0:
            raise NotRun("mounting a file system needs root")
        if not shutil.which("mkfs.ext4"):
            raise NotRun("mkfs.ext4 is not installed")
        self.image = image or place.path / f"{name}.img"
        self.at = place.folder(name)
        self.options = options
        if image is None:
            with open(self.image, "wb") as file:
                file.truncate(mebibytes << 20)
            subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-m", "0", *NO_LATER, self.image], check=True)
        place.undo.append(self.unmount)
        self.mount()

    def mount(self, *more: str) -> None:
        options = ",".join(["loop", *filter(None, [self.options]), *more])
        done = subprocess.run(["mount", "-o", options, self.image, self.at], capture_output=True, text=True)
        if done.returncode != 0:
            raise NotRun(f"a loop device cannot be mounted here: {done.stderr.strip()}")

    def unmount(self) -> None:
        for _ in range(50):
            if not os.path.ismount(self.at):
                return
            if subprocess.run(["umount", self.at], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "-l", self.at], check=True)

    def device(self) -> str:
        """The name of the loop device."""
        for line in pathlib.Path("/proc/mounts").read_text().splitlines():
            source, at = line.split()[:2]
            if at == str(self.at):
                return os.path.basename(source)
        raise Failed(f"{self.at} is not mounted")

    def writes(self) -> tuple[int, int]:
        """Writes that the device has done, and requests that it has not done yet."""
        fields = pathlib.Path(f"/sys/block/{self.device()}/stat").read_text().split()
        return int(fields[4]), int(fields[8])

    def free(self) -> int:
        return shutil.disk_usage(self.at).free
