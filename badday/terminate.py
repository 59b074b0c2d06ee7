"""SIGTERM: requests under way are finished, what was begun can go on after the restart, and the exit code is 0."""

import random
import socket
import threading
import time

from badday import offline
from badday.client import Client, Image, digest
from badday.place import Place, require, wait_until
from badday.server import BASIC, Berth

SHUTDOWN = 30  # seconds, Berth's own setting


def run(place: Place, seed: int) -> str:
    source = random.Random(seed)
    first, seconds = finishes(place, source)
    second = cuts_off(place, source)
    return f"{first}, ended {seconds:.1f} s after the signal with 0; {second}"


def finishes(place: Place, source: random.Random) -> tuple[str, float]:
    data = place.path / "data"
    berth = Berth(place, data, BERTH_SERVER_SHUTDOWN_TIMEOUT=f"{SHUTDOWN}s")
    client = berth.client()
    image = Image(source, 2 << 20)
    big = source.randbytes(20 << 20)
    client.push_image("stop/r", "v1", image)
    client.push_blob("stop/r", big)
    content = source.randbytes(3 << 20)
    waiting = client.begin("stop/r")
    client.patch(waiting, 0, content[: 1 << 20])
    go_on = threading.Event()
    results: dict[str, str] = {}
    chunked: list[tuple[str, bytes]] = []
    begun: dict[str, threading.Event] = {}

    def half(one: bytes, name: str):
        for at in range(0, len(one) // 2, 65536):
            yield one[at : min(at + 65536, len(one) // 2)]
        begun[name].set()
        go_on.wait(20)
        yield one[len(one) // 2 :]

    def push(name: str, one: bytes, way: str) -> None:
        mine = Client(berth.port, BASIC)
        parts = half(one, name)
        length = {"Content-Length": str(len(one))}
        if way == "whole":
            answer = raw(mine, "POST", f"/v2/stop/r/blobs/uploads/?digest={digest(one)}", parts, length)
        elif way == "chunk":
            upload = mine.begin("stop/r")
            answer = raw(mine, "PATCH", upload, parts, length | {"Content-Range": f"0-{len(one) - 1}"})
            chunked.append((upload, one))
        elif way == "put":
            answer = raw(mine, "PUT", f"{mine.begin('stop/r')}?digest={digest(one)}", parts, length)
        else:
            answer = raw(mine, "PUT", f"/v2/stop/r/manifests/{way}", parts, length | {"Content-Type": "application/vnd.oci.image.manifest.v1+json"})
        results[name] = str(answer)

    def pull(name: str) -> None:
        with socket.create_connection(("127.0.0.1", berth.port), timeout=60) as connection:
            connection.sendall(f"GET /v2/stop/r/blobs/{digest(big)} HTTP/1.1\r\nHost: a\r\nAuthorization: {BASIC}\r\n\r\n".encode())
            stream = connection.makefile("rb")
            while stream.readline().strip():
                pass
            got = stream.read(100_000)
            begun[name].set()
            go_on.wait(20)
            got += stream.read(len(big) - len(got))
            results[name] = "right" if got == big else f"{len(got)} bytes"

    work = {
        "blob in one request": (push, (source.randbytes(1 << 20), "whole")),
        "blob by PUT": (push, (source.randbytes(2 << 20), "put")),
        "chunk": (push, (source.randbytes(2 << 20), "chunk")),
        "manifest": (push, (image.manifest, "v2")),
        "pull of 20 MiB": (pull, ()),
    }
    threads = []
    for name, (action, arguments) in work.items():
        begun[name] = threading.Event()
        threads.append(threading.Thread(target=action, args=(name, *arguments), daemon=True))
        threads[-1].start()
    for name, event in begun.items():
        require(event.wait(30), f"{name} did not get half way")
    time.sleep(0.5)
    began = time.monotonic()
    berth.terminate()
    wait_until(lambda: refuses(berth.port), 15, "new connections to be refused")
    require(berth.process.poll() is None, "the server did not wait for requests under way")
    go_on.set()
    for thread in threads:
        thread.join(60)
    code = berth.wait(SHUTDOWN + 15)
    seconds = time.monotonic() - began
    require(code == 0, f"exit code {code}")
    wrong = {name: results.get(name, "nothing") for name in work if results.get(name) not in ("201", "202", "right")}
    require(not wrong, f"requests under way were not finished: {wrong}")
    require(seconds < SHUTDOWN, f"the stop took {seconds:.0f} s although all requests were over")

    berth = Berth(place, data)
    client = berth.client()
    for name, (action, arguments) in work.items():
        if action is push and name not in ("manifest", "chunk"):
            client.check_blob("stop/r", digest(arguments[0]))
    require(client.tag("stop/r", "v2") == image.digest, "the manifest's tag is not there")
    [(location, one)] = chunked
    size = client.size_of_upload(location)
    require(size == len(one), f"of a chunk of {len(one)} bytes that was acknowledged during the stop {size} are there")
    client.finish(location, digest(one))
    client.check_blob("stop/r", digest(one))
    size = client.size_of_upload(waiting)
    require(size == 1 << 20, f"the upload begun before has {size} bytes")
    client.patch(waiting, size, content[size : 2 << 20])
    client.finish(waiting, digest(content), content[2 << 20 :])
    client.check_blob("stop/r", digest(content))
    berth.stop()
    offline.check(data)
    return f"{len(work)} requests under way finished, new connections refused, the upload begun before went on", seconds


def cuts_off(place: Place, source: random.Random) -> str:
    """A client that never finishes does not hold the stop up for longer than the setting."""
    data = place.path / "data-stuck"
    berth = Berth(place, data, BERTH_SERVER_SHUTDOWN_TIMEOUT="3s")
    client = berth.client()
    content = source.randbytes(200_000)
    upload = client.begin("stop/r")
    stuck = socket.create_connection(("127.0.0.1", berth.port))
    stuck.sendall(f"PATCH {upload} HTTP/1.1\r\nHost: a\r\nAuthorization: {BASIC}\r\nContent-Length: {len(content)}\r\n\r\n".encode())
    stuck.sendall(content[:100_000])
    time.sleep(1)
    began = time.monotonic()
    berth.terminate()
    code = berth.wait(30)
    seconds = time.monotonic() - began
    stuck.close()
    require(code == 0, f"exit code {code} with a client that does not finish")
    require(2 < seconds < 15, f"the stop took {seconds:.1f} s with shutdown-timeout 3 s")
    berth = Berth(place, data)
    client = berth.client()
    size = client.size_of_upload(upload)
    require(size is not None and size <= 100_000, f"the upload that was cut off has {size} bytes")
    client.finish(upload, digest(content), content[size:])
    client.check_blob("stop/r", digest(content))
    berth.stop()
    offline.check(data)
    return f"a client that never finishes was cut off after {seconds:.1f} s (setting 3 s), its upload went on from {size} bytes"


def raw(client: Client, method: str, path: str, parts, headers) -> int:
    """A request with a length whose body comes in parts."""
    client.connection.request(method, path, parts, {"Authorization": BASIC, **headers})
    answer = client.connection.getresponse()
    answer.read()
    return answer.status


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return False
    except OSError:
        return True
