"""Writes many repositories or tags straight into a peer's storage where pushing them would take too long."""

import json
import os
from pathlib import Path

from bench import content

Images = dict[str, dict[str, bytes]]      # repository -> tag -> manifest


def tagged(repository: str, count: int) -> Images:
    manifests = [content.manifest(f"m{number}") for number in range(100)]
    return {repository: {content.tag_name(number): manifests[number % 100] for number in range(count)}}


def repositories(prefix: str, count: int) -> Images:
    names = (content.repository_name(prefix, number) for number in range(count))
    return {name: {"latest": content.manifest(name)} for name in names}


def write(server: str, data: Path, images: Images) -> None:
    (_write_zot if server == "zot" else _write_distribution)(data, images)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_distribution(data: Path, images: Images) -> None:
    """Blobs under their digest; repositories as trees of files that hold nothing but a digest."""
    root = data / "docker/registry/v2"

    def blob(bytes_: bytes) -> str:
        hex_ = content.digest(bytes_).removeprefix("sha256:")
        path = root / "blobs/sha256" / hex_[:2] / hex_ / "data"
        if not path.exists():
            _put(path, bytes_)
        return hex_

    shared = [blob(content.CONFIG), blob(content.LAYER)]
    for repository, tags in images.items():
        home = root / "repositories" / repository
        for hex_ in shared:
            _put(home / "_layers/sha256" / hex_ / "link", b"sha256:" + hex_.encode())
        for manifest in set(tags.values()):
            hex_ = blob(manifest)
            _put(home / "_manifests/revisions/sha256" / hex_ / "link", b"sha256:" + hex_.encode())
        for tag, manifest in tags.items():
            hex_ = content.digest(manifest).removeprefix("sha256:")
            link = b"sha256:" + hex_.encode()
            _put(home / "_manifests/tags" / tag / "current/link", link)
            _put(home / "_manifests/tags" / tag / "index/sha256" / hex_ / "link", link)


def _write_zot(data: Path, images: Images) -> None:
    """One OCI image layout for each repository; equal blobs are hard links, as zot's own deduplication makes them."""
    stored: dict[str, Path] = {}
    for repository, tags in images.items():
        blobs = data / repository / "blobs/sha256"
        blobs.mkdir(parents=True)
        (data / repository / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        for bytes_ in {content.CONFIG, content.LAYER, *tags.values()}:
            hex_ = content.digest(bytes_).removeprefix("sha256:")
            if hex_ in stored:
                os.link(stored[hex_], blobs / hex_)
            else:
                stored[hex_] = blobs / hex_
                stored[hex_].write_bytes(bytes_)
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
            {"mediaType": content.MANIFEST, "digest": content.digest(manifest), "size": len(manifest),
             "annotations": {"org.opencontainers.image.ref.name": tag}} for tag, manifest in tags.items()]}
        (data / repository / "index.json").write_text(json.dumps(index))
