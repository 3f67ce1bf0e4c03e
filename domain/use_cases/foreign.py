"""What lies in the folders that were made for a copy and is unknown to every job of this ledger.

A folder that was there before is not searched: what others keep in it is theirs.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from custody.domain.events import FileFailed
from custody.domain.identifiers import JobId, Stream, transfer_id
from custody.domain.paths import RawPath, join
from custody.domain.ports import LedgerReader, ReadModel
from custody.domain.rows import JobRow

_SET_ASIDE: Final = re.compile(rb"(.+)\.custody-bad-[0-9a-f]{8}(?:\.\d+)?", re.DOTALL)


def job_folders(model: ReadModel, job: JobRow) -> Iterator[RawPath]:
    """Yield the folders that this ledger made for a job, below its destination."""
    after = -1
    while rows := model.transfers(job.id, states=("recorded",), kind="directory", after=after):
        after = rows[-1].ordinal
        yield from (row.path for row in rows if not row.existed)


def strangers(
    model: ReadModel, reader: LedgerReader, job: JobId, destination: RawPath, paths: Sequence[RawPath]
) -> list[RawPath]:
    """Return those of the paths below a job's destination that no job of this ledger has an entry for.

    A bad copy that the ledger says was put aside is known.
    """
    ids = {transfer_id(job, path): path for path in paths}
    known = model.find(list(ids))
    copies = {join(destination, path): path for transfer, path in ids.items() if transfer not in known}
    elsewhere = model.known_copies(list(copies))
    return [
        path
        for copy, path in copies.items()
        if copy not in elsewhere and not _was_set_aside(reader, job, path)
    ]


def _was_set_aside(reader: LedgerReader, job: JobId, path: RawPath) -> bool:
    named = _SET_ASIDE.fullmatch(path)
    if named is None:
        return False
    history = reader.history(Stream("file", transfer_id(job, named[1])))
    return any(isinstance(one.event, FileFailed) and one.event.moved_to == path for one in history)
