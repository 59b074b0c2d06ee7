"""Runs the scenarios and prints a table; exit code 1 when one failed. What cannot run here says why and does not count as passed."""

import argparse
import pathlib
import random
import signal
import sys
import time
import traceback

from badday import (
    big_blob,
    clock_jump,
    disk_full,
    kill_loop,
    network_disk,
    power_loss,
    read_only,
    slow_clients,
    sync_order,
    terminate,
)
from badday.place import NotRun, Place
from badday.server import build

# Name, scenario, and the seconds after which it hangs, short and long: many times what an idle machine takes.
SCENARIOS = {
    "kill-loop": (kill_loop.run, 600, 14400),
    "sync-order": (sync_order.run, 300, 300),
    "power-loss": (power_loss.run, 600, 3600),
    "disk-full": (disk_full.run, 400, 900),
    "read-only": (read_only.run, 400, 600),
    "network-disk": (network_disk.run, 300, 300),
    "clock-jump": (clock_jump.run, 400, 600),
    "slow-clients": (slow_clients.run, 600, 1200),
    "big-blob": (big_blob.run, 400, 3600),
    "terminate": (terminate.run, 300, 300),
}


class TooLong(BaseException):
    """The scenario took longer than it may."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/badday", description="What happens on bad days.")
    parser.add_argument("--long", action="store_true", help="200 kills, more power cuts, a blob of 20 GiB")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="repeats the choices of an earlier run")
    parser.add_argument("--dir", type=pathlib.Path, help="where the data directories lie during the run (default: the temporary folder)")
    parser.add_argument("scenario", nargs="*", help=", ".join(SCENARIOS))
    options = parser.parse_args()
    unknown = set(options.scenario) - SCENARIOS.keys()
    if unknown:
        parser.error(f"there is no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}", flush=True)
    build()
    results = []
    for name in options.scenario or SCENARIOS:
        began = time.monotonic()
        state, text = run(name, options)
        results.append((name, state, time.monotonic() - began, text))
        print(f"{name}: {state} after {results[-1][2]:.0f} s: {text}", flush=True)
    print("\nscenario      result    seconds  figures")
    for name, state, seconds, text in results:
        print(f"{name:13} {state:9} {seconds:7.0f}  {text}")
    counts = {state: sum(result[1] == state for result in results) for state in ("passed", "part", "not run", "FAILED")}
    print(", ".join(f"{count} {state}" for state, count in counts.items()), f"in {sum(result[2] for result in results):.0f} s")
    if counts["part"] or counts["not run"]:
        print("This machine cannot show everything: what is only a part or not run says why above, and has not passed.")
    return 1 if any(state == "FAILED" for _, state, _, _ in results) else 0


def run(name: str, options: argparse.Namespace) -> tuple[str, str]:
    scenario, short, long = SCENARIOS[name]
    signal.alarm(long if options.long else short)
    try:
        with Place(options.long, options.dir) as place:
            try:
                text = scenario(place, options.seed)
                return ("part" if place.notes else "passed"), "; ".join([text, *place.notes])
            except BaseException as problem:
                signal.alarm(0)
                if not isinstance(problem, NotRun):
                    show_log(place)
                raise
            finally:
                signal.alarm(0)
    except NotRun as why:
        return "not run", str(why)
    except TooLong:
        return "FAILED", f"not over after {long if options.long else short} s"
    except Exception as problem:
        traceback.print_exc()
        return "FAILED", f"{problem} (seed {options.seed})"


def give_up(*_) -> None:
    raise TooLong


def show_log(place: Place) -> None:
    log = place.path / "berth.log"
    if log.exists():
        lines = [line for line in log.read_text(errors="replace").splitlines() if " WARN" in line or "ERROR" in line or "\tat " in line]
        print("\n".join(["the server's last complaints:", *lines[-40:]]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
