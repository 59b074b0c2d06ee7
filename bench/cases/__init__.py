"""All cases, in the order of the table."""

from bench.cases import access, blobs, corpus, lists, manifests, pushes, startup
from bench.measure import Case
from bench.settings import Settings
from bench.workload import Workload


def all_cases(settings: Settings, workload: Workload) -> list[Case]:
    return [*manifests.cases(settings), *blobs.cases(settings), *pushes.cases(settings), *lists.cases(settings),
            *access.cases(settings), *corpus.cases(workload), *startup.cases(settings)]
