"""Pushing and pulling whole images with skopeo, one process per image."""

import gzip
import io
import json
import random
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

from bench import content, tools
from bench.measure import Case, Outcome
from bench.servers import PASSWORD, PLAIN, USER
from bench.settings import GIB, MIB
from bench.workload import FRESH, Context, Failed, Workload


def cases(workload: Workload) -> list[Case]:
    def push(context: Context, seconds: float) -> Outcome:
        layout = _layout(workload)
        credentials = ["--dest-creds", f"{USER}:{PASSWORD}"] if context.running.authorization(writing=True) else []
        begun = time.monotonic()
        for reference in _references(layout):
            _skopeo("--dest-tls-verify=false", *credentials, f"oci:{layout}:{reference}", _remote(context, reference))
        return Outcome(_unique_bytes(layout) / GIB, time.monotonic() - begun)

    def pull(context: Context, seconds: float) -> Outcome:
        layout, target = _layout(workload), workload.work / "pulled"
        shutil.rmtree(target, ignore_errors=True)
        begun = time.monotonic()
        for reference in _references(layout):
            _skopeo("--src-tls-verify=false", _remote(context, reference), f"oci:{target}:{reference}")
        taken = time.monotonic() - begun
        missing = {path.name for path in _blobs(layout)} - {path.name for path in _blobs(target)}
        pulled = _unique_bytes(target)
        shutil.rmtree(target, ignore_errors=True)
        if missing:
            raise Failed(f"{len(missing)} blobs of the corpus were not pulled back")
        return Outcome(pulled / GIB, taken)

    kind = "the given corpus" if workload.corpus else "a generated corpus"
    return [Case("corpus-push", f"skopeo pushes {kind}", FRESH, PLAIN, "GiB", push, warm_up=lambda context: None, group="corpus"),
            Case("corpus-pull", f"skopeo pulls {kind}", FRESH, PLAIN, "GiB", pull, warm_up=lambda context: None, group="corpus")]


def _remote(context: Context, reference: str) -> str:
    return f"docker://127.0.0.1:{context.running.port}/corpus/{reference}"


def _skopeo(*arguments: str) -> None:
    skopeo = tools.which("skopeo")
    if not skopeo:
        raise Failed("skopeo is not installed")
    done = subprocess.run([skopeo, "copy", "--quiet", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"skopeo: {done.stderr.strip()[-200:]}")


def _references(layout: Path) -> list[str]:
    index = json.loads((layout / "index.json").read_text())
    return [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in index["manifests"]]


def _blobs(layout: Path) -> list[Path]:
    return list((layout / "blobs/sha256").iterdir())


def _unique_bytes(layout: Path) -> int:
    return sum(path.stat().st_size for path in _blobs(layout))


def _layout(workload: Workload) -> Path:
    if workload.corpus:
        for place in (workload.corpus, workload.corpus / "layout", workload.corpus / "corpus/layout"):
            if (place / "index.json").exists():
                return place
        raise Failed("there is no OCI layout in the given corpus")
    layout = workload.work / "corpus"
    if not (layout / "index.json").exists():
        _generate(layout)
    return layout


def _generate(layout: Path) -> None:
    """Six images: two bases of 40 MiB, a runtime layer on each, three versions of an application on those."""
    (layout / "blobs/sha256").mkdir(parents=True)
    bases = {base: [_layer(layout, 40 * MIB, base), _layer(layout, 15 * MIB, base + 10)] for base in (1, 2)}
    images = {f"app{base}:v{version}": [*layers, _layer(layout, 8 * MIB, 100 * base + version)]
              for base, layers in bases.items() for version in (1, 2, 3)}
    entries = []
    for reference, layers in images.items():
        config = _store(layout, json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
            "type": "layers", "diff_ids": [diff for _, diff in layers]}, "config": {"Env": [f"IMAGE={reference}"]}}).encode(),
            "application/vnd.oci.image.config.v1+json")
        manifest = _store(layout, json.dumps({"schemaVersion": 2, "mediaType": content.MANIFEST, "config": config,
                                              "layers": [descriptor for descriptor, _ in layers]}).encode(), content.MANIFEST)
        entries.append(manifest | {"annotations": {"org.opencontainers.image.ref.name": reference}})
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))


def _layer(layout: Path, size: int, seed: int) -> tuple[dict, str]:
    """Files of 100 KiB, half of each random and half of one repeated line, so that gzip gains what it usually gains."""
    data = random.Random(seed)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for number in range(size // (100 * 1024)):
            body = data.randbytes(50 * 1024) + b"the quick brown fox jumps over the lazy dog\n" * 1164
            entry = tarfile.TarInfo(f"srv/{seed}/{number}")
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return (_store(layout, gzip.compress(tar.getvalue(), 1, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip"),
            content.digest(tar.getvalue()))


def _store(layout: Path, data: bytes, media_type: str) -> dict:
    digest = content.digest(data)
    path = layout / "blobs/sha256" / digest.removeprefix("sha256:")
    path.write_bytes(data)
    return {"mediaType": media_type, "size": len(data), "digest": digest}
