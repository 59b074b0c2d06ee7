"""What the cases work on: the settings, the tools, the data that every server is given, and one server under test."""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from bench import content, seedtree, tenants
from bench.servers import PLAIN, Running, Server
from bench.settings import MIB, Settings

READING, TAGS, CATALOG, FRESH, NONE = "reading", "tags", "catalog", "fresh", "none"
TENANTS, PUBLIC_TENANTS = "tenants", "public-tenants"     # the second: the same site, its projects public
MANIFESTS = "bench/r"           # prefix of the repositories over which manifests are read
BLOBS = "bench/blobs"
TAGGED = "bench/tagged"
CATALOGUED = "cat/r"


class Failed(Exception):
    """A case that could not be measured, with the reason for the table."""


@dataclass
class Workload:
    """Settings, tools and seed data; one for the whole run."""

    settings: Settings
    work: Path
    load: list[str]                                     # the load generator's command
    corpus: Path | None = None
    blobs: dict[int, str] = field(default_factory=dict)          # size -> digest
    manifests: list[tuple[str, str]] = field(default_factory=list)   # repository, digest

    def run_load(self, command: str, **options) -> dict:
        """One run of the load generator; what it prints."""
        arguments = [f"{key}={value}" for key, value in options.items() if value is not None]
        done = subprocess.run([*self.load, command, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed((done.stderr.strip().splitlines() or ["the load generator failed"])[0].partition(": ")[2][:200]
                         or done.stderr[:200])
        result = json.loads(done.stdout.splitlines()[-1])
        if result.get("failed"):
            raise Failed(f"{result['failed']} connections failed, first: {result['failure'][:200]}")
        return result

    def blob_file(self, size: int) -> Path:
        return self.work / "files" / str(size)

    def make_files(self, sizes: set[int]) -> None:
        (self.work / "files").mkdir(exist_ok=True)
        for size in sorted(sizes - self.blobs.keys()):
            self.blobs[size] = self.run_load("make", file=self.blob_file(size), size=size, seed=size)["digest"]

    def data(self, server: Server, dataset: str) -> Path:
        return self.work / "data" / server.name / dataset

    def targets(self, name: str, paths: list[str]) -> Path:
        """A file of request targets, one a line, for the generators."""
        path = self.work / "targets" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(paths) + "\n")
        return path

    def seed(self, server: Server, dataset: str) -> None:
        """Gives a server the data of a dataset, once."""
        data = self.data(server, dataset)
        if data.exists() or dataset in (FRESH, NONE):
            return
        try:
            self._seed(server, dataset, data)
        except BaseException:
            shutil.rmtree(data, ignore_errors=True)
            raise
        os.sync()

    def _seed(self, server: Server, dataset: str, data: Path) -> None:
        settings = self.settings
        if dataset == TENANTS:
            with server.start(data, self.work, PLAIN) as running:
                tenants.push(self, running)
            tenants.populate(settings, data)
        elif dataset == PUBLIC_TENANTS:
            self.seed(server, TENANTS)
            shutil.copytree(self.data(server, TENANTS), data)
            tenants.publish(data)
        elif dataset == READING and not server.registry:
            data.mkdir(parents=True)
            for size in settings.blob_sizes:
                os.link(self.blob_file(size), data / str(size))
        elif dataset in (TAGS, CATALOG) and server.seeds_on_disk:
            seedtree.write(server.name, data, seedtree.tagged(TAGGED, settings.tags) if dataset == TAGS
                           else seedtree.repositories(CATALOGUED, settings.catalog))
        else:
            with server.start(data, self.work, PLAIN) as running:
                self._push_seed(running, dataset)

    def _push_seed(self, running: Running, dataset: str) -> None:
        to = {"port": running.port, "auth": running.authorization(writing=True), "connections": 16}
        settings = self.settings
        if dataset == TAGS:
            self.run_load("tags", repository=TAGGED, count=settings.tags, **to)
        elif dataset == CATALOG:
            self.run_load("repositories", repository=CATALOGUED, count=settings.catalog, **to)
        else:
            self.run_load("repositories", repository=MANIFESTS, count=settings.repositories, **to)
            for size in settings.blob_sizes:
                self.run_load("push", repository=BLOBS, file=self.blob_file(size), size=size, **to)

    def expect_manifests(self) -> None:
        names = [content.repository_name(MANIFESTS, number) for number in range(self.settings.repositories)]
        self.manifests = [(name, content.digest(content.manifest(name))) for name in names]


@dataclass
class Context:
    """One server, running where the case does not start it itself, and everything a case needs to load it."""

    workload: Workload
    server: Server
    running: Running | None
    round: int
    memory: dict = field(default_factory=dict)      # what the cases of one group tell each other

    @property
    def settings(self) -> Settings:
        return self.workload.settings

    def headers(self, accept: str | None = None, writing: bool = False) -> dict[str, str]:
        headers = {"Accept": accept} if accept else {}
        authorization = self.running.authorization(writing)
        return headers | ({"Authorization": authorization} if authorization else {})

    def ask(self, path: str, method: str = "GET", accept: str | None = None, writing: bool = False):
        """One request; status, headers, body."""
        connection = self.running.connection()
        try:
            connection.request(method, path, headers=self.headers(accept, writing))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def blob_path(self, size: int) -> str:
        return f"/v2/{BLOBS}/blobs/{self.workload.blobs[size]}" if self.server.registry else f"/{size}"

    def verify_blob(self, path: str, size: int, digest: str) -> None:
        """The whole blob, read once and hashed."""
        connection = self.running.connection()
        try:
            connection.request("GET", path, headers=self.headers())
            answer = connection.getresponse()
            sha, length = hashlib.sha256(), 0
            while part := answer.read(MIB):
                sha.update(part)
                length += len(part)
            if answer.status != 200 or length != size or "sha256:" + sha.hexdigest() != digest:
                raise Failed(f"GET of a blob answered {answer.status} with {length} bytes, right digest: "
                             f"{'sha256:' + sha.hexdigest() == digest}")
        finally:
            connection.close()
