"""The small images that are seeded: what load/Load.java pushes, byte for byte, for the trees that are written to disk."""

import hashlib
import json

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = b'{"architecture":"amd64","os":"linux"}'
LAYER = b"a layer"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _descriptor(media_type: str, data: bytes) -> dict:
    return {"mediaType": media_type, "size": len(data), "digest": digest(data)}


def manifest(title: str) -> bytes:
    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": _descriptor("application/vnd.oci.image.config.v1+json", CONFIG),
        "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar+gzip", LAYER)] * 5,
        "annotations": {"org.opencontainers.image.title": title},
    }, separators=(",", ":")).encode()


def tag_name(number: int) -> str:
    return f"t{number:05d}"


def repository_name(prefix: str, number: int) -> str:
    return f"{prefix}{number:05d}"


def token_of(body: bytes) -> str:
    """The token in an answer of a token service."""
    return json.loads(body)["token"]


def names_of(body: bytes) -> list[str]:
    """The repositories in a page of the catalog, or of the Harbor API's list."""
    said = json.loads(body)
    return [entry["name"] for entry in said] if isinstance(said, list) else said.get("repositories", [])
