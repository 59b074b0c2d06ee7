"""A Berth process, and a client that speaks to it."""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "bad-day-password"
AUTHORIZATION = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class NotHere(Exception):
    """The scenario needs something that this machine does not have."""


def build() -> None:
    subprocess.run([ROOT / "berth", "--version"], check=True, stdout=subprocess.DEVNULL, timeout=600)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Folder:
    """A temporary folder that is removed at the end."""

    def __enter__(self) -> pathlib.Path:
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="berth-badday-"))
        return self.path

    def __exit__(self, *_) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class Berth:
    def __init__(self, data: pathlib.Path, wrapper: list[str] = (), **environment: str):
        self.port = free_port()
        self.log = open(data.parent / f"{data.name}.log", "ab")
        env = os.environ | {
            "BERTH_ADMIN_PASSWORD": PASSWORD, "BERTH_NO_BUILD": "1", "BERTH_LOG_ACCESS": "false",
            "BERTH_STORAGE_MIN_FREE": "0", **environment,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [*wrapper, ROOT / "berth", "serve", "--data", data, "--port", str(self.port)],
            env=env, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        self.tls = "BERTH_SERVER_TLS_CERTIFICATE" in environment

    def ready(self, seconds: float = 60) -> "Berth":
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}: {self.said()}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError("the server did not start")

    def said(self) -> str:
        self.log.flush()
        return pathlib.Path(self.log.name).read_text(errors="replace")[-2000:]

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.log.close()
        return code

    def client(self) -> "Client":
        return Client(self.port)

    def __enter__(self) -> "Berth":
        return self.ready()

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.kill()


class Refused(Exception):
    def __init__(self, status: int, body: bytes):
        super().__init__(f"{status} {body[:300]!r}")
        self.status = status
        self.body = body


class Client:
    """One connection. Whatever the server does not answer is an OSError or an HTTPException."""

    def __init__(self, port: int, timeout: float = 60):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def send(self, method: str, path: str, body=None, expect=(), **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, {"Authorization": AUTHORIZATION, **named})
        answer = self.connection.getresponse()
        content = answer.read()
        if expect and answer.status not in expect:
            raise Refused(answer.status, content)
        return answer, content

    def get(self, path: str) -> bytes:
        return self.send("GET", path, expect=(200,))[1]

    def begin(self, repository: str) -> str:
        return self.send("POST", f"/v2/{repository}/blobs/uploads/", expect=(202,))[0].getheader("Location")

    def push_blob(self, repository: str, content: bytes, way: str = "whole") -> str:
        name = digest(content)
        if way == "whole":
            self.send("POST", f"/v2/{repository}/blobs/uploads/?digest={name}", content, (201,))
            return name
        upload = self.begin(repository)
        if way == "streamed":
            self.send("PATCH", upload, iter([content[i:i + 65536] for i in range(0, len(content), 65536)]), (202,))
        else:
            step = max(1, len(content) // 3)
            for at in range(0, len(content), step):
                part = content[at:at + step]
                self.send("PATCH", upload, part, (202,), Content_Range=f"{at}-{at + len(part) - 1}")
        self.send("PUT", f"{upload}?digest={name}", b"", (201,))
        return name

    def push_manifest(self, repository: str, reference: str, layers: list[bytes], config: bytes) -> bytes:
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": len(config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(layer), "size": len(layer)}
                       for layer in layers],
        }).encode()  # fmt: skip
        self.send("PUT", f"/v2/{repository}/manifests/{reference}", manifest, (201,), Content_Type=MANIFEST)
        return manifest

    def verify_image(self, repository: str, reference: str, manifest: bytes) -> None:
        got = self.get(f"/v2/{repository}/manifests/{reference}")
        assert got == manifest, f"{repository}:{reference} is another manifest"
        document = json.loads(manifest)
        for descriptor in [document["config"], *document["layers"]]:
            content = self.get(f"/v2/{repository}/blobs/{descriptor['digest']}")
            assert digest(content) == descriptor["digest"], f"{descriptor['digest']} of {repository} has other bytes"


class Image:
    """A small configuration, and layers of about 100 KiB and some MiB."""

    def __init__(self, seed: int, large: int = 2 << 20):
        source = random.Random(seed)
        self.config = json.dumps({"seed": seed}).encode()
        self.layers = [source.randbytes(100_000 + seed % 999), source.randbytes(large + seed % 997)]


def check_files(data: pathlib.Path) -> None:
    """Nothing lies about that the database does not know. The server does not run."""
    database = sqlite3.connect(f"file:{data}/berth.db?mode=ro", uri=True)
    known = {f"{row[0]}.{row[1] & (1 << 64) - 1:016x}" for row in database.execute("SELECT id, generation FROM upload")}
    left = {file.name for file in (data / "blobs/uploads").iterdir()}
    assert left <= known, f"files of uploads that nobody knows: {left - known}"
    named = {f"{row[0].split(':')[1]}.{row[1] & (1 << 64) - 1:016x}"
             for row in database.execute("SELECT digest, generation FROM blob WHERE store = 'file'")}  # fmt: skip
    objects = {file.name for file in (data / "blobs").glob("sha*/*/*")}
    database.close()
    assert objects <= named, f"objects that nothing names: {objects - named}"
    assert named <= objects, f"blobs without an object: {named - objects}"


def fsck(data: pathlib.Path) -> None:
    done = subprocess.run([ROOT / "berth", "fsck", "--data", data], capture_output=True, text=True, timeout=300,
                          env=os.environ | {"BERTH_NO_BUILD": "1"})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
