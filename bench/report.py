"""The results as Markdown: Berth against its targets, then every case with every server."""

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
        parts += ["", "## Every case", "",
                  "Medians over the rounds, lowest and highest in brackets. CPU is the server's; `× Berth` is the server's CPU "
                  "as a multiple of Berth's.", "",
                  "| case | server | rate | server CPU | × Berth | RSS MiB | other cores | |",
                  "| --- | --- | --- | --- | --- | --- | --- | --- |", *self._rows()]
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
            limit = _show(target.at_most, target.metric, case.unit)
            return f"{start}| | | ≤ {limit} | {_verdict(target, mine)} |"
        found = self._opponent(case, target)
        wanted = f"≤ {target.at_most:.3g}×" if target.at_most is not None else f"≥ {target.at_least:.3g}×"
        if found is None:
            return f"{start}| {target.against.removeprefix('case:')}: not measured | | {wanted} | not judged |"
        name, theirs = found
        # round by round, since the two ran next to each other
        pairs = [_metric(a, target.metric) / _metric(b, target.metric) for a, b in zip(own, theirs) if _metric(b, target.metric)]
        if not pairs:
            return f"{start}| {name}: too small to measure | | {wanted} | not judged |"
        ratio = median(pairs)
        other = _show(median(_metric(sample, target.metric) for sample in theirs), target.metric, case.unit)
        return f"{start}| {name} {other} | {_ratio(ratio)} | {wanted} | {_verdict(target, ratio)} |"

    def _opponent(self, case: Case, target: Target) -> tuple[str, list[Sample]] | None:
        samples = self.results.samples
        if target.against.startswith("case:"):
            name = case.name.replace("-basic", "-" + target.against.removeprefix("case:"))
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

    def _rows(self) -> list[str]:
        rows = []
        for case in self.cases:
            own = self.results.samples.get((case.name, BERTH))
            names = [case.floor] if case.floor else list(self.versions)
            for name in names:
                if (case.name, name) in self.results.failures:
                    rows.append(f"| {case.title} | {name} | | | | | | {self.results.failures[case.name, name]} |")
                elif found := self.results.samples.get((case.name, name)):
                    rows.append(self._row(case, name, found, own))
        return rows

    def _row(self, case: Case, name: str, found: list[Sample], own: list[Sample] | None) -> str:
        times = ""
        if own and name != BERTH and not case.floor and case.unit not in ("start", "server"):
            pairs = [_metric(b, "cpu") / _metric(a, "cpu") for a, b in zip(own, found) if _metric(a, "cpu")]
            times = f"{median(pairs):.3g}" if pairs else ""
        rss = median(sample.rss for sample in found) / MIB
        notes = "; ".join(sorted({sample.note for sample in found if sample.note}))
        rate = "" if case.unit == "server" else _spread(found, "seconds" if case.unit == "start" else "rate", case.unit)
        return (f"| {case.title} | {name} | {rate} | {_spread(found, 'cpu', case.unit)} | {times} | {f'{rss:.0f}' if rss else ''} | "
                f"{median(sample.other_cores for sample in found):.1f} | {notes} |")


_METRICS = {"cpu": "server CPU", "rate": "rate", "seconds": "time", "rss": "RSS"}


def _metric(sample: Sample, metric: str) -> float:
    if metric == "cpu":
        return sample.cpu / sample.units
    if metric == "rate":
        return sample.units / sample.seconds
    return sample.seconds / sample.units if metric == "seconds" else sample.rss


def _show(value: float, metric: str, unit: str) -> str:
    if metric == "rss":
        return f"{value / MIB:.0f} MiB"
    if metric == "seconds":
        return f"{value:.2f} s"
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
