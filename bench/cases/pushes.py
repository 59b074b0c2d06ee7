"""Pushes: large blobs in three ways, many small blobs, manifests with tags. Each server starts on an empty folder."""

import subprocess

from bench import tools
from bench.measure import Case, Outcome
from bench.servers import PLAIN
from bench.settings import GIB, MIB, Settings, size_name
from bench.workload import FRESH, NONE, Context, Failed

CLIENTS = 32
WARM_UP_SIZE = 64 * MIB
REPOSITORY = "bench/push"
TITLES = {"monolithic": "one PUT", "chunked": "PATCHes of 16 MiB", "streamed": "one PATCH of unknown length, as docker does"}


def cases(settings: Settings) -> list[Case]:
    large = [_large(mode, size) for mode in TITLES for size in settings.push_sizes]
    return [_floor("jdk"), _floor("openssl"), *large, _small(), _manifests()]


def _large(mode: str, size: int) -> Case:
    def generate(context: Context, seconds: float) -> Outcome:
        taken = sum(_push(context, mode, size, number) for number in range(context.settings.pushes))
        return Outcome(size * context.settings.pushes / GIB, taken)

    short = size_name(size).replace(" ", "").lower().removesuffix("ib")
    return Case(f"push-{mode}-{short}", f"push {size_name(size)}, {TITLES[mode]}", FRESH, PLAIN, "GiB", generate,
                warm_up=lambda context: _warm_up(context, mode), group=mode)


def _warm_up(context: Context, mode: str) -> None:
    for number in range(3):
        _push(context, mode, WARM_UP_SIZE, number)


def _push(context: Context, mode: str, size: int, number: int) -> float:
    result = context.workload.run_load(
        "push", port=context.running.port, auth=context.running.authorization(writing=True), repository=REPOSITORY, mode=mode,
        file=context.workload.blob_file(size), size=size, stamp=f"{context.server.name}-{context.round}-{mode}-{number}")
    status, headers, _ = context.ask(f"/v2/{REPOSITORY}/blobs/{result['digest']}", "HEAD")
    if status != 200 or int(headers.get("Content-Length", -1)) != size:
        raise Failed(f"HEAD of the pushed blob answered {status} with length {headers.get('Content-Length')}")
    return result["seconds"]


def _small() -> Case:
    def generate(context: Context, seconds: float) -> Outcome:
        result = context.workload.run_load(
            "blobs", port=context.running.port, auth=context.running.authorization(writing=True), repository="bench/small",
            connections=CLIENTS, seconds=seconds, size=1024)
        return Outcome(result["requests"], result["seconds"])

    return Case("push-small", f"push of 1 KiB blobs, {CLIENTS} clients", FRESH, PLAIN, "blob", generate, group="small")


def _manifests() -> Case:
    def generate(context: Context, seconds: float) -> Outcome:
        result = context.workload.run_load(
            "manifests", port=context.running.port, auth=context.running.authorization(writing=True),
            repository=f"bench/images{context.round}", connections=CLIENTS, seconds=seconds)
        return Outcome(result["requests"], result["seconds"])

    return Case("push-manifest", f"manifest PUT with a new tag, {CLIENTS} clients", FRESH, PLAIN, "manifest", generate, group="small")


def _floor(by: str) -> Case:
    """SHA-256 alone, which no push can go below; measured without a server."""

    def generate(context: Context, seconds: float) -> Outcome:
        if by == "jdk":
            result = context.workload.run_load("hash", seconds=max(1, round(seconds)))
            return Outcome(result["bytes"] / GIB, result["seconds"], cpu=result["cpu"])
        done = subprocess.run([tools.which("openssl"), "speed", "-evp", "sha256", "-bytes", "16384", "-seconds", "1", "-mr"],
                              capture_output=True, text=True, check=True)
        rate = next(float(line.rpartition(":")[2]) for line in done.stdout.splitlines() if line.startswith("+F:"))
        return Outcome(rate / GIB, 1.0, cpu=1.0)    # openssl counts its own user time

    return Case(f"sha256-{by}", f"SHA-256 alone, {by}", NONE, PLAIN, "GiB", generate, floor=by)
