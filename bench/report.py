"""The results as Markdown: Berth against its targets, then every case with every server."""

import re
from dataclasses import dataclass
from statistics import median

from bench.measure import Case, Sample
from bench.run import Results
from bench.settings import GIB, MIB
from bench.targets import BEST, TARGETS, Target

BERTH = "berth"


@dataclass(frozen=True)
class Report:
    cases: list[Case]
    results: Results
    versions: dict[str, str]            # server -> title and version
    absent: dict[str, str]              # server -> why
    machine: dict[str, str]
    remarks: list[str]

    def markdown(self) -> str:
        parts = ["# Benchmark", "", *(f"* {key}: {value}" for key, value in self.machine.items()),
                 *(f"* {title}" for title in self.versions.values()),
                 *(f"* **{name} was absent**: {why}" for name, why in self.absent.items()),
                 *(f"* {remark}" for remark in self.remarks)]
        if self.results.interrupted:
            parts.append("* **The run was interrupted**: what follows is what had been measured")
        judged = self._judged()
        if judged:
            parts += ["", "## Berth against its targets", "",
                      "| case | measure | Berth | against | ratio | target | |", "| --- | --- | --- | --- | --- | --- | --- |", *judged]
        names = list(self.versions)
        parts += ["", "## At a glance", "",
                  "Medians over the rounds: server CPU per request or GiB, unless the line says otherwise; in brackets the "
                  "multiple of Berth's.", "",
                  f"| case | {' | '.join(names)} |", "| --- |" + " --- |" * len(names), *self._glance(names)]
        parts += ["", "## Every figure", "",
                  "Medians over the rounds, lowest and highest in brackets. CPU is the server's.", "",
                  "| case | server | rate | server CPU | RSS MiB | other cores | |",
                  "| --- | --- | --- | --- | --- | --- | --- |", *self._rows()]
        return "\n".join(parts) + "\n"

    # ---- targets

    def _judged(self) -> list[str]:
        lines = []
        for case in self.cases:
            for target in (target for target in TARGETS if target.applies(case.name)):
                own = self.results.samples.get((case.name, BERTH))
                if own:
                    lines.append(self._judge(case, target, own))
                elif (case.name, BERTH) in self.results.failures:
                    lines.append(f"| {case.title} | | failed | | | | **missed** |")
        return lines

    def _judge(self, case: Case, target: Target, own: list[Sample]) -> str:
        mine = median(_metric(sample, target.metric) for sample in own)
        start = f"| {case.title} | {_METRICS[target.metric]} | {_show(mine, target.metric, case.unit)} "
        if target.against is None:
            bound = target.at_most if target.at_most is not None else target.at_least
            wanted = ("≤ " if target.at_most is not None else "≥ ") + _show(bound, target.metric, case.unit)
            return f"{start}| | | {wanted} | {_verdict(target, mine)} |"
        found = self._opponent(case, target)
        wanted = f"≤ {target.at_most:.3g}×" if target.at_most is not None else f"≥ {target.at_least:.3g}×"
        if found is None:
            return f"{start}| {target.against.removeprefix('case:')}: not measured | | {wanted} | not judged |"
        name, theirs = found
        ratio = _paired(own, theirs, target.metric)
        if ratio is None:
            return f"{start}| {name}: too small to measure | | {wanted} | not judged |"
        other = _show(median(_metric(sample, target.metric) for sample in theirs), target.metric, case.unit)
        return f"{start}| {name} {other} | {_ratio(ratio)} | {wanted} | {_verdict(target, ratio)} |"

    def _opponent(self, case: Case, target: Target) -> tuple[str, list[Sample]] | None:
        samples = self.results.samples
        if target.against.startswith("case:"):
            name = re.sub("-(basic|bearer)$", "-" + target.against.removeprefix("case:"), case.name)
            return ("Berth " + target.against.removeprefix("case:"), samples[name, BERTH]) if (name, BERTH) in samples else None
        if target.against != BEST:
            found = samples.get((case.name, target.against))
            return (target.against, found) if found else None
        peers = {name: found for (of, name), found in samples.items() if of == case.name and name != BERTH}
        if not peers:
            return None
        pick = min if target.at_most is not None else max
        best = pick(peers, key=lambda name: median(_metric(sample, target.metric) for sample in peers[name]))
        return best, peers[best]

    # ---- all figures

    def _glance(self, names: list[str]) -> list[str]:
        return [f"| {case.title}{_MEASURES.get(case.unit, '')} | {' | '.join(self._cell(case, name) for name in names)} |"
                for case in self.cases if not case.floor]

    def _cell(self, case: Case, name: str) -> str:
        found = self.results.samples.get((case.name, name))
        if not found:
            return "failed" if (case.name, name) in self.results.failures else ""
        metric = _PRIMARY.get(case.unit, "cpu")
        shown = _show(median(_metric(sample, metric) for sample in found), metric, case.unit)
        own = self.results.samples.get((case.name, BERTH))
        ratio = _paired(found, own, metric) if own and name != BERTH else None
        return f"{shown} ({_ratio(ratio)})" if ratio else shown

    def _rows(self) -> list[str]:
        rows = []
        for case in self.cases:
            for name in [case.floor] if case.floor else list(self.versions):
                if (case.name, name) in self.results.failures:
                    rows.append(f"| {case.title} | {name} | | | | | {self.results.failures[case.name, name]} |")
                elif found := self.results.samples.get((case.name, name)):
                    rows.append(self._row(case, name, found))
        return rows

    def _row(self, case: Case, name: str, found: list[Sample]) -> str:
        rss = median(sample.rss for sample in found) / MIB
        notes = "; ".join(sorted({sample.note for sample in found if sample.note}))
        rate = "" if case.unit == "server" else _spread(found, "seconds" if case.unit in _TIMED else "rate", case.unit)
        return (f"| {case.title} | {name} | {rate} | {_spread(found, 'cpu', case.unit)} | {f'{rss:.0f}' if rss else ''} | "
                f"{median(sample.other_cores for sample in found):.1f} | {notes} |")


_PRIMARY = {"blob": "rate", "manifest": "rate", "token": "rate", "page": "seconds", "p99": "seconds", "start": "seconds", "server": "rss"}      # by unit; else CPU
_MEASURES = {"blob": ": rate", "manifest": ": rate", "token": ": rate", "page": ": time", "p99": ": latency at the 99th percentile",
             "start": ": time", "server": ": RSS"}
_TIMED = {unit for unit, metric in _PRIMARY.items() if metric == "seconds"}
_METRICS = {"cpu": "server CPU", "rate": "rate", "seconds": "time", "rss": "RSS"}


def _metric(sample: Sample, metric: str) -> float:
    if metric == "cpu":
        return sample.cpu / sample.units
    if metric == "rate":
        return sample.units / sample.seconds
    return sample.seconds / sample.units if metric == "seconds" else sample.rss


def _paired(mine: list[Sample], theirs: list[Sample], metric: str) -> float | None:
    """The median of the ratios round by round, since within a round the two ran next to each other."""
    pairs = [_metric(a, metric) / _metric(b, metric) for a, b in zip(mine, theirs) if _metric(b, metric)]
    return median(pairs) if pairs else None


def _show(value: float, metric: str, unit: str) -> str:
    if metric == "rss":
        return f"{value / MIB:.0f} MiB"
    if metric == "seconds":
        return f"{value:.2f} s" if value >= 0.1 else f"{value * 1e3:.3g} ms"
    if metric == "rate":
        return f"{value * GIB / 1e6:,.0f} MB/s" if unit == "GiB" else f"{value:,.0f}/s"
    if unit in ("GiB", "start", "server"):
        return f"{value:.3g} s" + ("/GiB" if unit == "GiB" else "")
    return f"{value * 1e6:,.4g} µs" if value < 0.01 else f"{value * 1e3:,.4g} ms"


def _spread(samples: list[Sample], metric: str, unit: str) -> str:
    values = sorted(_metric(sample, metric) for sample in samples)
    middle = _show(median(values), metric, unit)
    if len(values) == 1:
        return middle
    return f"{middle} [{_show(values[0], metric, unit).split()[0]}–{_show(values[-1], metric, unit).split()[0]}]"


def _ratio(value: float) -> str:
    return f"{value:.3g}×" if value >= 0.1 else f"1/{1 / value:.0f}"


def _verdict(target: Target, value: float) -> str:
    if target.met(value):
        return "met"
    return "not yet (an ambition)" if target.ambition else "**missed**"
