"""What Berth aims at, relative to the peers of the same run, or absolute."""

import re
from dataclasses import dataclass

from bench.settings import MIB

BEST = "the best peer"


@dataclass(frozen=True)
class Target:
    """`metric` of Berth against `against`: a peer, BEST, another case of Berth (`case:` and a pattern), or None: absolute."""

    cases: str                  # regular expression over case names
    metric: str                 # cpu (per unit), rate, seconds, rss
    at_most: float | None = None
    at_least: float | None = None
    against: str | None = None
    ambition: bool = False      # wished, not required

    def applies(self, case: str) -> bool:
        return re.fullmatch(self.cases, case) is not None

    def met(self, value: float) -> bool:
        return value <= self.at_most if self.at_most is not None else value >= self.at_least


ANONYMOUS = r"manifest-.*-anonymous"
TARGETS = [
    Target(ANONYMOUS, "cpu", at_most=0.4, against="zot"),
    Target(ANONYMOUS, "cpu", at_most=1 / 40, against="docker-registry"),
    Target(r"manifest-.*-basic", "cpu", at_most=1.3, against="case:anonymous"),
    Target(r"blob-1k-plain", "cpu", at_most=0.35, against="zot"),
    Target(r"blob-10m-plain", "cpu", at_most=1.0, against="zot"),
    Target(r"blob-200m-plain", "cpu", at_most=1.3, against="nginx"),
    Target(r"blob-(10|200)m-tls-h.", "cpu", at_most=1.0, against="nginx"),
    Target(r"blob-(10|200)m-tls-h.", "cpu", at_most=1.0, against="zot", ambition=True),
    Target(r"push-monolithic-.*", "cpu", at_most=0.7, against=BEST),
    Target(r"push-chunked-.*", "cpu", at_most=1.0, against=BEST),
    Target(r"push-small", "rate", at_least=2.0, against="zot"),
    Target(r"push-manifest", "rate", at_least=3.0, against=BEST),
    Target(r"(tags-all|catalog-.*)", "cpu", at_most=1 / 20, against="docker-registry"),
    Target(r"access-get-(basic|bearer)", "cpu", at_most=1.3, against="case:anonymous"),
    Target(r"access-token", "rate", at_least=3000),
    Target(r"access-(catalog|repositories)", "seconds", at_most=0.02),
    Target(r"start", "seconds", at_most=0.7),
    Target(r"idle", "rss", at_most=160 * MIB),
]
