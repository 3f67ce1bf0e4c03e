"""Whether a job's sources and destination are there, are what they should be, and lie apart."""

from collections.abc import Iterator

from custody.domain.paths import RawPath, printable
from custody.domain.plan import JobPlan
from custody.domain.ports import Inspector


def place_problems(job: JobPlan, inspector: Inspector) -> Iterator[str]:
    """Yield everything that speaks against beginning with this job, in words for people."""
    obstacle = inspector.obstacle(job.destination)
    if obstacle is not None:
        yield f"the destination {printable(job.destination)} {obstacle}"
    for source in job.sources:
        standing = inspector.standing(source)
        if standing is None:
            yield f"there is no source {printable(source)}"
        elif standing.kind == "link":
            yield f"the source {printable(source)} is a symbolic link; name its target"
        elif standing.kind not in {"file", "directory"}:
            yield f"the source {printable(source)} is a {standing.kind}, neither file nor folder"
        else:
            yield from _entangled(job.destination, source, standing.kind, inspector)


def _entangled(destination: RawPath, source: RawPath, kind: str, inspector: Inspector) -> Iterator[str]:
    shown = printable(destination), printable(source)
    if kind == "directory" and inspector.contains(source, destination):
        yield f"the destination {shown[0]} lies inside the source {shown[1]}"
    elif inspector.contains(destination, source):
        yield f"the source {shown[1]} lies inside the destination {shown[0]}"
