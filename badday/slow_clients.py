"""Two thousand clients that take and send next to nothing, while one is in a hurry. Memory stays bounded."""

import random
import resource
import selectors
import shutil
import socket
import ssl
import subprocess
import threading
import time

from badday.client import Image, digest, no_checks
from badday.place import NotRun, Place, require, wait_until
from badday.server import BASIC, Berth

CLIENTS = 2000
BLOB = 20 << 20
LITTLE = 2048  # bytes that a slow reader takes at once
CONNECTING = 32  # threads: a narrow window makes handshakes slow
RSS_LIMIT = 600  # MiB
HURRY = 60  # seconds: a machine may be busy with other things


class SlowClient:
    """Sends a request, and then a byte now and then, or takes some bytes now and then."""

    def __init__(self, number: int, port: int, blob: str, context):
        self.reads = number % 2 == 0
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(60)
        raw.connect(("127.0.0.1", port))
        self.socket = context.wrap_socket(raw) if context else raw
        self.chunked = number % 4 == 1
        self.alive = True
        self.got = b""  # what a reader has taken
        head = f"Host: slow\r\nAuthorization: {BASIC}\r\n"
        if self.reads:
            request = f"GET /v2/slow/r/blobs/{blob} HTTP/1.1\r\n{head}\r\n"
        elif self.chunked:
            upload = self.begin(head)
            request = f"PATCH {upload} HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n"
        else:
            name = digest(str(number).encode())
            request = f"POST /v2/slow/r/blobs/uploads/?digest={name} HTTP/1.1\r\n{head}Content-Length: {BLOB}\r\n\r\n"
        self.socket.sendall(request.encode())

    def begin(self, head: str) -> str:
        self.socket.sendall(f"POST /v2/slow/r/blobs/uploads/ HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = self.socket.recv(4096)
            require(piece, "an upload was not begun")
            answer += piece
        lines = answer.decode().lower().split("\r\n")
        return next(line.split(": ", 1)[1] for line in lines if line.startswith("location"))

    def step(self) -> None:
        """The little that it does."""
        if not self.alive:
            return
        try:
            if self.reads:
                self.socket.setblocking(False)
                piece = self.socket.recv(LITTLE)
                self.alive = bool(piece)
                self.got += piece
            else:
                self.socket.settimeout(5)
                self.socket.sendall(b"1\r\nx\r\n" if self.chunked else b"x")
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except OSError:
            self.alive = False

    def take_the_rest(self) -> bytes:
        """A slow reader becomes a fast one; returns the body of its answer."""
        self.socket.settimeout(HURRY)
        with self.socket.makefile("rb") as stream:
            head, _, body = self.got.partition(b"\r\n\r\n")
            require(head.startswith(b"HTTP/1.1 200"), f"a slow reader was answered {head[:200]}")
            return body + stream.read(BLOB - len(body))

    def answered(self) -> bool:
        """Whether the server said something to an upload that is not over, or hung up."""
        selector = selectors.DefaultSelector()
        selector.register(self.socket, selectors.EVENT_READ)
        return bool(selector.select(0))


def run(place: Place, seed: int) -> str:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 2 * CLIENTS + 200:
        raise NotRun(f"only {hard} files may be open, {2 * CLIENTS + 200} are needed")
    texts = [slow(place, random.Random(seed), "plain")]
    if shutil.which("openssl"):
        texts.append(slow(place, random.Random(seed), "TLS"))
    else:
        place.note_missing("TLS: openssl is not installed")
    return "; ".join(texts)


def slow(place: Place, source: random.Random, transport: str) -> str:
    tls = transport == "TLS"
    settings = certificate(place) if tls else {}
    berth = Berth(place, place.path / f"data-{transport}", tls=tls, BERTH_HEAP="256m", **settings)
    client = berth.client()
    blob = source.randbytes(BLOB)
    name = digest(blob)
    client.push_blob("slow/r", blob)
    client.push_image("slow/r", "v1", Image(source, 1 << 20))
    before = berth.open_files()
    began = time.monotonic()
    clients: list[SlowClient] = []
    context = no_checks() if tls else None
    failures: list[BaseException] = []
    lock = threading.Lock()

    def connect(numbers: range) -> None:
        try:
            for number in numbers:
                one = SlowClient(number, berth.port, name, context)
                with lock:
                    clients.append(one)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=connect, args=(range(at, CLIENTS, CONNECTING),), daemon=True) for at in range(CONNECTING)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    require(not failures, f"a slow client could not even begin: {failures[:1]}")
    connected = time.monotonic() - began
    over = threading.Event()

    def trickle() -> None:
        while not over.is_set():
            for one in clients:
                if over.is_set():
                    return
                one.step()
            over.wait(2)

    trickler = threading.Thread(target=trickle, daemon=True)
    trickler.start()
    hurried = []
    rss = []
    end = time.monotonic() + (150 if place.long else 12)
    while time.monotonic() < end or len(hurried) < 3:
        at = time.monotonic()
        hasty = berth.client(timeout=HURRY)
        hasty.check_image("slow/r", hasty.tag("slow/r", "v1"))
        hasty.check_blob("slow/r", name)
        hasty.push_image("slow/r", "v1", Image(source, 3 << 20), source.choice(("whole", "put", "chunked", "streamed")))
        hasty.close()
        hurried.append(time.monotonic() - at)
        rss.append(berth.rss_mib())
        require(hurried[-1] < HURRY, f"the hasty client took {hurried[-1]:.0f} s over {transport}")
        time.sleep(0.5)
    over.set()
    trickler.join()
    peak = berth.peak_rss_mib()
    require(peak < RSS_LIMIT, f"{peak} MiB over {transport}")
    uploaders = [one for one in clients if not one.reads]
    kept = sum(one.alive and not one.answered() for one in uploaders)
    readers = [one for one in clients if one.reads and one.alive and len(one.got) > LITTLE]
    # Those that take little are cut off when others wait for their buffers, which only TLS needs, or after minutes.
    patient = not tls and not place.long
    require(not patient or len(readers) > CLIENTS / 2 * 0.95, f"only {len(readers)} slow readers were served on")
    for one in readers[:3]:
        rest = one.take_the_rest()
        require(blob == rest if patient else blob.startswith(rest), f"a slow reader got {len(rest)} bytes over {transport}, or others")
    for one in clients:
        one.socket.close()
    wait_until(lambda: berth.open_files() < before + 60, 60, "the files of clients that went away to be closed")
    berth.client().check_image("slow/r", berth.client().tag("slow/r", "v1"))
    require(kept > len(uploaders) * 0.95, f"only {kept} of {len(uploaders)} slow uploaders were served on over {transport}")
    berth.stop()
    return (
        f"{transport}: {len(clients)} slow clients (connected in {connected:.0f} s, {kept} of {len(uploaders)} uploaders served to the end,"
        f" {len(readers)} of {CLIENTS // 2} readers still reading),"
        f" RSS {max(rss)} MiB, peak {peak} MiB with a heap of 256 MiB; a pull of 25 MiB and a push of 3 MiB took"
        f" {sorted(hurried)[len(hurried) // 2]:.1f} s, at most {max(hurried):.1f} s"
    )


def certificate(place: Place) -> dict[str, str]:
    key, certificate = place.path / "key.pem", place.path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]
        + ["-out", certificate, "-days", "2", "-subj", "/CN=localhost"],
        check=True,
        capture_output=True,
    )
    return {"BERTH_SERVER_TLS_CERTIFICATE": str(certificate), "BERTH_SERVER_TLS_KEY": str(key)}
