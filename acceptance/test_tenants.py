"""The README's walk of teams: two projects, somebody limited to tags, a robot; each pushes, and is refused what is not theirs."""

import json
import re
import unittest
from pathlib import Path

from .contract import ClientTest
from .processes import Finished, run
from .registry import PASSWORD, ROOT, USER, Berth, Registry

DEVELOPER, SECRET = "dev", "Change-me-1"
ROBOT = "robot$ops+ci"


class Tenants(ClientTest):
    needs = ("podman", "skopeo")

    @classmethod
    def start_registry(cls, **settings: str) -> Registry:
        if cls.bench.product is not Berth:
            raise unittest.SkipTest("of Berth alone")
        registry = super().start_registry(**settings)
        user = {"username": DEVELOPER, "password": SECRET, "realname": "Dev", "email": "dev@example.com"}
        status, _, said = registry.request(
            "POST", "/api/v2.0/users", json.dumps(user).encode(), {"Content-Type": "application/json"})
        assert status == 201, said
        walk = (ROOT / "README.md").read_text()
        rbac = registry.folder / "rbac.yaml"
        rbac.write_text(re.search(r"<<'YAML'\n(.*?)\nYAML\n", walk, re.DOTALL).group(1))
        cls.changes = cls.berth(registry, "apply", "--dry-run", "-f", rbac).out
        applied = cls.berth(registry, "apply", "-f", rbac)
        cls.again = cls.berth(registry, "apply", "--dry-run", "-f", rbac).out
        cls.robot_secret = re.search(re.escape(ROBOT) + r"\S*\s+(\S+)", applied.out).group(1)
        return registry

    @staticmethod
    def berth(registry: Registry, *words) -> Finished:
        finished = run([Berth.program(), *words, "--data", registry.folder / "data"], cwd=ROOT, seconds=60)
        assert finished.code == 0 or words[0] == "can", finished
        return finished

    def access(self, before: str = "") -> list[str]:
        """skopeo's flags, for the source or destination that `before` names."""
        return [f"--{before}cert-dir={self.home / 'certs.d'}"] if self.registry.tls else [f"--{before}tls-verify=false"]

    def copy(self, user: str, secret: str, target: str) -> Finished:
        source = f"oci:{self.images.small.layout.path}:{self.images.small.name}"
        return self.run_client("skopeo", "copy", "--quiet", "--dest-creds", f"{user}:{secret}", *self.access("dest-"), source,
                               "docker://" + self.reference(target))

    def inspect(self, user: str, secret: str, target: str) -> Finished:
        return self.run_client("skopeo", "inspect", "--raw", "--creds", f"{user}:{secret}", *self.access(),
                               "docker://" + self.reference(target))

    def test_the_file_of_the_readme_is_applied_once(self):
        self.assertIn("team", self.changes)
        self.assertNotIn("robot", self.again)
        exported = self.berth(self.registry, "export").out
        for line in ("name: team", "name: ops", "user: dev", "role: developer", "{dev,test}-*"):
            self.assertIn(line, exported)

    def test_a_developer_pushes_the_tags_that_are_theirs_and_no_others(self):
        pushed = self.copy(DEVELOPER, SECRET, "team/app:dev-1")
        self.assertEqual(0, pushed.code, pushed)
        self.assert_refused(self.copy(DEVELOPER, SECRET, "team/app:v1.0"), 401, 403)
        self.assert_refused(self.copy(DEVELOPER, SECRET, "team/other:dev-1"), 401, 403)
        self.assert_refused(self.copy(DEVELOPER, SECRET, "ops/tool:dev-1"), 401, 403)
        self.assertEqual(0, self.copy(USER, PASSWORD, "team/app:v1.0").code)
        self.assertEqual(0, self.inspect(DEVELOPER, SECRET, "team/app:v1.0").code)
        self.assert_refused(self.copy(DEVELOPER, SECRET, "team/app:v1.0"), 401, 403)
        self.assertEqual(0, self.copy(USER, PASSWORD, "team/app:secret").code)
        self.assert_refused(self.inspect(DEVELOPER, SECRET, "team/app:secret"), 401, 403, 404)

    def test_a_robot_pushes_to_its_project_and_sees_no_other(self):
        pushed = self.copy(ROBOT, self.robot_secret, "ops/tool:1")
        self.assertEqual(0, pushed.code, pushed)
        self.assertEqual(0, self.copy(USER, PASSWORD, "team/app:dev-2").code)
        self.assert_refused(self.inspect(ROBOT, self.robot_secret, "team/app:dev-2"), 401, 403, 404)
        self.assert_refused(self.copy(ROBOT, self.robot_secret, "team/app:dev-2"), 401, 403)

    def podman(self, store: Path, *words) -> Finished:
        where = ["--root", store / "root", "--runroot", store / "run", "--storage-driver", "vfs", "--tmpdir", store / "tmp",
                 "--events-backend", "file"]
        return self.run_client("podman", *where, *words)

    def test_podman_logs_in_as_each_and_pushes(self):
        trust = f"--cert-dir={self.home / 'certs.d'}" if self.registry.tls else "--tls-verify=false"
        for user, secret, mine, other in ((DEVELOPER, SECRET, "team/app:test-1", "team/app:v2"),
                                          (ROBOT, self.robot_secret, "ops/tool:2", "team/app:test-2")):
            with self.subTest(user):
                store, auth = self.fresh("store"), self.fresh("auth")
                auth.write_text('{"auths": {}}')
                access = [trust, f"--authfile={auth}"]
                login = self.podman(store, "login", *access, "--username", user, "--password", secret, self.registry.address)
                self.assertEqual(0, login.code, login)
                image = self.images.small
                pulled = self.podman(store, "pull", "--quiet", f"oci:{image.layout.path}:{image.name}")
                self.assertEqual(0, pulled.code, pulled)
                number = pulled.out.strip()
                pushed = self.podman(store, "push", "--quiet", *access, number, "docker://" + self.reference(mine))
                self.assertEqual(0, pushed.code, pushed)
                self.assert_refused(
                    self.podman(store, "push", "--quiet", *access, number, "docker://" + self.reference(other)), 401, 403)

    def test_berth_says_which_rule_decides(self):
        allowed = self.berth(self.registry, "can", DEVELOPER, "push", "team/app:dev-9")
        denied = self.berth(self.registry, "can", DEVELOPER, "push", "team/app:v9")
        self.assertEqual(0, allowed.code, allowed)
        self.assertNotEqual(0, denied.code, denied)
        self.assertIn("developer", allowed.out)
