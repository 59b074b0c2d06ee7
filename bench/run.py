"""The order of things: seed, then in every round every server, one after the other, for every group of cases."""

import os
import shutil
import sys
import time
from dataclasses import dataclass, field

from bench.measure import Case, Sample, measure
from bench.servers import Server
from bench.workload import FRESH, NONE, READING, Context, Failed, Workload


@dataclass
class Results:
    """Samples and failures by case and server."""

    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    interrupted: bool = False


def run(cases: list[Case], servers: list[Server], workload: Workload, results: Results) -> None:
    """Fills the results; on an interruption they hold what was measured until then."""
    groups: dict[tuple[str, str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.dataset, case.variant, case.group), []).append(case)
    for number in range(1, workload.settings.rounds + 1):
        for (dataset, variant, group), members in groups.items():
            for case in (member for member in members if member.floor):
                _measure(case, Context(workload, servers[0], None, number), True, case.floor, results)
            first = (number - 1) % len(servers)     # every round another one goes first
            for server in servers[first:] + servers[:first]:
                wanted = [case for case in members if not case.floor and (server.registry or case.for_files)
                          and (not case.only or server.name in case.only)
                          and (case.name, server.name) not in results.failures]
                if wanted:
                    _say(f"round {number}: {server.name}, {dataset} data, {variant} {group}".rstrip())
                    _run_group(wanted, server, workload, number, results)


def _run_group(cases: list[Case], server: Server, workload: Workload, number: int, results: Results) -> None:
    dataset, variant = cases[0].dataset, cases[0].variant
    if dataset == NONE:
        for case in cases:
            _measure(case, Context(workload, server, None, number), True, server.name, results)
        shutil.rmtree(workload.data(server, "start"), ignore_errors=True)
        return
    try:
        workload.seed(server, dataset)
        data = workload.data(server, dataset)
        os.sync()
        with server.start(data, workload.work, variant) as running:
            running.quiesce()
            context = Context(workload, server, running, number)
            for case in cases:
                _measure(case, context, case is cases[0], server.name, results)
    except (RuntimeError, Failed, OSError) as problem:
        for case in cases:
            if not results.samples.get((case.name, server.name)):
                results.failures[case.name, server.name] = _short(problem)
        _say(f"  {problem}")
    finally:
        if dataset == FRESH:
            shutil.rmtree(workload.data(server, dataset), ignore_errors=True)


def _measure(case: Case, context: Context, first: bool, name: str, results: Results) -> None:
    begun = time.monotonic()
    try:
        sample = measure(case, context, first)
        results.samples.setdefault((case.name, name), []).append(sample)
        _say(f"  {case.name}: {sample.units / sample.seconds:,.4g}/s, "
             f"{sample.cpu / sample.units * 1e6:,.4g} us CPU per {case.unit}, {time.monotonic() - begun:.0f} s")
    except (Failed, OSError, RuntimeError) as problem:
        results.failures[case.name, name] = _short(problem)
        _say(f"  {case.name} FAILED: {problem}")


def _short(problem: Exception) -> str:
    return " ".join(str(problem).split())[:240] or type(problem).__name__


def prepare(cases: list[Case], workload: Workload) -> None:
    """The files that are pushed and served."""
    sizes = set(workload.settings.blob_sizes) if any(case.dataset == READING for case in cases) else set()
    if any(case.name.startswith("push-") and case.unit == "GiB" for case in cases):
        from bench.cases.pushes import WARM_UP_SIZE
        sizes |= {*workload.settings.push_sizes, WARM_UP_SIZE}
    workload.make_files(sizes)
    workload.expect_manifests()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
