import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .contract import DoesEverything
from .images import INDEX, MANIFEST, REF_NAME, Content, Image, Layout, sha256
from .processes import Finished
from .registry import USER, Registry

BYTES = "Content-Type: application/octet-stream"
ACCEPT = f"Accept: {MANIFEST}, {INDEX}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    command: Finished

    @property
    def errors(self) -> list[str]:
        return [error["code"] for error in json.loads(self.body)["errors"]]


class Curl(DoesEverything):
    """The distribution API request by request, as a script with curl does it."""

    needs = ("curl",)

    def enter(self, registry: Registry) -> None:
        super().enter(registry)
        self.user: list[str] = []

    def curl(self, path: str, *words) -> Answer:
        """One request; its path may be a whole URL, as a Location may be."""
        head, body = self.fresh("head"), self.fresh("body")
        url = path if "://" in path else self.registry.url + path
        trust = ["--cacert", self.bench.certificates.authority] if self.registry.tls else []
        where = ["--silent", "--show-error", "--max-time", "120", "--dump-header", head, "--output", body]
        finished = self.run_client("curl", *where, *trust, *self.user, *words, url)
        last = head.read_text().replace("\r", "").strip().split("\n\n")[-1] if head.exists() else ""
        status, *lines = last.splitlines() or ["HTTP/0 0"]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Answer(int(status.split()[1]), headers, body.read_bytes() if body.exists() else b"", finished)

    def expect(self, status: int, path: str, *words) -> Answer:
        answer = self.curl(path, *words)
        self.assertEqual(status, answer.status, f"{answer.command}{answer.headers}\n{answer.body[:1000]}")
        return answer

    # What every client does

    def login(self, password: str) -> Finished:
        self.user = ["--user", f"{USER}:{password}"]
        return self.curl("/v2/", "--fail").command

    def push(self, image: Image, target: str) -> Content:
        repository, tag = target.rsplit(":", 1)
        for descriptor in image.layout.below(image.descriptor).values():
            file = image.layout.file(descriptor["digest"])
            if descriptor["mediaType"] in (MANIFEST, INDEX):
                self.put_manifest(repository, descriptor["digest"], descriptor["mediaType"], file)
            else:
                self.push_blob(repository, descriptor["digest"], file)
        self.put_manifest(repository, tag, image.descriptor["mediaType"], image.layout.file(image.digest))
        return image.content

    def push_blob(self, repository: str, digest: str, file: Path) -> None:
        if self.curl(f"/v2/{repository}/blobs/{digest}", "--head").status == 200:
            return
        location = self.begin_upload(repository)
        words = ["--request", "PUT", "--header", BYTES, "--data-binary", f"@{file}"]
        put = self.expect(201, with_digest(location, digest), *words)
        self.assertEqual(digest, put.headers["docker-content-digest"])

    def begin_upload(self, repository: str) -> str:
        return self.expect(202, f"/v2/{repository}/blobs/uploads/", "--request", "POST").headers["location"]

    def put_manifest(self, repository: str, reference: str, media_type: str, file: Path) -> None:
        words = ["--request", "PUT", "--header", f"Content-Type: {media_type}", "--data-binary", f"@{file}"]
        self.expect(201, f"/v2/{repository}/manifests/{reference}", *words)

    def pull(self, target: str) -> Content:
        repository, reference = split(target)
        layout = Layout.create(self.fresh("pulled"))
        descriptor = self.pull_manifest(layout, repository, reference)
        layout.write_index([descriptor | {"annotations": {REF_NAME: "pulled"}}])
        return layout.only()

    def pull_manifest(self, layout: Layout, repository: str, reference: str) -> dict:
        answer = self.expect(200, f"/v2/{repository}/manifests/{reference}", "--header", ACCEPT)
        descriptor = layout.add(answer.body, answer.headers["content-type"])
        self.assertEqual(descriptor["digest"], answer.headers["docker-content-digest"])
        manifest = json.loads(answer.body)
        for child in manifest.get("manifests", []):
            self.pull_manifest(layout, repository, child["digest"])
        for blob in [*manifest.get("layers", []), *([manifest["config"]] if "config" in manifest else [])]:
            body = self.expect(200, f"/v2/{repository}/blobs/{blob['digest']}").body
            layout.file(blob["digest"]).write_bytes(body)
        return descriptor

    def try_to_pull(self, target: str) -> Finished:
        repository, reference = split(target)
        return self.curl(f"/v2/{repository}/manifests/{reference}", "--fail", "--header", ACCEPT).command

    def tags(self, repository: str) -> list[str]:
        return json.loads(self.expect(200, f"/v2/{repository}/tags/list").body)["tags"]

    def delete(self, target: str) -> None:
        repository, reference = split(target)
        self.expect(202, f"/v2/{repository}/manifests/{reference}", "--request", "DELETE")

    def copy(self, source: str, target: str) -> None:
        (repository, tag), (other, new_tag) = split(source), split(target)
        manifest = self.registry.manifest(repository, tag)
        body = json.loads(manifest)
        for blob in [body["config"], *body["layers"]]:
            path = f"/v2/{other}/blobs/uploads/?mount={blob['digest']}&from={repository}"
            self.expect(201, path, "--request", "POST")
        file = self.home / "manifest"
        file.write_bytes(manifest)
        self.put_manifest(other, new_tag, MANIFEST, file)

    # The protocol in detail

    def blob(self, size: int) -> tuple[Path, str]:
        """A file of random bytes and its digest."""
        file = self.fresh("blob")
        data = self.bench.images.random.randbytes(size)
        file.write_bytes(data)
        return file, sha256(data)

    def assert_blob(self, repository: str, digest: str) -> None:
        self.assertEqual(digest, sha256(self.expect(200, f"/v2/{repository}/blobs/{digest}").body))

    def test_a_request_without_credentials_is_told_how_to_authenticate(self):
        answer = self.expect(401, "/v2/")
        self.assertRegex(answer.headers["www-authenticate"], r"^(Basic|Bearer) realm=")
        self.assertEqual(["UNAUTHORIZED"], answer.errors)

    def test_a_blob_is_pushed_by_one_post(self):
        self.logged_in()
        file, digest = self.blob(1000)
        path = f"/v2/{self.repository}/blobs/uploads/?digest={digest}"
        self.expect(201, path, "--request", "POST", "--header", BYTES, "--data-binary", f"@{file}")
        self.assert_blob(self.repository, digest)

    def test_a_blob_is_pushed_by_chunks_and_the_upload_tells_how_far_it_is(self):
        self.logged_in()
        file, digest = self.blob(3000)
        location = self.begin_upload(self.repository)
        for start in (0, 1000, 2000):
            part = self.fresh("part")
            part.write_bytes(file.read_bytes()[start : start + 1000])
            patch = ["--request", "PATCH", "--header", BYTES, "--header", f"Content-Range: {start}-{start + 999}"]
            answer = self.expect(202, location, *patch, "--data-binary", f"@{part}")
            self.assertEqual(f"0-{start + 999}", answer.headers["range"])
            status = self.expect(204, answer.headers["location"])
            self.assertEqual(f"0-{start + 999}", status.headers["range"])
            location = status.headers.get("location", answer.headers["location"])
        self.expect(201, with_digest(location, digest), "--request", "PUT", "--header", "Content-Length: 0")
        self.assert_blob(self.repository, digest)

    def test_a_chunk_out_of_order_is_refused_and_the_upload_goes_on(self):
        self.logged_in()
        file, digest = self.blob(1000)
        location = self.begin_upload(self.repository)
        patch = ["--request", "PATCH", "--header", BYTES, "--data-binary", f"@{file}", "--header"]
        self.expect(416, location, *patch, "Content-Range: 500-1499")
        location = self.expect(202, location, *patch, "Content-Range: 0-999").headers["location"]
        self.expect(201, with_digest(location, digest), "--request", "PUT", "--header", "Content-Length: 0")

    def test_a_blob_of_unknown_length_is_streamed(self):
        self.logged_in()
        file, digest = self.blob(5_000_000)
        location = self.begin_upload(self.repository)
        patch = ["--request", "PATCH", "--header", BYTES, "--header", "Transfer-Encoding: chunked"]
        location = self.expect(202, location, *patch, "--upload-file", file).headers["location"]
        self.expect(201, with_digest(location, digest), "--request", "PUT", "--header", "Content-Length: 0")
        self.assert_blob(self.repository, digest)

    def test_a_cancelled_upload_is_gone(self):
        self.logged_in()
        location = self.begin_upload(self.repository)
        self.expect(204, location, "--request", "DELETE")
        self.expect(404, location)

    def test_bytes_of_another_digest_are_refused(self):
        self.logged_in()
        file, _ = self.blob(1000)
        _, digest = self.blob(1000)
        location = with_digest(self.begin_upload(self.repository), digest)
        answer = self.expect(400, location, "--request", "PUT", "--header", BYTES, "--data-binary", f"@{file}")
        self.assertEqual(["DIGEST_INVALID"], answer.errors)
        self.expect(404, f"/v2/{self.repository}/blobs/{digest}", "--head")

    def test_a_large_upload_with_a_wrong_password_is_refused_before_its_body_is_sent(self):
        self.logged_in()
        location = self.begin_upload(self.repository)
        file, digest = self.blob(30_000_000)
        self.login("another")
        upload = ["--request", "PUT", "--header", BYTES, "--upload-file", file, "--write-out", "%{size_upload}"]
        answer = self.expect(401, with_digest(location, digest), *upload, "--header", "Expect: 100-continue")
        self.assertLess(int(answer.command.out or 0), 5_000_000)

    def test_a_large_upload_that_expects_no_continue_still_sees_why_it_is_refused(self):
        self.logged_in()
        location = self.begin_upload(self.repository)
        file, digest = self.blob(30_000_000)
        self.login("another")
        upload = ["--request", "PUT", "--header", BYTES, "--header", "Expect:", "--upload-file", file]
        self.expect(401, with_digest(location, digest), *upload)

    def test_an_interrupted_download_is_resumed(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        digest = self.images.small.manifest["layers"][2]["digest"]
        blob = f"/v2/{self.repository}/blobs/{digest}"
        first = self.expect(206, blob, "--range", "0-999")
        size = self.images.small.manifest["layers"][2]["size"]
        self.assertEqual(f"bytes 0-999/{size}", first.headers["content-range"])
        rest = self.expect(206, blob, "--continue-at", "1000")
        self.assertEqual(digest, sha256(first.body + rest.body))
        self.assertEqual(100, len(self.expect(206, blob, "--range", "-100").body))
        self.expect(416, blob, "--range", f"{size}-")

    def test_a_manifest_that_is_known_already_is_not_sent_again(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        path = f"/v2/{self.repository}/manifests/v1"
        tag = self.expect(200, path, "--header", ACCEPT).headers["etag"]
        again = self.expect(304, path, "--header", ACCEPT, "--header", f"If-None-Match: {tag}")
        self.assertEqual(b"", again.body)

    def test_head_tells_what_get_would(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        for path in (f"manifests/{self.images.small.digest}", f"blobs/{self.images.small.config}"):
            get = self.expect(200, f"/v2/{self.repository}/{path}", "--header", ACCEPT)
            head = self.expect(200, f"/v2/{self.repository}/{path}", "--header", ACCEPT, "--head")
            for name in ("content-length", "content-type", "docker-content-digest"):
                self.assertEqual(get.headers[name], head.headers[name])

    def test_tags_are_listed_page_by_page(self):
        self.logged_in()
        for tag in ("a", "b", "c", "d", "e"):
            self.registry.seed(self.images.small, self.repository, tag)
        path, pages = f"/v2/{self.repository}/tags/list?n=2", []
        while path and len(pages) < 10:
            answer = self.expect(200, path)
            pages.append(json.loads(answer.body)["tags"])
            link = answer.headers.get("link", "")
            path = link[1 : link.index(">")] if link else None
        self.assertEqual([["a", "b"], ["c", "d"], ["e"]], pages)

    def test_a_manifest_whose_layer_was_not_pushed_is_refused(self):
        self.logged_in()
        image = self.images.small
        words = ["--request", "PUT", "--header", f"Content-Type: {MANIFEST}"]
        words += ["--data-binary", f"@{image.layout.file(image.digest)}"]
        answer = self.curl(f"/v2/{self.repository}/manifests/v1", *words)
        self.assertIn(answer.status, (400, 404))
        self.assertEqual({"MANIFEST_BLOB_UNKNOWN"}, set(answer.errors))

    def test_a_tag_is_deleted_without_its_image(self):
        self.logged_in()
        pushed = self.push(self.images.small, f"{self.repository}:v1")
        self.delete(f"{self.repository}:v1")
        self.expect(404, f"/v2/{self.repository}/manifests/v1", "--header", ACCEPT)
        self.assertEqual(pushed, self.pull(f"{self.repository}@{pushed.manifest}"))

    def test_a_blob_that_an_image_needs_is_not_deleted(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        blob = f"/v2/{self.repository}/blobs/{self.images.small.config}"
        self.assertEqual(["UNSUPPORTED"], self.expect(405, blob, "--request", "DELETE").errors)

    def test_an_unknown_layer_is_not_mounted_but_can_be_uploaded(self):
        self.logged_in()
        _, digest = self.blob(10)
        path = f"/v2/{self.repository}/blobs/uploads/?mount={digest}&from=acceptance/nothing"
        self.assertIn("location", self.expect(202, path, "--request", "POST").headers)

    def test_a_name_of_one_segment_is_an_alias_in_library(self):
        self.logged_in()
        pushed = self.push(self.images.small, "alpine:v1")
        self.assertEqual(pushed, self.pull("library/alpine:v1"))

    def test_a_client_that_offers_http_2_is_served(self):
        self.logged_in()
        pushed = self.push(self.images.small, f"{self.repository}:v1")
        digest = self.images.small.manifest["layers"][2]["digest"]
        # Without TLS by prior knowledge: the upgrade from HTTP/1.1 is obsolete since RFC 9113.
        http2 = "--http2" if self.registry.tls else "--http2-prior-knowledge"
        self.expect(200, f"/v2/{self.repository}/manifests/v1", "--header", ACCEPT, http2)
        answer = self.expect(200, f"/v2/{self.repository}/blobs/{digest}", http2)
        self.assertEqual(digest, sha256(answer.body))
        self.assertEqual(pushed, self.pull(f"{self.repository}:v1"))

    def test_old_versions_of_tls_are_refused(self):
        if self.registry.tls:
            finished = self.curl("/v2/", "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0").command
            self.assertEqual(35, finished.code, finished)  # the handshake failed
        for version in ("1.2", "1.3"):
            self.expect(401, "/v2/", f"--tlsv{version}", "--tls-max", version)

    def test_two_clients_push_the_same_layer_at_once(self):
        self.logged_in()
        file, digest = self.blob(20_000_000)
        trust = ["--cacert", str(self.bench.certificates.authority)] if self.registry.tls else []
        uploads = []
        for _ in range(2):
            location = with_digest(self.begin_upload(self.repository), digest)
            url = location if "://" in location else self.registry.url + location
            words = ["--silent", "--max-time", "120", "--output", "/dev/null", "--write-out", "%{http_code}", *trust]
            words += [*self.user, "--request", "PUT", "--header", BYTES, "--upload-file", str(file), url]
            uploads.append(subprocess.Popen(["curl", *words], env=self.env, stdout=subprocess.PIPE, text=True))
        self.assertEqual(["201", "201"], [upload.communicate(timeout=130)[0] for upload in uploads])
        self.assert_blob(self.repository, digest)


def with_digest(location: str, digest: str) -> str:
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def split(target: str) -> tuple[str, str]:
    """The repository and the tag or digest of a target."""
    repository, _, reference = target.partition("@")
    return (repository, reference) if reference else tuple(target.rsplit(":", 1))
