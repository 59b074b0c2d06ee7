"""Reads along between a client and a registry that speak plain HTTP/1.1, without changing a byte.

What a client sent tells what its exit code does not: whether a layer was skipped, mounted or sent again.
"""

import socket
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

READ = 256 * 1024
LONGEST_HEAD = 1024 * 1024
KEPT_OF_A_BODY = 2048


@dataclass
class Exchange:
    method: str
    target: str
    request: dict[str, str]
    status: int = 0
    response: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)  # the beginning of the answer's body

    def __str__(self) -> str:
        lines = [f"{self.method} {self.target} -> {self.status or 'no answer'}"]
        asked = self.status == 401 and "authorization" not in self.request  # as every client does first
        looked = self.status == 404 and self.method == "HEAD"
        if self.status == 0 or (self.status >= 400 and not asked and not looked):
            lines += [f"    > {name}: {shown(name, value)}" for name, value in self.request.items()]
            lines += [f"    < {name}: {value}" for name, value in self.response.items()]
            if self.body:
                lines.append("    " + self.body.decode(errors="replace").strip())
        return "\n".join(lines)


def shown(name: str, value: str) -> str:
    return value.split(" ")[0] + " ..." if name == "authorization" else value


class Wire:
    """A relay on a free loopback port; `exchanges` grows in the order of the requests."""

    def __init__(self, upstream: int):
        self.upstream = upstream
        self.exchanges: list[Exchange] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        server = self._reach()
        if server is None:
            client.close()
            return
        server.settimeout(None)
        waiting: deque[Exchange] = deque()
        requests = Requests(waiting, self.exchanges)
        answers = Answers(waiting)
        back = threading.Thread(target=pump, args=(server, client, answers), daemon=True)
        back.start()
        pump(client, server, requests)
        back.join()
        client.close()
        server.close()

    def _reach(self) -> socket.socket | None:
        began = time.monotonic()
        while time.monotonic() - began < 10:
            try:
                reached = socket.create_connection(("127.0.0.1", self.upstream), timeout=10)
            except OSError as problem:
                if not (listening := self._listening()):
                    say(f"port {self.upstream} cannot be reached: {problem!r}, and nothing listens there")
                else:
                    say(f"port {self.upstream} cannot be reached: {problem!r}, though something listens there: {listening}")
                time.sleep(0.5)
                continue
            if time.monotonic() - began > 0.5:
                say(f"port {self.upstream} was reached after {time.monotonic() - began:.1f} s")
            return reached
        return None

    def _listening(self) -> list[str]:
        """The sockets that the kernel has in LISTEN on the port."""
        lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
        return [line[1] for line in lines if line[3] == "0A" and int(line[1].rpartition(":")[2], 16) == self.upstream]


def say(what: str) -> None:
    """What a client could only call a reset."""
    print(f"wire: {what}", file=sys.stderr, flush=True)


def pump(source: socket.socket, sink: socket.socket, reader: "Reader") -> None:
    """Copies until the source ends, then tells the sink so."""
    begun = False
    try:
        while data := source.recv(READ):
            begun = True
            reader.feed(data)  # before the bytes go on, so that a request is known before its answer
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError as problem:
        if not begun:
            say(f"a connection ended before a byte of {type(reader).__name__}: {problem!r}")
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Reader:
    """Finds the heads of HTTP/1.1 messages in a stream and steps over their bodies. Anything else is let through."""

    def __init__(self):
        self.buffer = bytearray()
        self.step = self._head

    def feed(self, data: bytes) -> None:
        self.buffer += data
        while self.step():
            pass

    def on_head(self, first: list[str], headers: dict[str, str]) -> bool:
        """Takes a message's first line and headers; answers whether a body may follow."""
        raise NotImplementedError

    def on_body(self, data: bytes) -> None:
        pass

    def _head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > LONGEST_HEAD or (self.buffer and not chr(self.buffer[0]).isalpha()):
                self._become(self._opaque)
            return False
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        del self.buffer[: end + 4]
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if not self.on_head(first.split(" ", 2), headers):
            return True
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._become(self._chunk_size)
        if "content-length" in headers:
            self.left = int(headers["content-length"])
            return self._become(self._sized)
        return self._become(self._unsized) if isinstance(self, Answers) else True

    def _become(self, step) -> bool:
        self.step = step
        return True

    def _take(self) -> bool:
        part = self.buffer[: self.left]
        del self.buffer[: self.left]
        self.left -= len(part)
        self.on_body(part)
        return self.left == 0

    def _sized(self) -> bool:
        return self._take() and self._become(self._head)

    def _chunk_size(self) -> bool:
        end = self.buffer.find(b"\r\n")
        if end < 0:
            return False
        self.left = int(self.buffer[:end].split(b";")[0], 16)
        del self.buffer[: end + 2]
        return self._become(self._chunk if self.left else self._trailer)

    def _chunk(self) -> bool:
        return self._take() and self._become(self._chunk_end)

    def _chunk_end(self) -> bool:
        if len(self.buffer) < 2:
            return False
        del self.buffer[:2]
        return self._become(self._chunk_size)

    def _trailer(self) -> bool:
        end = self.buffer.find(b"\r\n")
        if end < 0:
            return False
        del self.buffer[: end + 2]
        return self._become(self._head) if end == 0 else True

    def _unsized(self) -> bool:
        self.on_body(self.buffer)
        self.buffer.clear()
        return False

    def _opaque(self) -> bool:
        self.buffer.clear()
        return False


class Requests(Reader):
    def __init__(self, waiting: deque[Exchange], exchanges: list[Exchange]):
        super().__init__()
        self.waiting = waiting
        self.exchanges = exchanges

    def on_head(self, first, headers) -> bool:
        exchange = Exchange(first[0], first[1] if len(first) > 1 else "", headers)
        self.waiting.append(exchange)
        self.exchanges.append(exchange)
        return True


class Answers(Reader):
    def __init__(self, waiting: deque[Exchange]):
        super().__init__()
        self.waiting = waiting
        self.current: Exchange | None = None

    def on_head(self, first, headers) -> bool:
        status = int(first[1])
        if 100 <= status < 200 or not self.waiting:
            return False
        self.current = self.waiting.popleft()
        self.current.status = status
        self.current.response = headers
        return self.current.method != "HEAD" and status not in (204, 304)

    def on_body(self, data: bytes) -> None:
        if self.current:
            self.current.body += data[: KEPT_OF_A_BODY - len(self.current.body)]
