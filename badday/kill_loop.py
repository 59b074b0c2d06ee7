"""SIGKILL at every stage of pushes, again and again; nothing that was acknowledged is lost, and nothing is left lying about."""

import random
import signal
import time

from badday import offline, workload
from badday.place import Place, require, wait_until
from badday.server import Berth

PUSHERS = 8
KILLS_PER_DATA = 25  # then a new data directory, so that checking everything stays cheap
UNCOMMITTED = 0.4  # seconds after which even work that nobody waits for has been committed


def run(place: Place, seed: int) -> str:
    kills = 200 if place.long else 12
    source = random.Random(seed)
    killed_at: dict[str, int] = {}
    uploads = {"resumed": 0, "gone": 0}
    totals = dict.fromkeys(workload.Ledger().counts, 0)
    unanswered = 0
    slowest = 0.0
    for kill in range(kills):
        if kill % KILLS_PER_DATA == 0:
            data = place.path / f"data{kill // KILLS_PER_DATA}"
            ledger = workload.Ledger()
            berth = Berth(place, data)
        pushers = workload.start(PUSHERS, berth.client, ledger, source)
        stage = source.choice(("any", *workload.STAGES))
        wait_for(stage, pushers, ledger, source)
        in_flight = sum(pusher.is_alive() for pusher in pushers)
        berth.kill()
        workload.join(pushers)
        require(in_flight == PUSHERS, f"only {in_flight} pushes were in flight")
        killed_at[stage] = killed_at.get(stage, 0) + 1
        unanswered += sum(len(values) > 1 for values in ledger.allowed().values())

        berth = Berth(place, data)
        slowest = max(slowest, berth.start_seconds)
        client = berth.client()
        last = kill % KILLS_PER_DATA == KILLS_PER_DATA - 1 or kill == kills - 1
        recent = set(ledger.promises) - ledger.checked
        sample = set(source.sample(sorted(ledger.promises), min(20, len(ledger.promises))))
        found = workload.verify(client, ledger.allowed(), lambda key: last or key in recent or key in sample)
        ledger.settle(found)
        ledger.checked = set(found)
        for pusher in pushers:
            if pusher.interrupted:
                uploads[pusher.interrupted.resume(client)] += 1
        if last:
            berth.stop()
            offline.check(data)
            offline.fsck(data)
            for name, count in ledger.counts.items():
                totals[name] += count
        else:
            check_while_suspended(berth)
        if kill % 10 == 9:
            print(f"         {kill + 1} kills, acknowledged in this data directory: {ledger.describe()}", flush=True)
    require(totals["images"] > kills, f"only {totals['images']} images were acknowledged in {kills} kills")
    require(uploads["resumed"] > 0, "no interrupted upload was resumed")
    stages = ", ".join(f"{count} {name}" for name, count in sorted(killed_at.items()))
    return (
        f"{kills} kills ({stages}), {PUSHERS} pushes in flight: acknowledged "
        + ", ".join(f"{count} {name}" for name, count in totals.items())
        + f", none lost; {unanswered} unanswered ended either way; {uploads['resumed']} uploads resumed,"
        + f" {uploads['gone']} answered 404; slowest start {slowest:.1f} s; no file left over"
    )


def wait_for(stage: str, pushers: list[workload.Pusher], ledger: workload.Ledger, source: random.Random) -> None:
    """The moment for a kill: after some pushes and a random time, the next request of that stage, and some milliseconds more."""
    goal = ledger.total() + source.randrange(2, 14)
    wait_until(lambda: ledger.total() >= goal or any(pusher.failure for pusher in pushers), 120, "pushes to be acknowledged")
    time.sleep(source.uniform(0, 0.5))
    if stage != "any":
        pusher = source.choice(pushers)
        pusher.stages[stage].clear()
        pusher.stages[stage].wait(timeout=5)
        time.sleep(source.choice((0, 0.001, 0.003, 0.01, 0.03)))


def check_while_suspended(berth: Berth) -> None:
    """The server is idle, and does nothing while its files are looked at."""
    time.sleep(UNCOMMITTED)
    berth.process.send_signal(signal.SIGSTOP)
    try:
        offline.check(berth.data)
    finally:
        berth.process.send_signal(signal.SIGCONT)
