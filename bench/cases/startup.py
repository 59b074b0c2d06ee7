"""From starting the command to the first 200, and the memory of a server that nobody uses."""

import shutil
import statistics
import time

from bench import proc
from bench.measure import Case, Outcome
from bench.servers import PLAIN
from bench.settings import Settings
from bench.workload import NONE, Context


def cases(settings: Settings) -> list[Case]:
    def start(context: Context, seconds: float) -> Outcome:
        return _starts(context, empty=False)

    def first_start(context: Context, seconds: float) -> Outcome:
        return _starts(context, empty=True)

    def idle(context: Context, seconds: float) -> Outcome:
        with _folder_start(context) as running:
            time.sleep(context.settings.idle_seconds)
            return Outcome(1, running.start_seconds, cpu=proc.cpu_seconds(running.pid), rss=proc.rss_bytes(running.pid))

    return [Case("start", f"start to the first 200, median of {settings.starts}", NONE, PLAIN, "start", start, for_files=True),
            Case("start-empty", f"the same on an empty folder, median of {settings.starts}", NONE, PLAIN, "start", first_start,
                 for_files=True),
            Case("idle", f"idle, {settings.idle_seconds:.0f} s after the first 200", NONE, PLAIN, "server", idle, for_files=True)]


def _folder_start(context: Context):
    return context.server.start(context.workload.data(context.server, "start"), context.workload.work, PLAIN)


def _starts(context: Context, empty: bool) -> Outcome:
    _folder_start(context).stop()       # whatever is built or migrated once is done
    taken, used, memory = [], [], []
    for _ in range(context.settings.starts):
        if empty:
            shutil.rmtree(context.workload.data(context.server, "start"), ignore_errors=True)
        with _folder_start(context) as running:
            taken.append(running.start_seconds)
            used.append(proc.cpu_seconds(running.pid))
            memory.append(proc.rss_bytes(running.pid))
    return Outcome(1, statistics.median(taken), cpu=statistics.median(used), rss=statistics.median(memory))
