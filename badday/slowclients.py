"""Two thousand clients that take and send next to nothing, and one that is in a hurry."""

import random
import resource
import socket
import ssl
import subprocess
import time

from badday.server import AUTHORIZATION, Berth, Folder, NotHere, digest


def run(long: bool) -> str:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 5000:
        raise NotHere(f"only {hard} files may be open")
    return "; ".join(try_with(tls, 2000 if long or not tls else 500) for tls in (False, True))


def try_with(tls: bool, clients: int) -> str:
    with Folder() as folder:
        environment = {"BERTH_HEAP": "256m"}
        if tls:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                            folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=localhost"],
                           check=True, capture_output=True)  # fmt: skip
            environment |= {"BERTH_SERVER_TLS_CERTIFICATE": str(folder / "cert.pem"),
                            "BERTH_SERVER_TLS_KEY": str(folder / "key.pem")}  # fmt: skip
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

        def connect() -> socket.socket:
            connection = socket.create_connection(("127.0.0.1", berth.port), timeout=60)
            return context.wrap_socket(connection) if tls else connection

        def ask(connection, method: str, path: str, body: bytes = b"", length: int | None = None) -> None:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {AUTHORIZATION}\r\n"
                               f"Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body)  # fmt: skip

        def answer(connection) -> tuple[str, bytes]:
            stream = connection.makefile("rb")
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = stream.readline()
                assert line, "the connection was closed"
                head += line
            length = next((int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length")), 0)
            return head.decode(), stream.read(length)

        with Berth(folder / "data", **environment) as berth:
            blob = random.randbytes(20 << 20)
            name = digest(blob)
            first = connect()
            ask(first, "POST", f"/v2/slow/r/blobs/uploads/?digest={name}", blob)
            assert " 201 " in answer(first)[0]
            slow = []
            for number in range(clients):
                connection = connect()
                if number % 2:
                    ask(connection, "GET", f"/v2/slow/r/blobs/{name}")  # and takes nothing
                else:
                    ask(connection, "POST", f"/v2/slow/r/blobs/uploads/?digest={name}", b"x", 20 << 20)  # and sends no more
                slow.append(connection)
            began = time.monotonic()
            hasty = connect()
            ask(hasty, "GET", f"/v2/slow/r/blobs/{name}")
            head, content = answer(hasty)
            assert " 200 " in head and digest(content) == name, head
            layer = random.randbytes(3 << 20)
            ask(hasty, "POST", f"/v2/slow/r/blobs/uploads/?digest={digest(layer)}", layer)
            assert " 201 " in answer(hasty)[0]
            seconds = time.monotonic() - began
            status = open(f"/proc/{berth.process.pid}/status").read()
            rss = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024
            for connection in slow:
                connection.close()
            assert rss < 900, f"{rss} MiB"
            assert seconds < 60, f"the hasty client took {seconds:.0f} s"
    return f"{'TLS' if tls else 'plain'}: {clients} slow clients, {rss} MiB with a heap of 256 MiB, a hasty client took {seconds:.1f} s"
