"""A Berth process."""

import base64
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from badday.client import Client
from badday.place import Failed, Place, require

ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "bad-day-password"
BASIC = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()


def build() -> None:
    """Builds once, so that no start has to."""
    subprocess.run([ROOT / "berth", "--version"], check=True, stdout=subprocess.DEVNULL, timeout=900)


def environment(settings: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
    return kept | {"BERTH_NO_BUILD": "1", "BERTH_ADMIN_PASSWORD": PASSWORD, "BERTH_HEAP": "256m"} | settings


class Berth:
    """A running server; `settings` are environment variables, `under` is a command that runs it as its own process."""

    def __init__(
        self,
        place: Place,
        data: pathlib.Path,
        tls: bool = False,
        wait: bool = True,
        user: int | None = None,
        under: tuple = (),
        **settings,
    ):
        self.data = data
        self.tls = tls
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = place.path / "berth.log"
        with open(self.log, "ab") as log:
            self.log_start = log.tell()
            as_user = {} if user is None else {"user": user, "group": user, "extra_groups": []}
            self.process = place.spawn(
                [*under, ROOT / "berth", "serve", "--data", data, "--port", self.port],
                env=environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **as_user,
            )
        self.started = time.monotonic()
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds: float = 90) -> None:
        while time.monotonic() - self.started < seconds:
            if self.process.poll() is not None:
                raise Failed(f"the server ended with {self.process.returncode} at its start: {self.said()[-1500:]}")
            try:
                client = self.client(timeout=20)
                answer = client.request("GET", "/readyz")
                client.close()
                if answer.status in (200, 503):
                    self.start_seconds = time.monotonic() - self.started
                    return
            except OSError:
                time.sleep(0.03)
        raise Failed(f"the server was not ready within {seconds:.0f} s: {self.said()[-1500:]}")

    def client(self, timeout: float = 120) -> Client:
        return Client(self.port, BASIC, timeout, self.tls)

    def said(self) -> str:
        with open(self.log, errors="replace") as log:
            log.seek(self.log_start)
            return log.read()

    def own_messages(self) -> str:
        """The log without the lines of requests."""
        return "\n".join(line for line in self.said().splitlines() if not re.search(r' "?(GET|PUT|POST|PATCH|HEAD|DELETE) /', line))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 60) -> int:
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"the server had not ended after {seconds:.0f} s: {self.said()[-1000:]}") from None

    def stop(self) -> None:
        """A stop that was asked for is no failure."""
        self.terminate()
        code = self.wait()
        require(code == 0, f"exit code {code} after SIGTERM: {self.said()[-1000:]}")

    def status(self, field: str) -> int:
        """A number of /proc/<pid>/status."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", text, re.MULTILINE).group(1))

    def rss_mib(self) -> int:
        return self.status("VmRSS") >> 10

    def peak_rss_mib(self) -> int:
        return self.status("VmHWM") >> 10

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
