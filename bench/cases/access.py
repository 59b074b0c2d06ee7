"""What access costs: a site of a thousand projects, ten thousand users and a hundred thousand grants with patterns.

Requests go over all principals and all images, so that no cache of one entry wins. Berth alone: its peers have no such
users.
"""

import subprocess
import threading
from pathlib import Path

from bench import content, tenants
from bench.measure import Case, Outcome, wrk, wrk_command, wrk_result, wrk_said
from bench.servers import PLAIN
from bench.settings import Settings
from bench.workload import PUBLIC_TENANTS, TENANTS, Context, Failed

CONNECTIONS = 64
PULLING = 8             # connections of those who pull during a flood of logins
FLOODING = 32           # connections of the flood
REQUESTS_PER_TOKEN = 5
PAGE = 50
BERTH = ("berth",)


def cases(settings: Settings) -> list[Case]:
    over = f"{settings.principals:,} users, {settings.tenants_repositories // 10:,} repositories"
    return [
        _get("anonymous", f"GET by tag, {settings.tenants_repositories // 10:,} public repositories, anonymous", PUBLIC_TENANTS,
             lambda context: ["" for _ in tenants.pulls(context.settings)]),
        _get("basic", f"GET by tag, {over}, Basic", TENANTS,
             lambda context: [tenants.credentials(user) for user, _ in tenants.pulls(context.settings)], _log_in),
        _get("bearer", f"GET by tag, {over}, Bearer, a new token every {REQUESTS_PER_TOKEN} requests", TENANTS, None),
        Case("access-token", f"token issuance with Basic, {over}", TENANTS, PLAIN, "token", _tokens, warm_up=_log_in, only=BERTH),
        _list("catalog", f"/v2/_catalog?n={PAGE} of {settings.tenants_repositories:,} repositories", f"/v2/_catalog?n={PAGE}"),
        _list("repositories", f"the Harbor API's repositories, {PAGE} of {settings.tenants_repositories:,}",
              f"/api/v2.0/repositories?page_size={PAGE}"),
        _pulls("calm", "pulls with Basic on 8 connections", False),
        _pulls("flood", f"the same during a flood of wrong passwords on {FLOODING} connections", True),
    ]


def _manifest_path(repository: str) -> str:
    return f"/v2/{repository}/manifests/latest"


def _token_path(repository: str) -> str:
    return f"/service/token?service=berth&scope=repository:{repository}:pull"


def _write(context: Context, name: str, paths: list[str], credentials: list[str]) -> Path:
    return context.workload.targets(name, [f"{path}\t{secret}" if secret else path for path, secret in zip(paths, credentials)])


def _by_basic(context: Context, name: str, paths: list[str]) -> Path:
    return _write(context, name, paths, [tenants.credentials(user) for user, _ in tenants.pulls(context.settings)])


def _log_in(context: Context) -> None:
    """Everybody once, since a first login costs Argon2id, and the same for the JVM."""
    users = range(context.settings.principals)
    targets = _write(context, "tenants-logins", ["/v2/" for _ in users], [tenants.credentials(user) for user in users])
    context.workload.run_load("get", port=context.running.port, targets=targets, connections=4, count=len(users))


def _get(who: str, title: str, dataset: str, credentials, log_in=None) -> Case:
    def targets(context: Context) -> Path:
        pulls = tenants.pulls(context.settings)
        paths = [_manifest_path(repository) for _, repository in pulls]
        if credentials:
            return _write(context, f"tenants-{who}", paths, credentials(context))
        return _with_tokens(context)

    def generate(context: Context, seconds: float) -> Outcome:
        requests, _, taken = wrk(context, context.memory[who], CONNECTIONS, seconds, content.MANIFEST,
                                 len(content.manifest(tenants.repository_name(0, 0))))
        return Outcome(requests, taken)

    def verify(context: Context) -> None:
        if not credentials:
            _log_in(context)
        context.memory[who] = targets(context)
        path, _, secret = context.memory[who].read_text().partition("\n")[0].partition("\t")
        status, _, body = _ask(context, path, secret, content.MANIFEST)
        if status != 200 or content.digest(body) != content.digest(content.manifest(path.split("/manifests/")[0].removeprefix("/v2/"))):
            raise Failed(f"GET of a manifest answered {status} {body[:100]}")
        if secret and _ask(context, path, "", content.MANIFEST)[0] != 401:
            raise Failed("a private manifest was given to nobody")

    def warm_up(context: Context) -> None:
        if log_in:
            log_in(context)
            # All of it once: who may push takes a lease on what is found, a write that the next two days' pulls do not repeat.
            lines = context.memory[who].read_text().count("\n")
            context.workload.run_load("get", port=context.running.port, targets=context.memory[who], connections=CONNECTIONS, count=lines)
        # Those who come first in a server of their own, and those who come after others, are to find it equally warm.
        generate(context, context.settings.warm_up)

    return Case(f"access-get-{who}", title, dataset, PLAIN, "request", generate, verify, warm_up=warm_up, only=BERTH)


def _ask(context: Context, path: str, secret: str, accept: str | None = None):
    connection = context.running.connection()
    try:
        headers = ({"Accept": accept} if accept else {}) | ({"Authorization": secret} if secret else {})
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _with_tokens(context: Context) -> Path:
    """Requests with tokens that were never seen before, five for each, for everybody's images in turn."""
    pulls = tenants.pulls(context.settings)
    wanted = [pulls[number % len(pulls)] for number in range(context.settings.tokens)]
    tokens = [""] * len(wanted)

    def fetch(first: int, step: int) -> None:
        connection = context.running.connection()
        for number in range(first, len(wanted), step):
            user, repository = wanted[number]
            connection.request("GET", _token_path(repository), headers={"Authorization": tenants.credentials(user)})
            answer = connection.getresponse()
            tokens[number] = content.token_of(answer.read()) if answer.status == 200 else ""
        connection.close()

    threads = [threading.Thread(target=fetch, args=(first, 4)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not all(tokens):
        raise Failed(f"{tokens.count('')} of {len(tokens)} tokens were refused")
    lines = [(_manifest_path(repository), f"Bearer {token}") for (_, repository), token in zip(wanted, tokens)
             for _ in range(REQUESTS_PER_TOKEN)]
    return _write(context, "tenants-bearer", [path for path, _ in lines], [secret for _, secret in lines])


def _tokens(context: Context, seconds: float) -> Outcome:
    targets = _by_basic(context, "tenants-tokens", [_token_path(repository) for _, repository in tenants.pulls(context.settings)])
    requests, _, taken = wrk(context, targets, CONNECTIONS, seconds, smallest=400)
    return Outcome(requests, taken)


def _list(name: str, title: str, path: str) -> Case:
    def generate(context: Context, seconds: float) -> Outcome:
        users = range(context.settings.principals)
        targets = _write(context, f"tenants-{name}", [path for _ in users], [tenants.credentials(user) for user in users])
        result = context.workload.run_load("get", port=context.running.port, targets=targets, connections=1, seconds=seconds)
        return Outcome(result["requests"], result["seconds"])

    def verify(context: Context) -> None:
        status, _, body = _ask(context, path, tenants.credentials(1))
        found = content.names_of(body)
        if status != 200 or len(found) != PAGE:
            raise Failed(f"the list answered {status} with {len(found)} names instead of {PAGE}")
        mine = {tenants.project_name(number) for number in tenants.projects_of(context.settings, 1)}
        if not {found_name.split("/")[0] for found_name in found} <= mine:
            raise Failed("the list shows what the caller may not see")

    def warm_up(context: Context) -> None:
        _log_in(context)
        generate(context, context.settings.warm_up)

    return Case(f"access-{name}", title, TENANTS, PLAIN, "page", generate, verify, warm_up=warm_up, only=BERTH)


def _pulls(name: str, title: str, flooded: bool) -> Case:
    def generate(context: Context, seconds: float) -> Outcome:
        targets = _by_basic(context, "tenants-pulls", [_manifest_path(repository) for _, repository in tenants.pulls(context.settings)])
        flood = _flood(context, seconds) if flooded else None
        result = wrk_result(context, targets, PULLING, seconds, content.MANIFEST)
        note = f"{result['requests'] / result['microseconds'] * 1e6:,.0f} pulls/s, half of them within {result['p50'] / 1e3:.2f} ms"
        if flood:
            said = wrk_said(*flood.communicate())
            if not said["status"]:
                raise Failed("the flood's logins were not refused")
            note += f"; {said['status'] / said['microseconds'] * 1e6:,.0f} wrong logins/s answered"
        return Outcome(1, result["p99"] / 1e6, note)

    return Case(f"access-{name}", title, TENANTS, PLAIN, "p99", generate, warm_up=_log_in, only=BERTH)


def _flood(context: Context, seconds: float) -> subprocess.Popen:
    """Wrong passwords for every user there is; it lasts as long as the pulls."""
    users = range(context.settings.users)
    wrong = [tenants.credentials(user, "a wrong password") for user in users]
    targets = _write(context, "tenants-flood", ["/v2/" for _ in users], wrong)
    return subprocess.Popen(wrk_command(context, targets, FLOODING, seconds), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
