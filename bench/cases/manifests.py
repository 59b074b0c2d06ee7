"""GET and HEAD of manifests, by tag and by digest, in one repository and over many, anonymous and with Basic."""

from pathlib import Path

from bench import content
from bench.measure import Case, Outcome, wrk
from bench.servers import PLAIN, WITH_BASIC
from bench.settings import Settings
from bench.workload import READING, Context, Failed

CONNECTIONS = 64


def cases(settings: Settings) -> list[Case]:
    return [_case(method, by, many, variant, settings)
            for variant in (PLAIN, WITH_BASIC) for many in (False, True) for by in ("tag", "digest") for method in ("GET", "HEAD")]


def _case(method: str, by: str, many: bool, variant: str, settings: Settings) -> Case:
    where = f"{settings.repositories:,} repositories" if many else "one repository"
    user = "Basic" if variant == WITH_BASIC else "anonymous"
    name = f"manifest-{method.lower()}-{by}-{'many' if many else 'one'}-{user.lower()}"

    def generate(context: Context, seconds: float) -> Outcome:
        targets = _targets(context, by, many)
        if method == "GET":
            requests, _, taken = wrk(context, targets, CONNECTIONS, seconds, content.MANIFEST,
                                     len(content.manifest(context.workload.manifests[0][0])))
            return Outcome(requests, taken)
        result = context.workload.run_load("head", port=context.running.port, targets=targets, connections=CONNECTIONS,
                                           seconds=seconds, auth=context.running.authorization())
        return Outcome(result["requests"], result["seconds"])

    return Case(name, f"{method} by {by}, {where}, {user}", READING, variant, "request", generate,
                verify=lambda context: _verify(context, method, by))


def _paths(context: Context, by: str) -> list[str]:
    return [f"/v2/{name}/manifests/{'latest' if by == 'tag' else digest}" for name, digest in context.workload.manifests]


def _targets(context: Context, by: str, many: bool) -> Path:
    paths = _paths(context, by)
    return context.workload.targets(f"manifests-{by}-{len(paths) if many else 1}", paths if many else paths[:1])


def _verify(context: Context, method: str, by: str) -> None:
    paths = _paths(context, by)
    for number in {0, len(paths) // 2, len(paths) - 1}:
        digest = context.workload.manifests[number][1]
        status, headers, body = context.ask(paths[number], method, content.MANIFEST)
        if status != 200 or headers.get("Docker-Content-Digest", digest) != digest:
            raise Failed(f"{method} of a manifest answered {status}, digest {headers.get('Docker-Content-Digest')}")
        if method == "GET" and content.digest(body) != digest:
            raise Failed("GET of a manifest answered other bytes than were pushed")
