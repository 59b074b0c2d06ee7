"""How much is measured: the full run, and the quick one that only shows that everything works."""

from dataclasses import dataclass, replace

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Settings:
    rounds: int = 3
    seconds: float = 5.0          # of each measurement by time
    warm_up: float = 12.0         # before a server's first measurement; every further one gets a third of it
    repositories: int = 1_000     # over which manifests are read
    tags: int = 10_000
    catalog: int = 20_000
    catalog_page: int = 1_000
    blob_sizes: tuple[int, ...] = (1024, 10 * MIB, 200 * MIB, GIB)
    push_sizes: tuple[int, ...] = (500 * MIB, GIB)
    pushes: int = 2               # of each size per measurement
    starts: int = 7
    idle_seconds: float = 10.0    # from the first 200 to reading the idle memory
    projects: int = 1_000         # of the site of many tenants, and so on
    users: int = 10_000
    grants: int = 100_000
    principals: int = 1_000       # users that log in
    tenants_repositories: int = 100_000     # of which one in ten holds an image
    tokens: int = 20_000          # each good for five requests


QUICK = replace(Settings(), rounds=1, seconds=1.0, warm_up=1.5, repositories=100, tags=1_000, catalog=1_500,
                catalog_page=100, blob_sizes=(1024, 10 * MIB, 200 * MIB), push_sizes=(100 * MIB,), pushes=1, starts=3,
                idle_seconds=2.0, projects=50, users=200, grants=2_000, principals=20, tenants_repositories=2_000, tokens=500)


def size_name(size: int) -> str:
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (1024, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} B"
