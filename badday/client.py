"""A client of the distribution API. Whatever the server leaves unanswered is an OSError."""

import hashlib
import http.client
import json
import ssl
from collections.abc import Iterable

from badday.place import Failed, require

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CHUNK = 64 << 10


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def no_checks() -> ssl.SSLContext:
    """Certificates of these tests sign themselves."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Lost(OSError):
    """The connection ended before an answer."""


class Refused(Exception):
    """An answer that was not expected."""

    def __init__(self, request: str, answer: "Answer"):
        super().__init__(f"{request}: {answer.status} {answer.body[:300]!r}")
        self.answer = answer


class Answer:
    def __init__(self, status: int, headers, body: bytes):
        self.status = status
        self.headers = headers
        self.body = body

    def error_code(self) -> str:
        """The code of the error that the body tells of, as the OCI specification has it."""
        try:
            error = json.loads(self.body)["errors"][0]
            require(error["message"], "an error without a message")
            return error["code"]
        except (ValueError, LookupError, TypeError):
            raise Failed(f"an answer {self.status} without an OCI error: {self.body[:300]!r}") from None


class Client:
    """One connection, made again when it was lost."""

    def __init__(self, port: int, authorization: str, timeout: float = 120, tls: bool = False):
        self.authorization = authorization
        self.connection = (
            http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=no_checks())
            if tls
            else http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        )

    def close(self) -> None:
        self.connection.close()

    def request(self, method: str, path: str, body: bytes | Iterable[bytes] | None = None, headers=None) -> Answer:
        """An iterable is sent as chunks, without a length."""
        chunked = body is not None and not isinstance(body, bytes)
        all_headers = {"Authorization": self.authorization, **(headers or {})}
        if chunked:
            all_headers.setdefault("Transfer-Encoding", "chunked")
        try:
            self.connection.request(method, path, body, all_headers, encode_chunked=chunked)
            response = self.connection.getresponse()
            content = response.read()
            if response.will_close:
                self.connection.close()
            return Answer(response.status, response.headers, content)
        except (http.client.HTTPException, OSError) as lost:
            self.connection.close()
            raise Lost(f"{method} {path}: {lost!r}") from lost

    def expect(self, statuses: int | tuple[int, ...], method: str, path: str, body=None, headers=None) -> Answer:
        answer = self.request(method, path, body, headers)
        if answer.status not in (statuses if isinstance(statuses, tuple) else (statuses,)):
            raise Refused(f"{method} {path}", answer)
        return answer

    def begin(self, repository: str) -> str:
        return self.expect(202, "POST", f"/v2/{repository}/blobs/uploads/", b"").headers["Location"]

    def patch(self, upload: str, at: int, part: bytes) -> None:
        self.expect(202, "PATCH", upload, part, {"Content-Range": f"{at}-{at + len(part) - 1}"})

    def finish(self, upload: str, name: str, rest: bytes = b"") -> None:
        self.expect(201, "PUT", f"{upload}?digest={name}", rest)

    def size_of_upload(self, upload: str) -> int | None:
        """Bytes that the server has, or None when it does not know the upload. Never ask about an upload of one byte."""
        answer = self.expect((204, 404), "GET", upload)
        if answer.status == 404:
            return None
        last = int(answer.headers["Range"].split("-")[1])
        return last + 1 if last else 0

    def push_blob(self, repository: str, content: bytes, way: str = "whole") -> str:
        """`way`: whole, one request; put, a POST and a PUT; chunked, with ranges; streamed, of unknown length."""
        name = digest(content)
        if way == "whole":
            self.expect(201, "POST", f"/v2/{repository}/blobs/uploads/?digest={name}", content)
            return name
        upload = self.begin(repository)
        if way == "put":
            self.finish(upload, name, content)
            return name
        if way == "streamed":
            self.expect(202, "PATCH", upload, (content[at : at + CHUNK] for at in range(0, len(content), CHUNK)))
        else:
            step = max(2, len(content) // 3)
            for at in range(0, len(content), step):
                self.patch(upload, at, content[at : at + step])
        self.finish(upload, name)
        return name

    def push_manifest(self, repository: str, reference: str, manifest: bytes) -> None:
        self.expect(201, "PUT", f"/v2/{repository}/manifests/{reference}", manifest, {"Content-Type": MANIFEST})

    def push_image(self, repository: str, tag: str, image: "Image", way: str = "whole") -> None:
        for content in image.blobs():
            self.push_blob(repository, content, way)
        self.push_manifest(repository, tag, image.manifest)

    def check_blob(self, repository: str, name: str) -> None:
        content = self.expect(200, "GET", f"/v2/{repository}/blobs/{name}").body
        require(digest(content) == name, f"blob {name} of {repository} has other bytes")

    def check_image(self, repository: str, name: str, with_layers: bool = True) -> None:
        """The manifest of that digest, and all it names, bit for bit."""
        manifest = self.expect(200, "GET", f"/v2/{repository}/manifests/{name}").body
        require(digest(manifest) == name, f"manifest {name} of {repository} has other bytes")
        parsed = json.loads(manifest)
        for descriptor in [parsed["config"], *parsed["layers"]]:
            if with_layers:
                self.check_blob(repository, descriptor["digest"])
            else:
                self.expect(200, "HEAD", f"/v2/{repository}/blobs/{descriptor['digest']}")

    def tag(self, repository: str, tag: str) -> str | None:
        """The digest that the tag has, or None."""
        answer = self.expect((200, 404), "HEAD", f"/v2/{repository}/manifests/{tag}")
        return answer.headers["Docker-Content-Digest"] if answer.status == 200 else None


class Image:
    """A configuration that is stored in the database, a layer of about 100 KiB and one of some MiB."""

    def __init__(self, random, large: int | None = None, shared: bytes | None = None):
        """`shared`: a layer instead of one of its own."""
        self.config = b'{"rootfs":"' + random.randbytes(random.randrange(100, 8000)).hex().encode() + b'"}'
        self.layers = [
            shared or random.randbytes(100_000 + random.randrange(9_999)),
            random.randbytes((large or random.randrange(1 << 20, 4 << 20)) + random.randrange(4099)),
        ]
        self.manifest = json.dumps({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", self.config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer) for layer in self.layers],
        }).encode()  # fmt: skip
        self.digest = digest(self.manifest)

    def blobs(self) -> list[bytes]:
        return [self.config, *self.layers]


def descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest(content), "size": len(content)}
