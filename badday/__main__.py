"""Runs the scenarios and prints a table; exit code 1 when one failed. What cannot run here says why and is not counted as passed."""

import argparse
import sys
import time
import traceback

from badday import diskfull, killloop, powerloss, slowclients, stop, synced
from badday.server import NotHere, build

SCENARIOS = {
    "kill-loop": killloop.run,
    "sync-order": synced.run,
    "power-loss": powerloss.run,
    "disk-full": diskfull.run,
    "slow-clients": slowclients.run,
    "stop": stop.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/badday")
    parser.add_argument("--long", action="store_true", help="more kills, more copies, more clients")
    parser.add_argument("scenario", nargs="*", choices=[*SCENARIOS, []], help="only these")
    options = parser.parse_args()
    build()
    results = []
    for name in options.scenario or SCENARIOS:
        began = time.monotonic()
        try:
            results.append((name, "passed", SCENARIOS[name](options.long)))
        except NotHere as reason:
            results.append((name, "not run", str(reason)))
        except Exception as failure:
            traceback.print_exc()
            results.append((name, "FAILED", str(failure)[:300]))
        print(f"{results[-1][1]:8} {name:13} {time.monotonic() - began:5.0f} s  {results[-1][2]}", flush=True)
    print()
    for name, state, text in results:
        print(f"{name:13} {state:8} {text}")
    return 1 if any(state == "FAILED" for _, state, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
