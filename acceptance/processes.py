"""Running clients and daemons: each in a process group of its own, bounded in time, ended by its id."""

import os
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finished:
    command: list[str]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"$ {shlex.join(self.command)}\nexit code {self.code}\n{tail(self.out)}{tail(self.err)}"


def tail(text: str, limit: int = 3000) -> str:
    text = text if len(text) <= limit else "..." + text[-limit:]
    return text if not text or text.endswith("\n") else text + "\n"


def run(command: list, env: dict[str, str] | None = None, cwd=None, seconds: float = 180, stdin: str = "") -> Finished:
    """Runs a command to its end, or for at most so many seconds; its whole process group ends with it."""
    words = [str(word) for word in command]
    process = subprocess.Popen(
        words,
        env=env,
        cwd=cwd,
        text=True,
        errors="replace",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(stdin, timeout=seconds)
        return Finished(words, process.returncode, out, err)
    except subprocess.TimeoutExpired:
        end_group(process)
        out, err = process.communicate()
        return Finished(words, -1, out, f"{err}\nstill running after {seconds} s, ended\n")
    except BaseException:
        end_group(process)
        raise


def end_group(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def wait_until(condition, seconds: float) -> bool:
    """Polls a condition until it holds; False when it did not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Daemon:
    """A server in the background whose output goes to a file."""

    running: set["Daemon"] = set()  # for an interrupted run, which unittest ends without cleaning up

    def __init__(self, command: list, log: Path, env: dict[str, str] | None = None, cwd=None):
        self.command = [str(word) for word in command]
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        Daemon.running.add(self)

    def wait_until_ready(self, ready, seconds: float = 60) -> None:
        answered = wait_until(lambda: self.process.poll() is not None or ready(), seconds)
        if self.process.poll() is not None or not answered:
            code = self.process.poll()
            what = f"not ready after {seconds} s" if code is None else f"ended with exit code {code}"
            self.stop()
            raise RuntimeError(f"{shlex.join(self.command)}: {what}\n{self.output()}")

    def stop(self, seconds: float = 30) -> int | None:
        """Sends SIGTERM and returns the exit code, or None when the process had to be killed."""
        Daemon.running.discard(self)
        code = None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        end_group(self.process)
        self.process.wait()
        return code

    def output(self) -> str:
        return tail(self.log.read_text(errors="replace"))


def remove_tree(path: Path) -> None:
    """Removes a folder and whatever a container engine left mounted below it."""
    inside = f"{path.resolve()}/"
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        point = line.split()[1]
        if point.startswith(inside):
            run(["umount", "--lazy", point])
    shutil.rmtree(path, ignore_errors=True)
