"""Whether the sources and destinations of a plan are there, are what they should be, and lie apart."""

from collections.abc import Iterator, Sequence

from custody.domain.copying.plan import JobPlan
from custody.domain.paths import RawPath, printable
from custody.domain.ports import Inspector


def place_problems(jobs: Sequence[JobPlan], inspector: Inspector) -> Iterator[str]:
    """Yield everything that speaks against beginning, in words for people.

    No job may write into a source of any job of the plan, its own or another's.
    """
    folders = []
    for source in dict.fromkeys(source for job in jobs for source in job.sources):
        kind, problem = _source_problem(source, inspector)
        if problem is not None:
            yield problem
        if kind == "directory":
            folders.append(source)
    for job in jobs:
        shown = printable(job.destination)
        obstacle = inspector.obstacle(job.destination)
        if obstacle is not None:
            yield f"the destination {shown} {obstacle}"
        inside = [source for source in folders if inspector.contains(source, job.destination)]
        for source in inside:
            yield f"the destination {shown} lies inside the source {printable(source)}"
        for source in job.sources:
            if source not in inside and inspector.contains(job.destination, source):
                yield f"the source {printable(source)} lies inside the destination {shown}"


def _source_problem(source: RawPath, inspector: Inspector) -> tuple[str | None, str | None]:
    standing = inspector.standing(source)
    if standing is None:
        return None, f"there is no source {printable(source)}"
    if standing.kind == "link":
        return None, f"the source {printable(source)} is a symbolic link; name its target"
    if standing.kind not in {"file", "directory"}:
        return None, f"the source {printable(source)} is a {standing.kind}, neither file nor folder"
    return standing.kind, None
