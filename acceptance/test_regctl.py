import json

from .contract import DoesEverything, PullsByPlatform
from .images import Content, Image, Layout
from .processes import Finished
from .registry import USER, Registry

SBOM = "application/spdx+json"


class Regctl(DoesEverything, PullsByPlatform):
    needs = ("regctl",)

    def enter(self, registry: Registry) -> None:
        super().enter(registry)
        self.env["REGCTL_CONFIG"] = str(self.home / "regctl.json")
        authority = self.bench.certificates.authority.read_text()
        trust = ["--tls", "enabled", "--cacert", authority] if registry.tls else ["--tls", "disabled"]
        self.succeed("regctl", "registry", "set", registry.address, "--skip-check", *trust)

    def login(self, password: str) -> Finished:
        words = ["-u", USER, "--pass-stdin", self.registry.address]
        return self.run_client("regctl", "registry", "login", *words, stdin=password)

    def push(self, image: Image, target: str) -> Content:
        source = f"ocidir://{image.layout.path}:{image.name}"
        self.succeed("regctl", "image", "copy", source, self.reference(target))
        return image.content

    def pull(self, target: str) -> Content:
        folder = self.fresh("pulled")
        self.succeed("regctl", "image", "copy", self.reference(target), f"ocidir://{folder}:pulled")
        return Layout(folder).only()

    def try_to_pull(self, target: str) -> Finished:
        return self.run_client("regctl", "image", "copy", self.reference(target), f"ocidir://{self.fresh('pulled')}:p")

    def pull_platform(self, target: str, architecture: str) -> str:
        folder = self.fresh("pulled")
        platform = ["--platform", f"linux/{architecture}"]
        self.succeed("regctl", "image", "copy", *platform, self.reference(target), f"ocidir://{folder}:pulled")
        layout = Layout(folder)
        return layout.read_json(layout.only().manifest)["config"]["digest"]

    def tags(self, repository: str) -> list[str]:
        return self.succeed("regctl", "tag", "ls", self.reference(repository)).split()

    def delete(self, target: str) -> None:
        self.succeed("regctl", "manifest", "delete", self.reference(target))

    def copy(self, source: str, target: str) -> None:
        self.succeed("regctl", "image", "copy", self.reference(source), self.reference(target))

    def test_tags_are_listed_page_by_page(self):
        self.logged_in()
        for tag in ("a", "b", "c", "d", "e"):
            self.registry.seed(self.images.small, self.repository, tag)
        repository = self.reference(self.repository)
        self.assertEqual(["a", "b"], self.succeed("regctl", "tag", "ls", "--limit", "2", repository).split())
        more = self.succeed("regctl", "tag", "ls", "--limit", "2", "--last", "b", repository)
        self.assertEqual(["c", "d"], more.split())

    def test_a_tag_is_deleted_without_its_image(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        pushed = self.push(self.images.small, f"{self.repository}:v2")
        before = len(self.exchanges())
        self.succeed("regctl", "tag", "delete", self.reference(f"{self.repository}:v1"))
        self.assertEqual(["v2"], self.tags(self.repository))
        self.assertEqual(pushed, self.pull(f"{self.repository}:v2"))
        stand_ins = [str(e) for e in self.exchanges()[before:] if e.method == "PUT"]
        self.assertEqual([], stand_ins, "the tag went by an image pushed in its stead, not by a DELETE")

    def test_a_layer_larger_than_a_chunk_is_pushed_by_chunks(self):
        self.succeed(
            "regctl", "registry", "set", self.registry.address, "--skip-check",
            "--blob-max", "1000000", "--blob-chunk", "4000000",
        )  # fmt: skip
        self.logged_in()
        self.assert_round_trip(self.images.big, self.repository, "v1")
        if self.registry.wire:
            chunks = [e for e in self.exchanges() if e.method == "PATCH" and "content-range" in e.request]
            self.assertLess(3, len(chunks))

    def test_a_copy_takes_referrers_along_out_of_the_registry_and_back(self):
        self.logged_in()
        source = f"{self.repository}/one:v1"
        self.push(self.images.small, source)
        for name in ("first", "second"):
            words = ["--artifact-type", SBOM, "--annotation", f"name={name}", "--subject", self.reference(source)]
            self.succeed("regctl", "artifact", "put", *words, stdin=f"the {name} SBOM")
        attached = self._referrers(source)
        self.assertEqual(2, len(attached))
        folder = self.fresh("pulled")
        self.succeed("regctl", "image", "copy", "--referrers", self.reference(source), f"ocidir://{folder}:pulled")
        target = f"{self.repository}/two:v1"
        self.succeed("regctl", "image", "copy", "--referrers", f"ocidir://{folder}:pulled", self.reference(target))
        self.assertEqual(attached, self._referrers(target))
        third = f"{self.repository}/three:v1"
        self.succeed("regctl", "image", "copy", "--referrers", self.reference(source), self.reference(third))
        self.assertEqual(attached, self._referrers(third))

    def test_a_referrer_is_found_by_its_type_and_read(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        subject = ["--subject", self.reference(f"{self.repository}:v1")]
        self.succeed("regctl", "artifact", "put", "--artifact-type", SBOM, *subject, stdin="an SBOM")
        self.succeed("regctl", "artifact", "put", "--artifact-type", "text/plain", *subject, stdin="a note")
        self.assertEqual("an SBOM", self.succeed("regctl", "artifact", "get", *subject, "--filter-artifact-type", SBOM))
        self.assertEqual(["v1"], self.tags(self.repository))

    def test_a_deleted_referrer_is_no_longer_listed(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        subject = self.reference(f"{self.repository}:v1")
        self.succeed("regctl", "artifact", "put", "--artifact-type", SBOM, "--subject", subject, stdin="an SBOM")
        (digest,) = self._referrers(f"{self.repository}:v1")
        self.succeed("regctl", "manifest", "delete", "--referrers", self.reference(f"{self.repository}@{digest}"))
        self.assertEqual(set(), self._referrers(f"{self.repository}:v1"))

    def _referrers(self, target: str) -> set[str]:
        listed = self.succeed("regctl", "artifact", "list", "--format", "{{json .}}", self.reference(target))
        return {descriptor["digest"] for descriptor in json.loads(listed).get("descriptors") or []}
