"""Images to push and pull: small OCI layouts made here, without a network, the same bytes in every run."""

import gzip
import hashlib
import io
import json
import os
import random
import shutil
import struct
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
REF_NAME = "org.opencontainers.image.ref.name"
MIB = 1024 * 1024


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Content:
    """What a client pushed or pulled: the manifest's digest and those of everything below it."""

    manifest: str
    below: frozenset[str]


class Layout:
    """An OCI image layout on disk."""

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def create(cls, path: Path) -> "Layout":
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        layout = cls(path)
        layout.write_index([])
        return layout

    def with_plain_names(self, path: Path) -> "Layout":
        """The same blobs under names without a colon, which some clients cannot write after a path."""
        path.mkdir()
        (path / "oci-layout").write_text((self.path / "oci-layout").read_text())
        (path / "blobs").symlink_to(self.path / "blobs")
        renamed = Layout(path)
        renamed.write_index(
            [image.descriptor | {"annotations": {REF_NAME: image.name.replace(":", "-")}} for image in self.images()]
        )
        return renamed

    def write_index(self, manifests: list[dict]) -> None:
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        (self.path / "index.json").write_text(json.dumps(index))

    def add(self, data: bytes, media_type: str, **more) -> dict:
        """Stores a blob and returns its descriptor."""
        descriptor = {"mediaType": media_type, "digest": sha256(data), "size": len(data), **more}
        self.file(descriptor["digest"]).write_bytes(data)
        return descriptor

    def add_json(self, value: dict, media_type: str, **more) -> dict:
        return self.add(json.dumps(value, separators=(",", ":")).encode(), media_type, **more)

    def file(self, digest: str) -> Path:
        algorithm, _, value = digest.partition(":")
        return self.path / "blobs" / algorithm / value

    def read(self, digest: str) -> bytes:
        return self.file(digest).read_bytes()

    def read_json(self, digest: str) -> dict:
        return json.loads(self.read(digest))

    @property
    def descriptors(self) -> list[dict]:
        return json.loads((self.path / "index.json").read_text())["manifests"]

    def images(self) -> list["Image"]:
        """Every image that has a name in this layout."""
        return [
            Image(self, descriptor["annotations"][REF_NAME], descriptor)
            for descriptor in self.descriptors
            if REF_NAME in descriptor.get("annotations", {})
        ]

    def only(self) -> Content:
        """The content of a layout into which one image was pulled, every byte of it checked against its digest."""
        named = [descriptor for descriptor in self.descriptors if REF_NAME in descriptor.get("annotations", {})]
        found = {descriptor["digest"]: descriptor for descriptor in named or self.descriptors}
        assert len(found) == 1, f"one image expected in {self.path}, found {sorted(found)}"
        return self.checked(next(iter(found.values())))

    def checked(self, descriptor: dict) -> Content:
        below = self.below(descriptor)
        for one in [descriptor, *below.values()]:
            assert self.file(one["digest"]).stat().st_size == one["size"], f"{one['digest']} has another size"
            with open(self.file(one["digest"]), "rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
            assert one["digest"] == "sha256:" + actual, f"{one['digest']} holds other bytes"
        return Content(descriptor["digest"], frozenset(below))

    def below(self, descriptor: dict) -> dict[str, dict]:
        """The descriptors of all that a manifest or index reaches, by digest, children before parents."""
        found = {}
        body = self.read_json(descriptor["digest"])
        for child in body.get("manifests", []):
            found |= self.below(child)
            found[child["digest"]] = child
        for blob in [body.get("config"), *body.get("layers", [])]:
            if blob:
                found[blob["digest"]] = blob
        return found


@dataclass(frozen=True)
class Image:
    layout: Layout
    name: str  # its ref in the layout
    descriptor: dict

    @property
    def digest(self) -> str:
        return self.descriptor["digest"]

    @cached_property
    def manifest(self) -> dict:
        return self.layout.read_json(self.digest)

    @property
    def config(self) -> str:
        return self.manifest["config"]["digest"]

    @cached_property
    def content(self) -> Content:
        return Content(self.digest, frozenset(self.layout.below(self.descriptor)))

    @property
    def platforms(self) -> dict[str, str]:
        """The manifest's digest for each architecture of an index."""
        return {child["platform"]["architecture"]: child["digest"] for child in self.manifest["manifests"]}

    def config_of(self, architecture: str) -> str:
        return self.layout.read_json(self.platforms[architecture])["config"]["digest"]

    def alone(self, path: Path) -> Layout:
        """A layout with this image and nothing else, for clients that take no name within a layout."""
        layout = Layout.create(path)
        for digest in [self.digest, *self.content.below]:
            link_or_copy(self.layout.file(digest), layout.file(digest))
        layout.write_index([self.descriptor])
        return layout

    def oci_archive(self, path: Path) -> Path:
        """This image as the tar that containerd imports."""
        layout = self.alone(path.with_suffix(".layout"))
        with tarfile.open(path, "w") as tar:
            for entry in sorted(layout.path.rglob("*")):
                tar.add(entry, entry.relative_to(layout.path), recursive=False)
        shutil.rmtree(layout.path)
        return path

    def docker_archive(self, path: Path, name: str) -> Path:
        """This image as the tar that `docker load` reads, its layers uncompressed."""
        layers = []
        config = self.config.split(":")[1] + ".json"
        with tarfile.open(path, "w") as tar:
            tar.add(self.layout.file(self.config), config)
            for layer in self.manifest["layers"]:
                plain = path.with_suffix(".layer")
                with gzip.open(self.layout.file(layer["digest"])) as source, open(plain, "wb") as sink:
                    shutil.copyfileobj(source, sink, MIB)
                layers.append(layer["digest"].split(":")[1] + "/layer.tar")
                tar.add(plain, layers[-1])
                plain.unlink()
            manifest = json.dumps([{"Config": config, "RepoTags": [name], "Layers": layers}]).encode()
            tar.addfile(entry("manifest.json", len(manifest)), io.BytesIO(manifest))
        return path


def link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def entry(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    return info


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            tar.addfile(entry(name, len(data)), io.BytesIO(data))
    return buffer.getvalue()


def tar_of_entries(*entries: tuple[str, bytes | str | int | None]) -> bytes:
    """A tar of files (bytes), programs (a mode before their name), links (-> target), hard links (= target), folders."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in entries:
            mode, _, path = name.rpartition(" ")
            info = entry(path, len(content) if isinstance(content, bytes) else 0)
            info.mode = int(mode, 8) if mode else 0o755 if content is None else 0o644
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                kind, _, info.linkname = content.partition(" ")
                info.type = tarfile.SYMTYPE if kind == "->" else tarfile.LNKTYPE
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


def layers_of_a_system(source: random.Random) -> list[bytes]:
    """What images of distributions hold: a root file system, packages, changed modes, whiteouts, names of all kinds."""
    packages = [(f"usr/share/doc/package-{n}/copyright", source.randbytes(source.randrange(4_000))) for n in range(600)]
    return [
        tar_of_entries(
            ("bin", None),
            ("4755 bin/su", source.randbytes(60_000)),
            ("755 bin/sh", source.randbytes(120_000)),
            ("bin/ash", "= bin/sh"),
            ("etc", None),
            ("etc/os-release", b"ID=acceptance\n"),
            ("etc/mtab", "-> ../proc/self/mounts"),
            ("1777 tmp", None),
            ("usr", None),
            ("usr/lib", None),
            ("lib", "-> usr/lib"),
            ("var", None),
            ("var/cache", None),
            ("var/cache/old", b"old"),
        ),
        tar_of_entries(("usr/share", None), ("usr/share/doc", None), *packages),
        tar_of_entries(("usr/lib/libbig.so", source.randbytes(6 * MIB)), ("usr/lib/libbig.so.1", "-> libbig.so")),
        tar_of_entries(("usr/lib/zeros", bytes(4 * MIB))),
        tar_of_entries(("600 etc/os-release", b"ID=acceptance\n")),
        tar_of_entries(("usr/share/doc/.wh.package-7", b"")),
        tar_of_entries(("var/cache", None), ("var/cache/.wh..wh..opq", b""), ("var/cache/new", b"new")),
        tar_of_entries(("usr/share/zürich-北京", b"name"), ("usr/share/" + "long-" * 30, b"name")),
    ]


def zstd_stored(data: bytes) -> bytes:
    """A Zstandard frame (RFC 8878, section 3.1.1) of raw blocks: valid for every decoder, made without an encoder."""
    frame = bytearray(b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)))  # single segment, 4-byte content size
    for start in range(0, len(data), 128 * 1024):
        block = data[start : start + 128 * 1024]
        last = start + len(block) == len(data)
        frame += struct.pack("<I", len(block) << 3 | last)[:3] + block
    return bytes(frame)


def add_layer(layout: Layout, data: bytes, zstd: bool = False) -> tuple[dict, str]:
    """Stores a tar as a compressed layer; returns its descriptor and its diff id."""
    if zstd:
        return layout.add(zstd_stored(data), ZSTD_LAYER), sha256(data)
    return layout.add(gzip.compress(data, 1, mtime=0), GZIP_LAYER), sha256(data)


def add_image(layout: Layout, layers: list[tuple[dict, str]], architecture: str = "amd64") -> dict:
    config = {
        "created": "2025-01-01T00:00:00Z",
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["/hello"]},
        "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
        "history": [{"created": "2025-01-01T00:00:00Z", "created_by": f"layer {n}"} for n in range(len(layers))],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.add_json(config, CONFIG),
        "layers": [descriptor for descriptor, _ in layers],
    }
    return layout.add_json(manifest, MANIFEST)


class Images:
    """The generated images. Their content is random but seeded."""

    def __init__(self, path: Path):
        self.layout = Layout.create(path)
        self.random = random.Random("berth")
        small = [self._layer(f"small-{n}", 100_000 * n) for n in (1, 2, 3)]
        zstd = [small[0], self._layer("zstd", 300_000, zstd=True)]
        big = [self._layer(f"big-{n}", 20 * MIB) for n in (1, 2, 3)]
        platforms = [
            add_image(self.layout, [small[0], self._layer(architecture, 50_000)], architecture)
            | {"platform": {"os": "linux", "architecture": architecture}}
            for architecture in ("amd64", "arm64")
        ]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": platforms}
        system = [add_layer(self.layout, tar) for tar in layers_of_a_system(self.random)]
        self.small = self._named("small", add_image(self.layout, small))
        self.zstd = self._named("zstd", add_image(self.layout, zstd))
        self.big = self._named("big", add_image(self.layout, big))
        self.index = self._named("index", self.layout.add_json(index, INDEX))
        self.system = self._named("system", add_image(self.layout, system))
        images = (self.small, self.zstd, self.big, self.index, self.system)
        self.layout.write_index([image.descriptor for image in images])

    def _layer(self, name: str, size: int, zstd: bool = False) -> tuple[dict, str]:
        text = f"this is {name}\n".encode() * 100
        return add_layer(self.layout, tar_of({f"{name}.txt": text, f"{name}.bin": self.random.randbytes(size)}), zstd)

    def _named(self, name: str, descriptor: dict) -> Image:
        return Image(self.layout, name, descriptor | {"annotations": {REF_NAME: name}})
