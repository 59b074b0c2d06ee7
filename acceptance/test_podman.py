from pathlib import Path

from .containers import ContainersTool
from .processes import Finished


class Podman(ContainersTool):
    tool = "podman"
    needs = ("podman",)

    def in_store(self, store: Path, *words) -> Finished:
        return super().in_store(store, "--tmpdir", store / "tmp", "--events-backend", "file", *words)

    def test_a_saved_image_is_the_one_that_was_pushed(self):
        self.logged_in()
        pushed = self.push(self.images.small, f"{self.repository}:v1")
        store, saved = self.fresh("store"), self.home / "saved.tar"
        number = self.do(store, "pull", "--quiet", *self.access(), self.docker(f"{self.repository}:v1"))
        self.do(store, "save", "--quiet", "--output", saved, number)
        self.assertEqual(pushed.below, {self.do(self.fresh("store"), "pull", "--quiet", f"docker-archive:{saved}")})
