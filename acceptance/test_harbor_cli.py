"""Harbor's own command line, over Harbor's API."""

import json

from .contract import ClientTest
from .processes import Finished
from .registry import PASSWORD, USER, WRONG_PASSWORD


class HarborCli(ClientTest):
    needs = ("harbor",)

    def setUp(self):
        super().setUp()
        self.project = self._testMethodName.removeprefix("test_").replace("_", "-")
        self.succeed("harbor", "login", self.registry.url, "-u", USER, "-p", PASSWORD)

    def shown(self, *words: str):
        """What a command prints as JSON."""
        return json.loads(self.succeed("harbor", *words, "-o", "json"))

    def harbor(self, *words: str) -> str:
        return self.succeed("harbor", *words)

    def refused(self, *words: str) -> Finished:
        finished = self.run_client("harbor", *words)
        self.assertNotEqual(0, finished.code, finished)
        return finished

    def listed(self, *words: str) -> list:
        text = self.harbor(*words, "-o", "json")
        if not text.startswith(("[", "{")):
            return []  # which it says in words
        shown = json.loads(text)
        return shown if isinstance(shown, list) else shown.get("payload", shown.get("Payload", []))

    def test_a_wrong_password_is_refused(self):
        self.assert_refused(self.run_client("harbor", "login", self.registry.url, "-u", USER, "-p", WRONG_PASSWORD), 401)

    def test_a_project_is_made_shown_changed_and_deleted(self):
        self.harbor("project", "create", self.project, "--public", "--storage-limit", "5GiB")
        self.assertIn(self.project, [project["name"] for project in self.listed("project", "list")])
        self.assertIn(self.project, [project["name"] for project in self.listed("project", "list", "--public")])
        self.harbor("project", "config", "update", self.project, "--public", "false", "--auto-scan", "true",
                    "--severity", "high", "--prevent-vul", "true", "--reuse-sys-cve", "false")  # fmt: skip
        status, _, body = self.registry.request("GET", f"/api/v2.0/projects/{self.project}")
        metadata = json.loads(body)["metadata"]
        self.assertEqual(200, status)
        self.assertEqual(("false", "true", "high", "true"),
                         tuple(metadata[key] for key in ("public", "auto_scan", "severity", "prevent_vul")))  # fmt: skip
        self.refused("project", "create", self.project, "--storage-limit", "10MiB")
        self.harbor("project", "delete", self.project)
        self.refused("project", "delete", self.project)

    def test_a_quota_is_changed(self):
        self.harbor("project", "create", self.project, "--storage-limit", "5GiB")
        self.harbor("quota", "update", "--project-name", self.project, "--storage", "20MiB")
        quotas = {quota["ref"]["name"]: quota["hard"]["storage"] for quota in self.listed("quota", "list")}
        self.assertEqual(20 << 20, quotas[self.project])

    def test_a_user_becomes_a_member_and_goes(self):
        self.harbor("project", "create", self.project, "--storage-limit", "5GiB")
        self.harbor("user", "create", "--username", "cliuser", "--password", "Abcd1234", "--email",
                    "cliuser@example.com", "--realname", "Cli User", "--comment", "c")  # fmt: skip
        self.refused("user", "create", "--username", "cliuser", "--password", "Abcd1234", "--email",
                     "cliuser@example.com", "--realname", "Cli User", "--comment", "c")  # fmt: skip
        self.assertIn("cliuser", [user["username"] for user in self.listed("user", "list")])
        self.harbor("project", "member", "create", self.project, "--username", "cliuser", "--roleid", "1")
        self.assertEqual("developer", self.roles()["cliuser"])  # it counts its own roles from 0
        self.harbor("user", "delete", "cliuser")
        self.assertNotIn("cliuser", self.roles())

    def roles(self) -> dict[str, str]:
        members = self.listed("project", "member", "list", self.project)
        return {member["entity_name"]: member["role_name"] for member in members}

    def test_robots_of_the_system_and_of_a_project_log_in_and_are_deleted(self):
        self.harbor("project", "create", self.project, "--storage-limit", "5GiB")
        self.harbor("robot", "create", "--name", "cliall", "--description", "a", "--duration", "7", "-a", "-e")
        self.harbor("project", "robot", "create", "--name", "cliproject", "--project", self.project, "--duration", "5",
                    "--description", "x", "-a", "-e")  # fmt: skip
        self.assertIn("robot$cliall", [robot["name"] for robot in self.listed("robot", "list")])
        robots = self.listed("project", "robot", "list", self.project)
        self.assertEqual([f"robot${self.project}+cliproject"], [robot["name"] for robot in robots])
        secrets = [json.loads(path.read_text()) for path in self.home.glob("*.json")]
        self.assertTrue(secrets, f"no exported secret in {sorted(self.home.iterdir())}")
        self.harbor("robot", "delete", "robot$cliall")
        self.assertNotIn("robot$cliall", [robot["name"] for robot in self.listed("robot", "list")])

    def test_a_label_is_made_put_on_an_artifact_and_deleted(self):
        self.registry.seed(self.images.small, f"{self.project}/app", "v1")
        self.harbor("label", "create", "-n", "clilabel", "--color", "#FF0000", "-d", "dl", "-s", "g")
        self.assertIn("clilabel", [label["name"] for label in self.listed("label", "list")])
        self.harbor("artifact", "label", "add", f"{self.project}/app:v1", "clilabel")
        self.assertEqual(["clilabel"], self.labels())
        self.harbor("artifact", "label", "delete", f"{self.project}/app:v1", "clilabel")
        self.assertEqual([], self.labels())
        self.harbor("label", "delete", "clilabel")
        self.assertEqual((200, b"[]\n"), self.registry.request("GET", "/api/v2.0/labels?scope=g")[::2])

    def labels(self) -> list[str]:
        path = f"/api/v2.0/projects/{self.project}/repositories/app/artifacts/v1?with_label=true"
        status, _, body = self.registry.request("GET", path)
        self.assertEqual(200, status, body)
        return [label["name"] for label in json.loads(body).get("labels") or []]

    def test_repositories_artifacts_and_tags(self):
        for repository in ("app", "nested/app"):
            self.registry.seed(self.images.small, f"{self.project}/{repository}", "v1")
        names = [repository["name"] for repository in self.listed("repo", "list", self.project)]
        self.assertEqual([f"{self.project}/app", f"{self.project}/nested/app"], sorted(names))
        self.harbor("repo", "update", f"{self.project}/app", "-d", "what it is for")
        self.assertIn("what it is for", json.dumps(self.shown("repo", "view", f"{self.project}/app")))
        for repository in ("app", "nested/app"):
            artifacts = self.listed("artifact", "list", f"{self.project}/{repository}")
            self.assertEqual([self.images.small.digest], [artifact["digest"] for artifact in artifacts])
        shown = json.dumps(self.shown("artifact", "view", f"{self.project}/app:v1"))
        self.assertIn(self.images.small.digest, shown)
        self.harbor("artifact", "tags", "create", f"{self.project}/app:v1", "v2")
        self.assertEqual(self.registry.manifest(f"{self.project}/app", "v2"),
                         self.registry.manifest(f"{self.project}/app", "v1"))  # fmt: skip
        self.harbor("artifact", "tags", "delete", f"{self.project}/app:v1", "v2")
        self.assertEqual(404, self.registry.request("GET", f"/v2/{self.project}/app/manifests/v2")[0])
        self.harbor("artifact", "delete", f"{self.project}/app:v1")
        self.harbor("repo", "delete", f"{self.project}/nested/app")
        self.harbor("repo", "delete", f"{self.project}/app")
        self.assertEqual([], self.listed("repo", "list", self.project))
        self.harbor("project", "delete", self.project)
