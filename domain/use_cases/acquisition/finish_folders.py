"""Attributes, modes and times of a job's folders: last of all, since what is made in one changes its time.

Knows which folders are whose: one that this ledger made gets mode and time of its source; one that was there
before keeps its mode, and its time too if anybody else keeps something in it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from custody.domain.errors import Refused
from custody.domain.paths import RawPath, join, printable
from custody.domain.projections.rows import TransferRow
from custody.domain.use_cases.acquisition.folder_attributes import FolderAttributes
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.foreign import Neighbourhood
from custody.domain.use_cases.job_rows import rows_of
from custody.domain.use_cases.workshop import Workshop

OWNER_WORKS: Final = 0o700
_OWNER_WRITES: Final = 0o300
_NAMES_AT_ONCE: Final = 1000


class FolderFinisher:
    """Sets the modes and times of one job's folders, and takes them back while there is work in them."""

    def __init__(self, workshop: Workshop, site: JobSite, attributes: FolderAttributes) -> None:
        """Take the job's site."""
        self._workshop = workshop
        self._site = site
        self._attributes = attributes

    def reopen(self) -> None:
        """Let the owner write again in folders of ours that an earlier run finished without that right.

        Raises DestinationFailed.
        """
        with self._site.destination.flushing_together():
            for row in self._folders():
                if not row.existed and row.mode & _OWNER_WRITES != _OWNER_WRITES:
                    self._reopen(row)

    def finish(self, *, keep_writable: bool) -> None:
        """Set attributes, then modes and times, the deepest folder first.

        With ``keep_writable`` another attempt can follow.

        Raises DestinationFailed, Refused when a folder of ours was replaced by something else, Interrupted.
        """
        self._attributes.keep(row for row in self._folders(self._site.run) if not row.existed)
        kept = OWNER_WORKS if keep_writable else 0
        # Few facts for each: all folders of a job must fit in memory, since the order is turned round.
        folders = [(row.path, row.mode, row.mtime_ns, row.existed) for row in self._folders(self._site.run)]
        neighbourhood = Neighbourhood(
            self._workshop.model, self._workshop.reader, self._site.destination_path
        )
        with self._site.destination.flushing_together():
            for path, mode, mtime_ns, existed in reversed(folders):
                if existed:
                    self._finish_found(path, mtime_ns, neighbourhood)
                else:
                    self._site.destination.finish_folder(path, mode=mode | kept, mtime_ns=mtime_ns)

    def _finish_found(self, path: RawPath, mtime_ns: int, neighbourhood: Neighbourhood) -> None:
        try:
            if self._holds_only_ours(path, neighbourhood):
                self._site.destination.finish_folder(path, mode=None, mtime_ns=mtime_ns)
        except Refused as refused:
            # It is not ours: that its owner does not let us is no failure of the job.
            self._workshop.progress.note(f"the time of {printable(path)} was not set: {refused.what}")

    def _holds_only_ours(self, folder: RawPath, neighbourhood: Neighbourhood) -> bool:
        names = self._site.destination.names(folder)
        while some := list(islice(names, _NAMES_AT_ONCE)):
            if neighbourhood.strangers([join(folder, name) for name in some]):
                return False
        return True

    def _folders(self, run: int | None = None) -> Iterator[TransferRow]:
        return rows_of(self._workshop.model, self._site.id, ("recorded",), kind="directory", run=run)

    def _reopen(self, row: TransferRow) -> None:
        destination = self._site.destination
        try:
            standing = destination.standing(row.path)
            if standing is not None and standing.kind == "directory":
                destination.finish_folder(row.path, mode=row.mode | OWNER_WORKS, mtime_ns=row.mtime_ns)
        except Refused:
            return  # whatever cannot be made in it will say why
