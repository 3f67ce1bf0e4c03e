"""What lies in the folders that were made for a copy and is unknown to every job of this ledger.

A folder that was there before is not searched: what others keep in it is theirs.
"""

from collections.abc import Iterator, Sequence

from custody.domain.identifiers import JobId, transfer_id
from custody.domain.paths import RawPath, join
from custody.domain.ports import ReadModel
from custody.domain.rows import JobRow


def job_folders(model: ReadModel, job: JobRow) -> Iterator[RawPath]:
    """Yield the folders that this ledger made for a job, below its destination."""
    after = -1
    while rows := model.transfers(job.id, states=("recorded",), kind="directory", after=after):
        after = rows[-1].ordinal
        yield from (row.path for row in rows if not row.existed)


def strangers(model: ReadModel, job: JobId, destination: RawPath, paths: Sequence[RawPath]) -> list[RawPath]:
    """Return those of the paths below a job's destination that no job of this ledger has an entry for."""
    ids = {transfer_id(job, path): path for path in paths}
    known = model.find(list(ids))
    copies = {join(destination, path): path for transfer, path in ids.items() if transfer not in known}
    elsewhere = model.known_copies(list(copies))
    return [path for copy, path in copies.items() if copy not in elsewhere]
