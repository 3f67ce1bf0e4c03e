"""What lies in the folders that were made for a copy and is unknown to every job of this ledger.

A folder that was there before is not searched: what others keep in it is theirs.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from custody.domain.events import CopyRefuted, FileFailed, JobResumed, JobStarted
from custody.domain.identifiers import JobId, Stream, TransferId, extra_id, transfer_id
from custody.domain.paths import MAX_NAME_BYTES, RawPath, beside, is_within, join, name, parent
from custody.domain.ports import Destination, LedgerReader, ReadModel
from custody.domain.projections.rows import JobRow
from custody.domain.use_cases.job_rows import FILE_STATES, all_jobs, path_below, rows_of
from custody.domain.use_cases.transfers import Journal, file_stream

_SET_ASIDE: Final = re.compile(rb"(.+)\.custody-bad-([0-9a-f]{8})(?:\.\d+)?", re.DOTALL)

_TEMPORARY: Final = re.compile(rb"\.custody-[0-9a-f]{16}\.\d+\.part")
_UNFINISHED: Final = ("copying", "failed")


def made_destination(reader: LedgerReader, job: JobId) -> bool:
    """Tell whether a run of the job found its destination missing and made it."""
    return any(
        isinstance(one.event, JobStarted | JobResumed) and one.event.made_destination
        for one in reader.history(Stream("job", job))
    )


def job_folders(model: ReadModel, reader: LedgerReader, job: JobRow) -> Iterator[RawPath]:
    """Yield the folders that this ledger made for a job: perhaps the destination (empty), and those below."""
    if made_destination(reader, job.id):
        yield RawPath(b"")
    folders = rows_of(model, job.id, ("recorded",), kind="directory")
    yield from (row.path for row in folders if not row.existed)


def listed(destination: Destination, folder: RawPath) -> list[RawPath]:
    """Return the paths of what lies in a folder of a destination (empty: the destination itself)."""
    return [join(folder, entry) if folder else RawPath(entry) for entry in destination.names(folder)]


def record_extra(journal: Journal, reader: LedgerReader, job: JobId, path: RawPath, message: str) -> None:
    """Record a foreign entry, apart from the history of a file that a later run may take there."""
    stream = file_stream(extra_id(job, path))
    event = CopyRefuted(path=path, finding="extra", message=message)
    journal.add(stream, reader.revision(stream) + 1, event)


class Neighbourhood:
    """A destination, and all jobs of the ledger whose copies may stand in it."""

    def __init__(self, model: ReadModel, reader: LedgerReader, destination: RawPath) -> None:
        """Find the jobs whose destination is, holds or lies in ``destination``."""
        self._model = model
        self._reader = reader
        self._destination = destination
        self._jobs = [
            other
            for other in all_jobs(model)
            if is_within(other.destination, destination) or is_within(destination, other.destination)
        ]

    def strangers(self, paths: Sequence[RawPath]) -> list[RawPath]:
        """Return those of the paths below the destination that no job of this ledger has an entry for.

        A bad copy that the ledger says was put aside is known, and so are the way to another destination and
        the temporary file of an unfinished copy.
        """
        copies = [join(self._destination, path) for path in paths]
        known = self._model.known_copies(copies)
        unknown = [
            copy
            for copy in copies
            if not (
                copy in known
                or self._is_destination(copy)
                or self._was_set_aside(copy)
                or self._is_left_over(copy)
            )
        ]
        shortened = self._shortened(copy for copy in unknown if len(name(copy)) == MAX_NAME_BYTES)
        below = (path_below(copy, self._destination) for copy in unknown if copy not in shortened)
        return [path for path in below if path is not None]

    def _is_destination(self, copy: RawPath) -> bool:
        """Tell whether a job that was begun has its destination there or below."""
        return any(job.run and is_within(job.destination, copy) for job in self._jobs)

    def _was_set_aside(self, copy: RawPath) -> bool:
        named = _SET_ASIDE.fullmatch(copy)
        return named is not None and any(
            moved is not None and own is not None and self._moved(transfer_id(job.id, own), moved)
            for job in self._jobs
            for moved, own in [
                (path_below(copy, job.destination), path_below(RawPath(named[1]), job.destination))
            ]
        )

    def _is_left_over(self, copy: RawPath) -> bool:
        """Tell whether it is the temporary file of a copy that the ledger says is not finished."""
        return _TEMPORARY.fullmatch(name(copy)) is not None and any(
            row.temporary == name(copy) and join(job.destination, beside(row.path, name(copy))) == copy
            for job in self._jobs
            for row in rows_of(self._model, job.id, _UNFINISHED)
        )

    def _moved(self, transfer: TransferId, moved_to: RawPath) -> bool:
        history = self._reader.history(Stream("file", transfer))
        return any(isinstance(one.event, FileFailed) and one.event.moved_to == moved_to for one in history)

    def _shortened(self, copies: Iterable[RawPath]) -> set[RawPath]:
        """Return those put aside under a shortened name, which tells only the folder and the transfer's mark.

        All files of the neighbouring jobs are looked through, but only when such a name was met.
        """
        marked = {copy: named[2] for copy in copies if (named := _SET_ASIDE.fullmatch(copy))}
        known: set[RawPath] = set()
        for job in self._jobs if marked else ():
            wanted: dict[tuple[RawPath, bytes], list[tuple[RawPath, RawPath]]] = {}
            for copy, mark in marked.items():
                below = path_below(copy, job.destination)
                if below is not None:
                    wanted.setdefault((parent(below), mark), []).append((copy, below))
            for transfer, folder, mark in self._marks(job) if wanted else ():
                for copy, below in wanted.get((folder, mark), ()):
                    if self._moved(transfer, below):
                        known.add(copy)
        return known

    def _marks(self, job: JobRow) -> Iterator[tuple[TransferId, RawPath, bytes]]:
        for row in rows_of(self._model, job.id, FILE_STATES):
            yield row.id, parent(row.path), row.id.hex[:8].encode()
