"""Runs the suite and prints a table of clients and transports."""

import argparse
import importlib
import signal
import sys
import tempfile
import time
import unittest
from dataclasses import dataclass
from pathlib import Path

from .contract import Bench, ClientTest
from .images import Images, Layout
from .processes import Daemon, remove_tree, tail
from .registry import PLAIN, PRODUCTS, TLS, Certificates

CLIENTS = (
    "curl", "skopeo", "podman", "buildah", "umoci", "containerd", "docker",
    "crane", "oras", "helm", "regctl", "conformance", "tenants", "harbor_cli", "terraform",
)  # fmt: skip


class Report(unittest.TestResult):
    """Prints a line for each test, and what went over the wire where one failed."""

    def __init__(self, client: str, transport: str):
        super().__init__()
        self.title = f"{client:<12} {transport:<10}"
        self.passed = 0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()
        self.failed_before = self.failed

    @property
    def failed(self) -> int:
        return len(self.failures) + len(self.errors)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self._line("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("skipped", test, f"({reason})")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._tell(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._tell(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            told = max(self.failures[-1:], self.errors[-1:], key=lambda last: bool(last) and last[0][0] is subtest)
            self._tell(subtest, told[0][1], test)

    def _tell(self, test, trace: str, whose=None) -> None:
        self._line("FAILED", test)
        text = trace
        whose = whose or test
        if isinstance(whose, ClientTest) and hasattr(whose, "logged"):
            text += "".join(f"{exchange}\n" for exchange in whose.exchanges()[-40:])
            text += tail(whose.log())
        print("".join(f"    {line}\n" for line in text.splitlines()), end="", flush=True)

    def _line(self, verdict: str, test, more: str = "") -> None:
        seconds = time.monotonic() - getattr(self, "started", time.monotonic())
        name = getattr(test, "_testMethodName", None) or str(test)
        name = name.removeprefix("test_").replace("_", " ")
        print(f"{verdict:<8} {self.title} {name} {more} {seconds:.1f} s".replace("  s", " s"), flush=True)


@dataclass(frozen=True)
class Row:
    client: str
    transport: str
    verdict: str
    failed: int = 0
    passed: int = 0
    skipped: int = 0


def tests_of(client: str) -> list[type[ClientTest]]:
    module = importlib.import_module(f".test_{client}", __package__)
    own = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
    return [c for c in own if issubclass(c, ClientTest)]


def try_client(client: str, transport: str, bench: Bench, pattern: str) -> Row:
    report = Report(client, transport)
    for test_class in tests_of(client):
        if reason := test_class.absent():
            return Row(client, transport, f"absent: {reason}")
        bound = type(test_class.__name__, (test_class,), {"bench": bench, "transport": transport})
        names = [name for name in unittest.defaultTestLoader.getTestCaseNames(bound) if pattern in name]
        names = [name for name in names if bench.corpus or "_corpus_" not in name]
        unittest.TestSuite(bound(name) for name in names).run(report)
        if reason := getattr(bound, "cannot_start", None):
            return Row(client, transport, f"absent: {reason}")
    verdict = f"FAIL, {report.failed} of {report.testsRun}" if report.failed else f"pass, {report.passed}"
    if report.skipped:
        verdict += f", {len(report.skipped)} skipped"
    return Row(client, transport, verdict, report.failed, report.passed, len(report.skipped))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/acceptance", description="Tries a registry with real clients.")
    parser.add_argument("clients", nargs="*", metavar="client", help=f"of {', '.join(CLIENTS)}; all when none is named")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="also every image of the layout DIR/corpus/layout")
    parser.add_argument("--against", choices=sorted(PRODUCTS), default="berth", help="the registry to try")
    parser.add_argument("--transport", choices=("plain", "tls"), help="only this one")
    parser.add_argument("--only", default="", metavar="TEXT", help="only tests whose name contains this")
    parsed = parser.parse_args()
    if unknown := set(parsed.clients) - set(CLIENTS):
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    if parsed.corpus and not (parsed.corpus / "corpus/layout/index.json").is_file():
        parser.error(f"{parsed.corpus / 'corpus/layout'} is no OCI layout")
    return parsed


def main() -> int:
    options = arguments()
    product = PRODUCTS[options.against]
    if reason := product.absent():
        print(f"cannot start {product.name}: {reason}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # for unittest lets only KeyboardInterrupt through
    folder = Path(tempfile.mkdtemp(prefix="berth-"))
    tempfile.tempdir = str(folder)
    try:
        corpus = options.corpus and Layout(options.corpus.resolve() / "corpus/layout")
        corpus = corpus and corpus.with_plain_names(folder / "corpus")
        bench = Bench(folder, product, Certificates.create(folder / "tls"), Images(folder / "images"), corpus)
        transports = {"plain": (PLAIN,), "tls": (TLS,), None: (PLAIN, TLS)}[options.transport]
        rows = [
            try_client(client, transport, bench, options.only.replace(" ", "_"))
            for client in options.clients or CLIENTS
            for transport in transports
        ]
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        for daemon in list(Daemon.running):
            daemon.stop()
        remove_tree(folder)
    print(f"\n{'CLIENT':<12} {'TRANSPORT':<10} {product.name.upper()}")
    for row in rows:
        print(f"{row.client:<12} {row.transport:<10} {row.verdict}")
    absent = list(dict.fromkeys(row.client for row in rows if row.verdict.startswith("absent")))
    if absent:
        print(f"absent: {', '.join(absent)} (bin/clients installs what can be had)")
    passed, failed, skipped = (sum(getattr(row, part) for row in rows) for part in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
