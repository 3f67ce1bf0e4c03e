"""Which copies are asked for: a job, a batch, a copy or folder of copies, or all.

Knows what this ledger has of them; looks at no disk.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from custody.domain.errors import NotFound
from custody.domain.identifiers import JobId
from custody.domain.paths import RawPath, is_within
from custody.domain.ports import ReadModel
from custody.domain.projections.rows import JobRow
from custody.domain.use_cases.batch_names import batches_beginning, named_batch
from custody.domain.use_cases.job_rows import all_jobs

EVERYWHERE: Final = RawPath(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is to be verified: everything below a folder, narrowed to a batch or a job when one is named."""

    folder: RawPath = EVERYWHERE
    batch: str | None = None
    job: JobId | None = None

    def includes(self, job: JobRow) -> bool:
        """Tell whether the job is one of those asked for."""
        return self.batch in {None, job.batch} and self.job in {None, job.id}

    def may_reach(self, destination: RawPath) -> bool:
        """Tell whether something below a destination may lie in the folder asked for."""
        return is_within(destination, self.folder) or is_within(self.folder, destination)


def resolve_scope(text: str | None, path: RawPath | None, model: ReadModel) -> Scope:
    """Read what a person named: a job's UUID, a batch id or its beginning, else an absolute path.

    Raises NotFound when nothing of this ledger has that name, UsageError when several batches begin so.
    """
    if text is None:
        return Scope()
    job = _job_named(text, model)
    if job is not None:
        return Scope(batch=job.batch, job=job.id)
    if batches_beginning(model, text):
        return Scope(batch=named_batch(model, text).batch)
    if path is not None and (model.known_copies([path]) or model.proved_within(path, limit=1)):
        return Scope(folder=path)
    raise NotFound(
        f"this ledger has no copy, batch or job named {text!r}",
        done="nothing was read",
        hint="'custody batch list' shows the batches; a path must be that of a copy or its folder",
    )


def _job_named(text: str, model: ReadModel) -> JobRow | None:
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    return next((job for job in all_jobs(model) if job.id == wanted), None)
