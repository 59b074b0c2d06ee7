"""What every measured server has in common: starting, being ready, stopping; and Berth itself."""

import base64
import http.client
import os
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench import proc, tools

USER = "admin"
PASSWORD = "bench-password"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
PLAIN, WITH_BASIC, TLS = "plain", "basic", "tls"


@dataclass(frozen=True)
class Site:
    """Where one server process lives."""

    data: Path
    scratch: Path       # configuration and log
    shared: Path        # certificate and password file, the same for all
    port: int
    variant: str

    @property
    def certificate(self) -> Path:
        return self.shared / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.shared / "key.pem"

    @property
    def passwords(self) -> Path:
        return self.shared / "htpasswd"


class Server:
    """One kind of server. Subclasses say how it is configured."""

    name = ""
    title = ""
    registry = True             # nginx only serves files
    seeds_on_disk = False       # large seeds are written into its storage, see seedtree.py
    ready_path = "/v2/"
    start_limit = 60.0          # seconds

    def absent(self) -> str | None:
        """Why it cannot be measured, or None."""
        raise NotImplementedError

    def version(self) -> str:
        raise NotImplementedError

    def command(self, site: Site) -> tuple[list[str], dict[str, str]]:
        """Writes the configuration; returns the command and what it adds to the environment."""
        raise NotImplementedError

    def authorization(self, variant: str, writing: bool) -> str | None:
        return BASIC if variant == WITH_BASIC else None

    def start(self, data: Path, work: Path, variant: str = PLAIN) -> "Running":
        data.mkdir(parents=True, exist_ok=True)
        scratch = work / "run" / self.name
        scratch.mkdir(parents=True, exist_ok=True)
        site = Site(data, scratch, work / "shared", free_port(), variant)
        command, environment = self.command(site)
        begun = time.monotonic()
        with open(scratch / "log", "wb") as log:
            process = subprocess.Popen(command, env=dict(os.environ, **environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        running = Running(self, site, process)
        try:
            running.await_ready(begun)
        except BaseException:
            running.stop()
            raise
        return running


class Running:
    """A started server; a context manager that stops it."""

    def __init__(self, server: Server, site: Site, process: subprocess.Popen):
        self.server, self.site, self.process = server, site, process
        self.port, self.variant, self.pid = site.port, site.variant, process.pid
        self.start_seconds = 0.0

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"{'https' if self.variant == TLS else 'http'}://127.0.0.1:{self.port}"

    def authorization(self, writing: bool = False) -> str | None:
        return self.server.authorization(self.variant, writing)

    def connection(self, timeout: float = 120) -> http.client.HTTPConnection:
        if self.variant == TLS:
            context = ssl.create_default_context(cafile=self.site.certificate)
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def await_ready(self, begun: float) -> None:
        """Asks every few milliseconds until the answer is 200 (or 401, where all needs a password)."""
        while True:
            status = self._probe()
            if status in (200, 401):
                self.start_seconds = time.monotonic() - begun
                return
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.server.name} ended at start: {self._log_tail()}")
            if time.monotonic() - begun > self.server.start_limit:
                raise RuntimeError(f"{self.server.name} was not ready after {self.server.start_limit:.0f} s: {self._log_tail()}")
            time.sleep(0.003)

    def _probe(self) -> int:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.5):
                pass
            connection = self.connection(timeout=5)
            connection.request("GET", self.server.ready_path)
            status = connection.getresponse().status
            connection.close()
            return status
        except (OSError, http.client.HTTPException):
            return 0

    def _log_tail(self) -> str:
        text = (self.site.scratch / "log").read_text(errors="replace").strip()
        return text[-400:].replace("\n", " | ") or "no output"

    def quiesce(self, limit: float = 60.0) -> None:
        """Waits until the server rests: some look through their whole storage after a start."""
        end = time.monotonic() + limit
        before = proc.cpu_seconds(self.pid)
        while time.monotonic() < end:
            time.sleep(0.5)
            now = proc.cpu_seconds(self.pid)
            if now - before <= 0.03:
                return
            before = now

    def stop(self) -> None:
        family = proc.tree(self.pid)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in family[1:]:
            _end(pid)


def _end(pid: int) -> None:
    """Ends a process that a server left behind, after a moment for it to go by itself."""
    for _ in range(50):
        if not os.path.exists(f"/proc/{pid}"):
            return
        time.sleep(0.1)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def prepare_shared(shared: Path) -> None:
    """A certificate for 127.0.0.1 and a password file with bcrypt at cost 5, the cheapest that is usual."""
    shared.mkdir(parents=True, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", shared / "key.pem",
                    "-out", shared / "certificate.pem"], check=True, capture_output=True)
    if tools.which("htpasswd"):
        done = subprocess.run([tools.which("htpasswd"), "-nbBC", "5", USER, PASSWORD], check=True, capture_output=True, text=True)
        (shared / "htpasswd").write_text(done.stdout.strip() + "\n")


class Berth(Server):
    name = "berth"
    title = "Berth"
    ready_path = "/readyz"
    start_limit = 600.0         # the first start builds

    def __init__(self, launcher: Path):
        self.launcher = launcher

    def absent(self) -> str | None:
        return None if self.launcher.exists() else "there is no launcher to start it with"

    def version(self) -> str:
        return tools.first_line(str(self.launcher), "--version") or "this checkout"

    def command(self, site: Site) -> tuple[list[str], dict[str, str]]:
        environment = {"BERTH_ADMIN_PASSWORD": PASSWORD, "BERTH_REGISTRY_ANONYMOUS_PULL": "true", "BERTH_PROJECTS_PUSHED_ARE_PUBLIC": "true"}
        if site.variant == TLS:
            environment |= {"BERTH_SERVER_TLS_CERTIFICATE": str(site.certificate), "BERTH_SERVER_TLS_KEY": str(site.key)}
        return [str(self.launcher), "serve", "--data", str(site.data), "--port", str(site.port)], environment

    def authorization(self, variant: str, writing: bool) -> str | None:
        return BASIC if writing or variant == WITH_BASIC else None
