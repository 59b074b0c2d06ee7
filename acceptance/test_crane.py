from .contract import DoesEverything, PullsByPlatform
from .images import Content, Image, Layout
from .processes import Finished
from .registry import USER, WRONG_PASSWORD


class Crane(DoesEverything, PullsByPlatform):
    needs = ("crane",)

    def login(self, password: str) -> Finished:
        return self.run_client(
            "crane", "auth", "login", self.registry.address, "-u", USER, "--password-stdin", stdin=password
        )

    def test_a_wrong_password_is_refused(self):
        self.registry.seed(self.images.small, self.repository, "v1")
        self.login(WRONG_PASSWORD)  # which crane stores without asking
        self.assert_refused(self.try_to_pull(f"{self.repository}:v1"), 401)

    def push(self, image: Image, target: str) -> Content:
        layout = image.alone(self.fresh("pushed"))
        pushed = self.succeed("crane", "push", layout.path, self.reference(target))
        self.assertIn(image.digest, pushed)
        return image.content

    def pull(self, target: str) -> Content:
        folder = self.fresh("pulled")
        self.succeed("crane", "pull", "--format=oci", self.reference(target), folder)
        return Layout(folder).only()

    def try_to_pull(self, target: str) -> Finished:
        return self.run_client("crane", "pull", "--format=oci", self.reference(target), self.fresh("pulled"))

    def pull_platform(self, target: str, architecture: str) -> str:
        folder = self.fresh("pulled")
        platform = f"--platform=linux/{architecture}"
        self.succeed("crane", "pull", "--format=oci", platform, self.reference(target), folder)
        layout = Layout(folder)
        return layout.read_json(layout.only().manifest)["config"]["digest"]

    def tags(self, repository: str) -> list[str]:
        return self.succeed("crane", "ls", self.reference(repository)).split()

    def delete(self, target: str) -> None:
        self.succeed("crane", "delete", self.reference(target))

    def copy(self, source: str, target: str) -> None:
        self.succeed("crane", "copy", self.reference(source), self.reference(target))

    def test_a_tag_is_deleted_without_its_image(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        pushed = self.push(self.images.small, f"{self.repository}:v2")
        self.delete(f"{self.repository}:v1")
        self.assert_refused(self.try_to_pull(f"{self.repository}:v1"), 404)
        self.assertEqual(pushed, self.pull(f"{self.repository}:v2"))

    def test_repositories_are_listed(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        self.assertIn(self.repository, self.succeed("crane", "catalog", self.registry.address).split())

    def test_a_layer_is_fetched_and_a_manifest_is_shown(self):
        self.logged_in()
        self.push(self.images.small, f"{self.repository}:v1")
        shown = self.run_client("crane", "manifest", self.reference(f"{self.repository}:v1"))
        self.assertEqual(self.images.small.layout.read(self.images.small.digest).decode(), shown.out.rstrip("\n"))
        self.succeed("crane", "validate", "--remote", self.reference(f"{self.repository}:v1"))
