"""The power goes: only what was synced is on the disk. A copy of the disk under a mounted file system is just that."""

import random
import shutil
import time

from badday import pushers
from badday.disk import LoopDisk
from badday.server import Berth, Folder


def run(long: bool) -> str:
    cuts = 12 if long else 3
    ledger = pushers.History()
    cut_at = []
    with Folder() as folder:
        image = folder / "disk.img"
        with LoopDisk(image, folder / "disk", 2000) as disk:
            with Berth(disk / "data", BERTH_HEAP="256m") as berth:
                running, stop = pushers.start(8, berth.port, ledger, random.randrange(1 << 30))
                for cut in range(cuts):
                    time.sleep(random.uniform(1.0, 2.0))
                    acknowledged = ledger.copy()
                    shutil.copyfile(image, folder / f"cut{cut}.img")
                    cut_at.append(acknowledged)
                stop.set()
                pushers.join(running)
                berth.kill()
        verified = 0
        for cut, acknowledged in enumerate(cut_at):
            with LoopDisk(folder / f"cut{cut}.img", folder / f"cut{cut}", None) as disk:
                with Berth(disk / "data", BERTH_HEAP="256m") as berth:
                    acknowledged.verify(berth.client(), ledger)
                    verified += len(acknowledged.images)
                    assert berth.stop() == 0
    assert verified > 0, "nothing had been acknowledged before a cut"
    return f"power cut {cuts} times during pushes, {verified} acknowledged images checked on the disks that were left"
