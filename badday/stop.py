"""SIGTERM: what is under way is finished, what was begun can go on."""

import random
import signal
import threading
import time

from badday.server import Berth, Folder, digest


def run(long: bool) -> str:
    content = random.randbytes(3 << 20)
    with Folder() as folder:
        data = folder / "data"
        with Berth(data) as berth:
            client = berth.client()
            waiting = client.begin("stop/resumed")
            client.send("PATCH", waiting, content[: 1 << 20], (202,))
            upload = client.begin("stop/finished")
            half_sent, go_on = threading.Event(), threading.Event()

            def slowly():
                yield content[: 1 << 20]
                half_sent.set()
                go_on.wait(20)
                yield content[1 << 20:]

            result = []
            pusher = threading.Thread(target=lambda: result.append(berth.client().send(
                "PUT", f"{upload}?digest={digest(content)}", slowly(), Content_Length=str(len(content)))[0].status))  # fmt: skip
            pusher.start()
            half_sent.wait(20)
            time.sleep(0.3)
            berth.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            go_on.set()
            pusher.join(30)
            assert berth.process.wait(60) == 0, f"exit code {berth.process.returncode}"
            assert result == [201], result
        with Berth(data) as berth:
            client = berth.client()
            assert client.get(f"/v2/stop/finished/blobs/{digest(content)}") == content
            assert client.send("GET", waiting, expect=(204,))[0].getheader("Range") == f"0-{(1 << 20) - 1}"
            client.send("PUT", f"{waiting}?digest={digest(content)}", content[1 << 20:], (201,))
            assert berth.stop() == 0
    return "a push under way was finished, one begun before went on after the restart, exit code 0"
