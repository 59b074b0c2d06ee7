"""GET of blobs of four sizes: plain, and over TLS as HTTP/1.1 and HTTP/2."""

from bench.measure import Case, Outcome, curl, wrk
from bench.servers import PLAIN, TLS
from bench.settings import GIB, MIB, Settings, size_name
from bench.workload import READING, Context

CONNECTIONS = {1024: 64, 10 * MIB: 8, 200 * MIB: 4, GIB: 2}
DOWNLOADS = {10 * MIB: 20, 200 * MIB: 2, GIB: 1}        # of each curl


def cases(settings: Settings) -> list[Case]:
    found = [_with_wrk(size, PLAIN) if size < GIB else _with_curl(size, PLAIN, "1.1") for size in settings.blob_sizes]
    for size in settings.blob_sizes:
        found.append(_with_wrk(size, TLS) if size < GIB else _with_curl(size, TLS, "1.1"))
        if size in DOWNLOADS:
            found.append(_with_curl(size, TLS, "2"))
    return found


def _name(size: int, variant: str, version: str) -> tuple[str, str]:
    short = size_name(size).replace(" ", "").lower().removesuffix("ib")
    if variant == PLAIN:
        return f"blob-{short}-plain", f"GET {size_name(size)} blob, plain"
    return f"blob-{short}-tls-h{version[0]}", f"GET {size_name(size)} blob, TLS, HTTP/{version}"


def _with_wrk(size: int, variant: str) -> Case:
    def generate(context: Context, seconds: float) -> Outcome:
        targets = context.workload.targets(f"blob-{context.server.registry}-{size}", [context.blob_path(size)])
        requests, transferred, taken = wrk(context, targets, CONNECTIONS[size], seconds, smallest=size)
        return Outcome(requests if size == 1024 else transferred / GIB, taken)

    name, title = _name(size, variant, "1.1")
    return Case(name, title, READING, variant, "request" if size == 1024 else "GiB", generate,
                verify=lambda context: _verify(context, size), for_files=True)


def _with_curl(size: int, variant: str, version: str) -> Case:
    """wrk speaks no HTTP/2 and counts whole answers, too few of them at one GiB."""

    def generate(context: Context, seconds: float) -> Outcome:
        times = max(1, round(DOWNLOADS[size] * seconds / 5))
        transferred, taken = curl(context, context.blob_path(size), size, version, CONNECTIONS[size], times)
        return Outcome(transferred / GIB, taken)

    name, title = _name(size, variant, version)
    return Case(name, title, READING, variant, "GiB", generate, verify=lambda context: _verify(context, size), for_files=True)


def _verify(context: Context, size: int) -> None:
    context.verify_blob(context.blob_path(size), size, context.workload.blobs[size])
