"""The registry under test: Berth, or another one to check the suite itself against."""

import base64
import http.client
import os
import shutil
import socket
import ssl
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .images import INDEX, MANIFEST, Image
from .processes import Daemon, run
from .wire import Exchange, Wire

ROOT = Path(__file__).resolve().parent.parent
USER = "admin"
PASSWORD = "Acceptance-5f3a9c"
WRONG_PASSWORD = "Acceptance-wrong"
PLAIN, TLS = "plain http", "TLS"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


@dataclass(frozen=True)
class Certificates:
    """A certificate for 127.0.0.1 and the authority that issued it, made by openssl."""

    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def create(cls, folder: Path) -> "Certificates":
        folder.mkdir()
        ca, ca_key, request = folder / "ca.crt", folder / "ca.key", folder / "server.csr"
        made = cls(ca, folder / "server.crt", folder / "server.key")
        names = folder / "names"
        names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for command in (
            ["req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-days", "2", "-subj", "/CN=Acceptance CA"],
            ["req", *new_key, "-keyout", made.key, "-out", request, "-subj", "/CN=localhost"],
            ["x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-set_serial", "1", "-days", "2",
             "-extfile", names, "-out", made.certificate],
        ):  # fmt: skip
            finished = run(["openssl", *command])
            assert finished.code == 0, finished
        return made


class Berth:
    """`./berth serve`, configured by its environment."""

    name = "berth"

    @staticmethod
    def absent() -> str | None:
        if not shutil.which(Berth.program()):
            return f"{Berth.program()} is not there; set BERTH=path"
        version = run([Berth.program(), "--version"], cwd=ROOT, seconds=900)  # which builds when sources are newer
        return str(version) if version.code != 0 else None

    @staticmethod
    def program() -> str:
        return os.environ.get("BERTH", str(ROOT / "berth"))

    @staticmethod
    def start(folder: Path, port: int, certificates: Certificates | None, settings: dict[str, str]) -> Daemon:
        env = {name: value for name, value in os.environ.items() if not name.startswith("BERTH")}
        env |= {"BERTH_ADMIN_PASSWORD": PASSWORD, **settings}
        if certificates:
            env["BERTH_SERVER_TLS_CERTIFICATE"] = str(certificates.certificate)
            env["BERTH_SERVER_TLS_KEY"] = str(certificates.key)
        command = [Berth.program(), "serve", "--data", folder / "data", "--port", port]
        return Daemon(command, folder / "server.log", env, cwd=ROOT)

    ready = "/readyz"
    exit_code = 0


class DockerRegistry:
    """Debian's docker-registry, the reference peer: a check that fails there, too, may be at fault itself."""

    name = "docker-registry"

    @staticmethod
    def absent() -> str | None:
        missing = [tool for tool in ("docker-registry", "htpasswd") if not shutil.which(tool)]
        return f"{' and '.join(missing)} not installed" if missing else None

    @staticmethod
    def start(folder: Path, port: int, certificates: Certificates | None, settings: dict[str, str]) -> Daemon:
        htpasswd = folder / "htpasswd"
        htpasswd.write_text(run(["htpasswd", "-Bbn", USER, PASSWORD]).out)
        tls = f"tls: {{certificate: {certificates.certificate}, key: {certificates.key}}}" if certificates else ""
        auth = f"auth: {{htpasswd: {{realm: acceptance, path: {htpasswd}}}}}"
        configuration = f"""\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder / "data"}}}, delete: {{enabled: true}}}}
http:
  addr: 127.0.0.1:{port}
  {tls}
{"" if "BERTH_REGISTRY_ANONYMOUS_PULL" in settings else auth}
"""
        (folder / "config.yml").write_text(configuration)
        return Daemon(["docker-registry", "serve", folder / "config.yml"], folder / "server.log")

    ready = "/"
    exit_code = None  # it knows no graceful end


class Registry:
    """A running registry with an empty store of its own.

    Clients speak to `address`. Without TLS that is a `Wire`, whose exchanges tell what was said.
    """

    def __init__(self, product, transport: str, certificates: Certificates, settings: dict[str, str] | None = None):
        self.product = product
        self.transport = transport
        self.certificates = certificates
        self.folder = Path(tempfile.mkdtemp(prefix="registry-"))
        self.port = free_port()
        self.daemon = product.start(self.folder, self.port, certificates if self.tls else None, settings or {})
        self.daemon.wait_until_ready(self._ready)
        self.wire = None if self.tls else Wire(self.port)
        self.address = f"127.0.0.1:{self.wire.port if self.wire else self.port}"

    @property
    def tls(self) -> bool:
        return self.transport == TLS

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def stop(self) -> None:
        """Ends the registry by SIGTERM, which must be a success for Berth."""
        code = self.daemon.stop()
        output = self.daemon.output()
        if self.wire:
            self.wire.close()
        shutil.rmtree(self.folder)
        if self.product.exit_code is not None and code != self.product.exit_code:
            raise AssertionError(f"SIGTERM ended the registry with exit code {code}\n{output}")

    def _ready(self) -> bool:
        try:
            return self.request("GET", self.product.ready, credentials=False)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def log(self, since: int = 0) -> str:
        """What the registry has written, past so many characters."""
        return self.daemon.log.read_text(errors="replace")[since:] if self.daemon.log.exists() else ""

    def exchanges(self, since: int = 0) -> list[Exchange]:
        return self.wire.exchanges[since:] if self.wire else []

    def request(self, method: str, path: str, body=None, headers=None, credentials=True):
        """One request past the wire: (status, headers, body)."""
        if self.tls:
            context = ssl.create_default_context(cafile=str(self.certificates.authority))
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = dict(headers or {})
        if credentials:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        with closing(connection):
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    def manifest(self, repository: str, reference: str) -> bytes:
        """A manifest's bytes as the registry gives them."""
        accept = {"Accept": ", ".join([MANIFEST, INDEX, *DOCKER_TYPES])}
        status, _, body = self.request("GET", f"/v2/{repository}/manifests/{reference}", headers=accept)
        assert status == 200, f"GET manifest {repository} {reference}: {status} {body[:500]}"
        return body

    def seed(self, image: Image, repository: str, tag: str) -> None:
        """Pushes an image as it is, without any client."""
        manifest_types = {MANIFEST, INDEX}
        for descriptor in image.layout.below(image.descriptor).values():
            data = image.layout.read(descriptor["digest"])
            if descriptor["mediaType"] in manifest_types:
                self._put_manifest(repository, descriptor["digest"], descriptor["mediaType"], data)
                continue
            status, headers, body = self.request("POST", f"/v2/{repository}/blobs/uploads/")
            assert status == 202, f"POST upload: {status} {body[:500]}"
            location = headers["Location"].removeprefix(f"{self.url.rsplit(':', 1)[0]}:{self.port}")
            location += ("&" if "?" in location else "?") + "digest=" + descriptor["digest"]
            status, _, body = self.request("PUT", location, data, {"Content-Type": "application/octet-stream"})
            assert status == 201, f"PUT blob: {status} {body[:500]}"
        self._put_manifest(repository, tag, image.descriptor["mediaType"], image.layout.read(image.digest))

    def _put_manifest(self, repository: str, reference: str, media_type: str, data: bytes) -> None:
        path = f"/v2/{repository}/manifests/{reference}"
        status, _, body = self.request("PUT", path, data, {"Content-Type": media_type})
        assert status == 201, f"PUT manifest: {status} {body[:500]}"


DOCKER_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
PRODUCTS = {product.name: product for product in (Berth, DockerRegistry)}
