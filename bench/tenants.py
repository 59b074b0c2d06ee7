"""A site of many tenants: projects, users, grants with patterns, and repositories, for Berth.

What decides about access comes by the API as far as that is quick. Ten thousand passwords would be ten thousand times
Argon2id, so users and grants are rows written into the database of a Berth that does not run, as its API would have
written them; so are the repositories that hold nothing and are only listed.
"""

import base64
import json
import sqlite3
from pathlib import Path

from bench.servers import BASIC, Running
from bench.settings import Settings

PASSWORD = "Tenant-password-1"
PER_USER = 10                   # grants
PROJECTS_PER_USER = 5
# One grant of each project decides pulls; the other is one more to look at.
PATTERNS = (("developer", "app-0*", "lat*"), ("guest", "app-1*", "v[0-9]*"))


def project_name(number: int) -> str:
    return f"tenant-{number:04d}"


def user_name(number: int) -> str:
    return f"user-{number:05d}"


def repository_name(project: int, number: int) -> str:
    return f"{project_name(project)}/app-{number:02d}"


def projects_of(settings: Settings, user: int) -> list[int]:
    return [(user * PROJECTS_PER_USER + step) % settings.projects for step in range(PROJECTS_PER_USER)]


def per_project(settings: Settings) -> tuple[int, int]:
    """Repositories of a project, and how many of them hold an image; those are the first."""
    repositories = settings.tenants_repositories // settings.projects
    return repositories, repositories // 10


def credentials(user: int, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user_name(user)}:{password}".encode()).decode()


def pulls(settings: Settings) -> list[tuple[int, str]]:
    """User and repository of one request each, so that in turn everybody pulls everything they may."""
    _, images = per_project(settings)
    users = range(settings.principals)
    return [(user, repository_name(projects_of(settings, user)[step % PROJECTS_PER_USER], step // PROJECTS_PER_USER))
            for step in range(PROJECTS_PER_USER * images) for user in users]


def push(workload, running: Running) -> None:
    """Projects, one user, and the images."""
    settings = workload.settings
    connection = running.connection()

    def post(path: str, body: dict) -> None:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", "Authorization": BASIC})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"POST {path} answered {answer.status} {said[:200]}")

    name = user_name(0)
    post("/api/v2.0/users", {"username": name, "password": PASSWORD, "realname": name, "email": f"{name}@example.com"})
    for number in range(settings.projects):
        post("/api/v2.0/projects", {"project_name": project_name(number), "metadata": {"public": "false"}})
    connection.close()
    _, images = per_project(settings)
    names = [repository_name(project, number) for project in range(settings.projects) for number in range(images)]
    workload.run_load("repositories", port=running.port, auth=running.authorization(writing=True), connections=16,
                      names=workload.targets("tenants-repositories", names))


def populate(settings: Settings, data: Path) -> None:
    """Users, grants, and the repositories that are only listed, into the database of a server that has ended."""
    database = sqlite3.connect(data / "berth.db")
    with database:
        columns = "source, password_hash, administrator, disabled, created_at, updated_at"
        database.executemany(
            f"INSERT INTO account (name, subject, {columns}) SELECT ?1, ?1, {columns} FROM account WHERE name = '{user_name(0)}'",
            [(user_name(number),) for number in range(1, settings.users)])
        accounts = dict(database.execute("SELECT name, id FROM account"))
        projects = dict(database.execute("SELECT name, id FROM project"))
        roles = dict(database.execute("SELECT name, id FROM role"))
        repositories, images = per_project(settings)
        database.executemany(
            "INSERT INTO repository (project_id, name, listed, created_at) VALUES (?, ?, 1, 0)",
            [(projects[project_name(project)], repository_name(project, number))
             for project in range(settings.projects) for number in range(images, repositories)])
        grants = settings.grants // settings.users // PROJECTS_PER_USER
        database.executemany(
            "INSERT INTO access_grant (subject_kind, subject_id, scope, project_id, role_id, repository_pattern, tag_pattern,"
            " created_at) VALUES ('USER', ?, 'PROJECT', ?, ?, ?, ?, 0)",
            [(accounts[user_name(user)], projects[project_name(project)], roles[role], repository, tag)
             for user in range(settings.users) for project in projects_of(settings, user)
             for role, repository, tag in PATTERNS[:grants]])
        database.execute(
            "INSERT INTO grant_repository (grant_id, repository_id) SELECT g.id, r.id FROM access_grant g"
            " JOIN project p ON p.id = g.project_id"
            " JOIN repository r ON r.project_id = p.id AND substr(r.name, length(p.name) + 2) GLOB g.repository_pattern")
    database.close()


def publish(data: Path) -> None:
    """Lets everybody pull everything."""
    database = sqlite3.connect(data / "berth.db")
    with database:
        database.execute("UPDATE project SET public = 1")
    database.close()

