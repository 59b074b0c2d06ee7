"""Measuring one case against one running server, and the generators that need a wrapper: wrk and curl."""

import json
import os
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import proc, tools
from bench.servers import Running
from bench.workload import Context, Failed


@dataclass(frozen=True)
class Outcome:
    """What a generator did: how many units (requests, starts, or GiB) in how many seconds."""

    units: float
    seconds: float
    note: str = ""
    cpu: float | None = None    # where the case starts its servers itself
    rss: float | None = None


@dataclass(frozen=True)
class Sample:
    """One measurement of one case against one server."""

    units: float
    seconds: float
    cpu: float = 0.0            # seconds, of the server's whole process tree
    rss: float = 0.0            # bytes, right after
    other_cores: float = 0.0    # cores kept busy by anything but the server and the generator
    note: str = ""


@dataclass(frozen=True)
class Case:
    """One line of the table. `generate(context, seconds)` loads the server and must fail on any wrong answer."""

    name: str
    title: str
    dataset: str
    variant: str
    unit: str                                                   # request, GiB, start, or server
    generate: Callable[[Context, float], Outcome]
    verify: Callable[[Context], None] = lambda context: None
    for_files: bool = False                                     # nginx too
    warm_up: Callable[[Context], None] | None = None            # instead of generating for a while
    floor: str = ""                                             # what is measured, where it is no server
    group: str = ""                                             # cases of one group share a start of the server
    only: tuple[str, ...] = ()                                  # servers; none: all that can


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def during(running: Running | None, work: Callable[[], Outcome]) -> Sample:
    """Runs the work and tells what the server, the generator (a waited-for child) and the rest of the machine used."""
    server = proc.cpu_seconds(running.pid) if running else 0.0
    generator, machine, begun = _children_cpu(), proc.machine_busy_seconds(), time.monotonic()
    outcome = work()
    wall = time.monotonic() - begun
    server = (proc.cpu_seconds(running.pid) if running else 0.0) - server
    generator = _children_cpu() - generator
    other = max(0.0, (proc.machine_busy_seconds() - machine - server - generator) / wall)
    if outcome.cpu is not None:
        server = outcome.cpu
    rss = outcome.rss if outcome.rss is not None else proc.rss_bytes(running.pid) if running else 0.0
    return Sample(outcome.units, outcome.seconds, server, rss, other, outcome.note)


def measure(case: Case, context: Context, first: bool) -> Sample:
    """Verifies, warms up, measures."""
    case.verify(context)
    if case.warm_up:
        case.warm_up(context)
    elif context.running:
        case.generate(context, context.settings.warm_up if first else context.settings.warm_up / 3)
    sample = during(context.running, lambda: case.generate(context, context.settings.seconds))
    if sample.units <= 0:
        raise Failed("nothing was completed in the time")
    return sample


def wrk(context: Context, targets: Path, connections: int, seconds: float, accept: str | None = None,
        smallest: int = 0) -> tuple[float, float, float]:
    """GET with wrk over all targets in turn: requests, bytes, seconds. Every answer must be a success of enough bytes."""
    result = wrk_result(context, targets, connections, seconds, accept)
    if result["requests"] and result["bytes"] < result["requests"] * smallest:
        raise Failed(f"answers were too short: {result['bytes'] / result['requests']:.0f} bytes instead of {smallest}")
    return result["requests"], result["bytes"], result["microseconds"] / 1e6


def wrk_result(context: Context, targets: Path, connections: int, seconds: float, accept: str | None = None) -> dict:
    """The same, as wrk.lua tells it, latencies included."""
    process = subprocess.run(wrk_command(context, targets, connections, seconds, accept), capture_output=True, text=True, check=False)
    result = wrk_said(process.stdout, process.stderr)
    wrong = {key: result[key] for key in ("connect", "read", "write", "status", "timeout") if result[key]}
    if wrong:
        raise Failed(f"of {result['requests']} requests some failed: {wrong}")
    return result


def wrk_said(output: str, errors: str) -> dict:
    try:
        return json.loads(output.splitlines()[-1])
    except (ValueError, IndexError):
        raise Failed(f"wrk said: {(errors or output).strip()[-200:]}") from None


def wrk_command(context: Context, targets: Path, connections: int, seconds: float, accept: str | None = None) -> list[str]:
    headers = [argument for name, value in context.headers(accept).items() for argument in ("-H", f"{name}: {value}")]
    threads = min(2, connections, os.cpu_count() or 1)
    return [tools.which("wrk"), "-t", str(threads), "-c", str(connections), "-d", f"{max(1, round(seconds))}s",
            "--timeout", "60s", *headers, "-s", str(tools.HERE / "wrk.lua"), context.running.url, "--", str(targets)]


def curl(context: Context, path: str, size: int, version: str, processes: int, times: int) -> tuple[float, float]:
    """Several curls at once, each with one connection and several downloads: bytes, seconds."""
    url = context.running.url + path
    command = [tools.which("curl"), "-ks", f"--http{version}", "-w", "%{http_code} %{http_version} %{size_download}\\n",
               *["-o", "/dev/null", url] * times]
    begun = time.monotonic()
    curls = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    answers = [line for process in curls for line in process.communicate()[0].splitlines()]
    seconds = time.monotonic() - begun
    wrong = [line for line in answers if line != f"200 {version} {size}"]
    if wrong or len(answers) != processes * times:
        raise Failed(f"curl got '{wrong[0] if wrong else 'too few answers'}' instead of '200 {version} {size}'")
    return size * len(answers), seconds
