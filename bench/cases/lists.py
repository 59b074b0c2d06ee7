"""Listing tags and repositories."""

import json

from bench import content
from bench.measure import Case, Outcome
from bench.servers import PLAIN
from bench.settings import Settings
from bench.workload import CATALOG, CATALOGUED, TAGGED, TAGS, Context, Failed

CONNECTIONS = 2


def cases(settings: Settings) -> list[Case]:
    page = settings.catalog_page
    starts = {"start": 0, "middle": settings.catalog // 2, "end": settings.catalog - page}
    return [_tags(settings.tags, settings.tags), _tags(settings.tags, 100),
            *(_catalog(where, start, page, settings.catalog) for where, start in starts.items())]


def _load(context: Context, path: str, seconds: float) -> Outcome:
    targets = context.workload.targets("list", [path])
    result = context.workload.run_load("get", port=context.running.port, targets=targets, connections=CONNECTIONS,
                                       seconds=seconds, auth=context.running.authorization(writing=True))
    return Outcome(result["requests"], result["seconds"], context.memory.get(path, ""))


def _tags(all_tags: int, page: int) -> Case:
    everything = page == all_tags

    def verify(context: Context) -> None:
        context.memory["tags-path"] = _tags_path(context, all_tags, page)

    return Case(f"tags-{'all' if everything else page}", f"tags/list of {all_tags:,} tags, " +
                ("all of them" if everything else f"n={page}"), TAGS, PLAIN, "request",
                lambda context, seconds: _load(context, context.memory["tags-path"], seconds), verify)


def _tags_path(context: Context, all_tags: int, page: int) -> str:
    """The request that gives the page: some refuse a large n and give everything without one, some ignore n."""
    wanted = [content.tag_name(number) for number in range(page)]
    found = []
    for query in (f"?n={page}", "") if page == all_tags else (f"?n={page}",):
        path = f"/v2/{TAGGED}/tags/list{query}"
        status, _, body = context.ask(path, writing=True)
        found = json.loads(body).get("tags") or [] if status == 200 else []
        if found == wanted:
            context.memory[path] = "" if query else "asked without n"
            return path
        if len(found) == all_tags and sorted(found)[:page] == wanted:
            context.memory[path] = "unsorted" if page == all_tags else "ignores n and answers all"
            return path
    raise Failed(f"tags/list answered {status} with {len(found)} tags instead of {page}")


def _catalog(where: str, start: int, page: int, all_repositories: int) -> Case:
    last = f"&last={content.repository_name(CATALOGUED, start - 1)}" if start else ""
    path = f"/v2/_catalog?n={page}{last}"
    wanted = [content.repository_name(CATALOGUED, number) for number in range(start, start + page)]

    def verify(context: Context) -> None:
        status, _, body = context.ask(path, writing=True)
        found = json.loads(body).get("repositories") or [] if status == 200 else []
        if found != wanted:
            raise Failed(f"the catalog answered {status} with {len(found)} repositories, {found[:1]} first, "
                         f"instead of {page}, {wanted[0]} first")

    return Case(f"catalog-{where}", f"_catalog of {all_repositories:,} repositories, a page of {page:,} at the {where}",
                CATALOG, PLAIN, "request", lambda context, seconds: _load(context, path, seconds), verify)
