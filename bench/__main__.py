"""The command line of bin/bench."""

import argparse
import fnmatch
import json
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from bench import machine, peers, servers, tools
from bench.cases import all_cases
from bench.measure import Case, Sample
from bench.report import Report
from bench.run import Results, prepare, run
from bench.settings import QUICK, Settings
from bench.workload import CATALOG, TAGS, Workload

ROOT = tools.HERE.parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measures Berth beside real registries on the same data.")
    parser.add_argument("--quick", action="store_true", help="small and short: shows that every case works, not who is faster")
    parser.add_argument("--only", metavar="CASE,...", help="case names, * allowed; --list shows them")
    parser.add_argument("--list", action="store_true", help="list the cases and end")
    parser.add_argument("--peers", metavar="A,B", help="of docker-registry, distribution, zot, nginx; none for Berth alone")
    parser.add_argument("--rounds", type=int, help="instead of 3 (1 with --quick)")
    parser.add_argument("--zot", metavar="PATH", help="a zot binary, where there is none on the PATH")
    parser.add_argument("--berth", metavar="PATH", type=Path, default=ROOT / "berth", help="the launcher to measure")
    parser.add_argument("--corpus", metavar="DIR", type=Path, help="a folder with an OCI layout for the skopeo cases")
    parser.add_argument("--out", metavar="FILE", type=Path, help="bench/results.md unless --quick or --only is given")
    parser.add_argument("--raw", metavar="FILE", type=Path, help="every single measurement as JSON")
    parser.add_argument("--from", metavar="FILE,...", dest="measured",
                        help="measures nothing: the report of what earlier runs wrote with --raw, on this machine")
    parser.add_argument("--remark", metavar="TEXT", action="append", default=[], help="a line for the head of the report")
    parser.add_argument("--work", metavar="DIR", type=Path, help="where the temporary data goes: a disk with 20 GiB free, not a tmpfs")
    return parser.parse_args()


def chosen(cases: list[Case], only: str | None) -> list[Case]:
    if not only:
        return cases
    patterns = only.split(",")
    unknown = [pattern for pattern in patterns if not any(fnmatch.fnmatch(case.name, pattern) for case in cases)]
    if unknown:
        raise SystemExit(f"no such case: {', '.join(unknown)}; --list shows them")
    return [case for case in cases if any(fnmatch.fnmatch(case.name, pattern) for pattern in patterns)]


def candidates(options: argparse.Namespace) -> list[servers.Server]:
    berth = servers.Berth(options.berth.absolute())
    found = peers.all_peers(options.zot)
    if options.peers is None:
        return [berth, *found]
    names = [name for name in options.peers.split(",") if name != "none"]
    unknown = set(names) - {peer.name for peer in found}
    if unknown:
        raise SystemExit(f"no such peer: {', '.join(unknown)}")
    return [berth, *(peer for peer in found if peer.name in names)]


def main() -> None:
    options = arguments()
    settings = QUICK if options.quick else Settings()
    if options.rounds:
        settings = replace(settings, rounds=options.rounds)
    if options.list:
        print("\n".join(f"{case.name:40} {case.title}" for case in all_cases(settings, Workload(settings, Path(), []))))
        return
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    tools.install_packages()
    work = Path(tempfile.mkdtemp(prefix="berth-bench-", dir=options.work))
    results = Results()
    try:
        servers.prepare_shared(work / "shared")
        workload = Workload(settings, work, tools.compile_load(work / "classes"), options.corpus)
        cases = chosen(all_cases(settings, workload), options.only)
        everyone = candidates(options)
        absent = {server.name: why for server in everyone if (why := server.absent())}
        present = [server for server in everyone if server.name not in absent]
        report = Report(cases, results, {server.name: f"{server.title} {server.version()}" for server in present}, absent,
                        machine.describe(work), [*remarks(settings, options.quick, cases, present), *options.remark])
        try:
            if options.measured:
                read(options.measured.split(","), results)
            else:
                prepare(cases, workload)
                run(cases, present, workload, results)
        except KeyboardInterrupt:
            results.interrupted = True
        text = report.markdown()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(text)
    write(options, text, results)
    if results.interrupted or any(name == "berth" for _, name in results.failures):
        sys.exit(1)


def remarks(settings: Settings, quick: bool, cases: list[Case], present: list[servers.Server]) -> list[str]:
    found = [f"{settings.rounds} round{'s' if settings.rounds > 1 else ''}, {settings.seconds:.0f} s a measurement"]
    if quick:
        found.append("**quick run: it shows that the cases work; its figures mean little**")
    on_disk = [server.name for server in present if server.seeds_on_disk]
    if on_disk and any(case.dataset in (TAGS, CATALOG) for case in cases):
        found.append(f"the repositories of the catalog and the tags of tags/list were written straight into the storage of "
                     f"{', '.join(on_disk)}; Berth got the same ones pushed")
    return found


def read(files: list[str], results: Results) -> None:
    """What --raw has written. Of a case that failed nothing is in it."""
    for file in files:
        for line in Path(file).read_text().splitlines():
            sample = json.loads(line)
            case, server = sample.pop("case"), sample.pop("server")
            results.samples.setdefault((case, server), []).append(Sample(**sample))


def write(options: argparse.Namespace, text: str, results: Results) -> None:
    out = options.out or (None if options.quick or options.only else tools.HERE / "results.md")
    if out:
        out.write_text(text)
    if options.raw:
        options.raw.write_text("".join(json.dumps({"case": case, "server": server, **asdict(sample)}) + "\n"
                                       for (case, server), samples in results.samples.items() for sample in samples))


main()
