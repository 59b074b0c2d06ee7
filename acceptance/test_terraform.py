"""The Terraform provider of Harbor, driven by OpenTofu: what is applied is what the next plan finds."""

import json
from pathlib import Path

from .contract import ClientTest, program
from .processes import Finished
from .registry import PASSWORD, USER

PROVIDER = "terraform-provider-harbor"

CONFIGURATION = """
terraform {
  required_providers {
    harbor = { source = "goharbor/harbor" }
  }
}

provider "harbor" {
  url      = "%(url)s"
  username = "%(user)s"
  password = "%(password)s"
}

resource "harbor_project" "small" {
  name = "tfsmall"
}

resource "harbor_project" "main" {
  name                        = "tfmain"
  public                      = %(public)s
  storage_quota               = %(quota)s
  vulnerability_scanning      = false
  deployment_security         = "%(severity)s"
  enable_content_trust_cosign = %(public)s
  cve_allowlist               = [%(cves)s]
}

resource "harbor_user" "user" {
  username  = "tfuser"
  password  = "%(userpassword)s"
  full_name = "%(fullname)s"
  email     = "tfuser@example.com"
}

resource "harbor_group" "group" {
  group_name = "%(group)s"
  group_type = 2
}

resource "harbor_project_member_user" "user" {
  project_id = harbor_project.main.id
  user_name  = harbor_user.user.username
  role       = "%(role)s"
}

resource "harbor_project_member_group" "group" {
  project_id = harbor_project.main.id
  group_name = harbor_group.group.group_name
  type       = "internal"
  role       = "guest"
}

resource "harbor_robot_account" "system" {
  name        = "tfsystem"
  description = "%(description)s"
  level       = "system"
  duration    = %(duration)s
  permissions {
    kind      = "project"
    namespace = "*"
    access {
      resource = "repository"
      action   = "pull"
    }
    access {
      resource = "repository"
      action   = "push"
    }
  }
  permissions {
    kind      = "system"
    namespace = "/"
    access {
      resource = "label"
      action   = "create"
    }
    access {
      resource = "project"
      action   = "list"
    }
  }
}

resource "harbor_robot_account" "secret" {
  name   = "tfsecret"
  level  = "system"
  secret = "%(secret)s"
  permissions {
    kind      = "project"
    namespace = "*"
    access {
      resource = "repository"
      action   = "pull"
    }
  }
}

resource "harbor_robot_account" "project" {
  name        = "tfproject"
  description = "%(description)s"
  level       = "project"
  permissions {
    kind      = "project"
    namespace = harbor_project.main.name
    access {
      resource = "repository"
      action   = "pull"
    }
    access {
      resource = "tag"
      action   = "list"
    }
  }
}

resource "harbor_label" "everywhere" {
  name        = "tflabel"
  description = "global"
  color       = "%(color)s"
}

resource "harbor_label" "project" {
  name       = "tfplabel"
  color      = "#ffffff"
  project_id = harbor_project.main.id
}

resource "harbor_config_system" "system" {
  project_creation_restriction = "adminonly"
  robot_token_expiration       = 30
  robot_name_prefix            = "robot$"
  storage_per_project          = %(perproject)s
  session_timeout              = 90
  banner_message {
    message   = "%(description)s"
    type      = "info"
    closable  = true
    from_date = "01/01/2026"
    to_date   = "12/31/2026"
  }
}

resource "harbor_config_security" "security" {
  cve_allowlist = ["CVE-456", %(cves)s]
  expires_at    = 1901167767
}

data "harbor_project" "library" {
  name = "library"
}

data "harbor_projects" "all" {
  depends_on = [harbor_project.main, harbor_project.small]
}

data "harbor_users" "user" {
  username   = harbor_user.user.username
  depends_on = [harbor_user.user]
}

data "harbor_groups" "all" {
  depends_on = [harbor_group.group]
}

data "harbor_robot_accounts" "all" {
  depends_on = [harbor_robot_account.system]
}

data "harbor_project_member_users" "members" {
  project_id = harbor_project.main.id
  depends_on = [harbor_project_member_user.user]
}

data "harbor_project_member_groups" "members" {
  project_id = harbor_project.main.id
  depends_on = [harbor_project_member_group.group]
}

output "projects" {
  value = sort([for project in data.harbor_projects.all.projects : project.name])
}
"""

PROVIDER_BLOCK = CONFIGURATION[: CONFIGURATION.index('resource "harbor_project"')]

LDAP = """
resource "harbor_config_auth" "main" {
  auth_mode             = "ldap_auth"
  ldap_url              = "ldap://127.0.0.1:389"
  ldap_base_dn          = "ou=people,dc=example,dc=org"
  ldap_uid              = "uid"
  ldap_verify_cert      = false
  ldap_search_dn        = "cn=admin,dc=example,dc=org"
  ldap_search_password  = "directory secret"
  ldap_scope            = "onelevel"
  ldap_group_base_dn    = "ou=groups,dc=example,dc=org"
  ldap_group_filter     = "(objectClass=groupOfNames)"
  ldap_group_gid        = "cn"
  ldap_group_admin_dn   = "cn=admins,ou=groups,dc=example,dc=org"
  ldap_group_membership = "memberof"
  ldap_group_scope      = "subtree"
}

resource "harbor_group" "crew" {
  depends_on    = [harbor_config_auth.main]
  group_name    = "crew"
  group_type    = 1
  ldap_group_dn = "cn=crew,ou=groups,dc=example,dc=org"
}
"""

OIDC = """
resource "harbor_config_auth" "main" {
  auth_mode          = "oidc_auth"
  oidc_name          = "Example"
  oidc_endpoint      = "https://id.example.com"
  oidc_client_id     = "berth"
  oidc_client_secret = "s3cret"
  oidc_scope         = "openid,email"
  oidc_groups_claim  = "groups"
  oidc_admin_group   = "ops"
  oidc_group_filter  = "^team-"
  oidc_verify_cert   = true
  oidc_auto_onboard  = true
  oidc_user_claim    = "name"
}
"""

LOCAL = """
resource "harbor_config_auth" "main" {
  auth_mode = "db_auth"
}
"""

BEFORE = {
    "public": "false", "quota": "5", "severity": "critical", "cves": '"CVE-2020-1"', "userpassword": "Abcd1234",
    "fullname": "TF User", "group": "tfgroup", "role": "developer", "description": "first", "duration": "-1",
    "secret": "Abcd1234efgh", "color": "#ff0000", "perproject": "100",
}  # fmt: skip
AFTER = BEFORE | {
    "public": "true", "quota": "7", "severity": "high", "cves": '"CVE-2020-1", "CVE-2020-2"',
    "userpassword": "Abcd12345", "fullname": "TF User 2", "group": "tfgroup2", "role": "maintainer",
    "description": "second", "duration": "30", "secret": "Abcd1234efgh5", "color": "#00ff00", "perproject": "-1",
}  # fmt: skip


class Terraform(ClientTest):
    needs = ("tofu", PROVIDER)

    def setUp(self):
        super().setUp()
        provider = Path(program(PROVIDER)).parent
        settings = self.home / "tofu.rc"
        settings.write_text(
            f'provider_installation {{\n  dev_overrides {{ "goharbor/harbor" = "{provider}" }}\n  direct {{}}\n}}\n'
        )
        self.env |= {"TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def configure(self, text: str, values: dict[str, str]) -> None:
        facts = values | {"url": self.registry.url, "user": USER, "password": PASSWORD}
        (self.home / "main.tf").write_text(text % facts)

    def tofu(self, *words: str) -> Finished:
        return self.run_client("tofu", *words, "-no-color")

    def apply(self, text: str, values: dict[str, str]) -> None:
        self.configure(text, values)
        finished = self.tofu("apply", "-auto-approve")
        self.assertEqual(0, finished.code, finished)

    def assert_nothing_to_do(self) -> None:
        finished = self.tofu("plan", "-detailed-exitcode")
        self.assertEqual(0, finished.code, finished)

    def test_what_is_applied_changed_and_destroyed_is_what_the_next_plan_finds(self):
        self.apply(CONFIGURATION, BEFORE)
        self.assert_nothing_to_do()
        outputs = json.loads(self.succeed("tofu", "output", "-json", "-no-color"))
        self.assertEqual(["library", "tfmain", "tfsmall"], outputs["projects"]["value"])
        self.apply(CONFIGURATION, AFTER)
        self.assert_nothing_to_do()
        finished = self.tofu("destroy", "-auto-approve")
        self.assertEqual(0, finished.code, finished)
        status, _, body = self.registry.request("GET", "/api/v2.0/projects?page_size=0")
        self.assertEqual((200, ["library"]), (status, [project["name"] for project in json.loads(body)]))
        for path in ("/users", "/usergroups", "/robots", "/labels?scope=g"):
            self.assertEqual((200, []), self.asked(path), path)

    def test_how_people_log_in_is_applied_and_what_the_next_plan_finds(self):
        for text, mode in ((LDAP, "ldap_auth"), (OIDC, "oidc_auth"), (LDAP, "ldap_auth")):
            with self.subTest(mode):
                self.apply(PROVIDER_BLOCK + text, {})
                self.assert_nothing_to_do()
                self.assertEqual(mode, self.asked("/systeminfo")[1]["auth_mode"])
        finished = self.tofu("destroy", "-auto-approve")
        self.assertEqual(0, finished.code, finished)
        # The provider says nothing of modes when it is to say db_auth: what was set stays set.
        self.apply(PROVIDER_BLOCK + LOCAL, {})
        self.assertEqual("ldap_auth", self.asked("/systeminfo")[1]["auth_mode"])

    def asked(self, path: str):
        status, _, body = self.registry.request("GET", "/api/v2.0" + path)
        return status, json.loads(body)
