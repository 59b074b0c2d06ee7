"""SIGKILL in the middle of pushes, again and again."""

import random
import time

from badday import pushers
from badday.server import Berth, Folder, Image, check_files, digest, fsck


def run(long: bool) -> str:
    kills = 200 if long else 10
    seed = random.randrange(1 << 30)
    print(f"         kill-loop: seed {seed}, {kills} kills, 8 pushes in flight", flush=True)
    source = random.Random(seed)
    ledger = pushers.Ledger()
    with Folder() as folder:
        data = folder / "data"
        for kill in range(kills):
            with Berth(data) as berth:
                ledger.verify(berth.client())
                resume(berth)
                running, stop = pushers.start(8, berth.port, ledger, seed + 100 * kill)
                time.sleep(source.uniform(0.2, 2.5))
                berth.kill()
                stop.set()
                pushers.join(running)
            if kill % 20 == 19:  # what a crash leaves is settled at the next start
                with Berth(data) as berth:
                    berth.stop()
                check_files(data)
        with Berth(data) as berth:
            ledger.verify(berth.client())
            assert berth.stop() == 0
        check_files(data)
        fsck(data)
    assert ledger.acknowledged > 0, "nothing was acknowledged, so nothing was tested"
    return f"{kills} kills, {ledger.acknowledged} pushes and deletes acknowledged, none lost"


def resume(berth: Berth) -> None:
    """An upload goes on after a restart, and ends right."""
    client = berth.client()
    content = Image(berth.port).layers[1]
    upload = client.begin("bad/resumed")
    client.send("PATCH", upload, content[:500_000], (202,))
    where = client.send("GET", upload, expect=(204,))[0].getheader("Range")
    assert where == "0-499999", where
    client.send("PUT", f"{upload}?digest={digest(content)}", content[500_000:], (201,))
