"""The folders and links of a job, looked at again where they stand, and what else stands in its folders.

Knows what was recorded of them: that a folder is a folder, and where a link points. Reads no file, follows no
link, records nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from custody.domain.errors import DestinationFailed, Refused
from custody.domain.events import LinkRecorded
from custody.domain.paths import RawPath, printable
from custody.domain.ports import Destination
from custody.domain.projections.rows import JobRow, TransferRow
from custody.domain.use_cases.foreign import Neighbourhood, listed, made_destination
from custody.domain.use_cases.job_rows import placed_age, replaced_rows, rows_of
from custody.domain.use_cases.lane_feed import Interrupted
from custody.domain.use_cases.transfers import file_stream
from custody.domain.use_cases.workshop import Workshop

MADE: Final = (
    "recorded",
    "failed",
)  # failed: a later run could not take it; what an earlier one made still counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as recorded; ``row`` is None for what no job knows."""

    path: RawPath  # below the destination
    row: TransferRow | None = None
    finding: str  # changed, missing, unreadable, extra
    message: str


class StandingEntries:
    """Looks at what one job made besides its files."""

    def __init__(
        self,
        workshop: Workshop,
        job: JobRow,
        destination: Destination | None,
        looked_at: Sequence[JobRow],
    ) -> None:
        """Take the job's opened destination; None when it is gone, and everything with it.

        What one of the jobs that are ``looked_at`` put in the same place later is judged there.
        """
        self._stop = workshop.stop
        self._model = workshop.model
        self._reader = workshop.reader
        self._job = job
        self._neighbourhood = Neighbourhood(workshop.model, workshop.reader, job.destination)
        self._destination = destination
        self._looked_at = looked_at

    def findings(self) -> Iterator[Finding]:
        """Yield everything that is not as recorded, folders first, and every entry that no job knows.

        Raises Interrupted when a stop is asked for.
        """
        if made_destination(self._reader, self._job.id):
            yield from self._extra(RawPath(b""))
        for row in self._rows("directory"):
            yield from self._folder(row)
        for row in self._rows("link"):
            yield from self._told(row, self._wrong(row, "link", self._target(row)))

    def _rows(self, kind: str) -> Iterator[TransferRow]:
        for row in rows_of(self._model, self._job.id, MADE, kind=kind):
            signal = self._stop.requested()
            if signal is not None:
                raise Interrupted(signal)
            yield row

    def _folder(self, row: TransferRow) -> Iterator[Finding]:
        wrong = self._wrong(row, "directory", None)
        yield from self._told(row, wrong)
        if not (wrong or row.existed):
            yield from self._extra(row.path)

    def _extra(self, folder: RawPath) -> Iterator[Finding]:
        if self._destination is None:
            return
        try:
            paths = listed(self._destination, folder)
        except (DestinationFailed, Refused) as error:
            yield Finding(path=folder, finding="unreadable", message=error.what)
            return
        message = "no job of this ledger put it there"
        for path in self._neighbourhood.strangers(paths):
            yield Finding(path=path, finding="extra", message=message)

    def _told(self, row: TransferRow, wrong: tuple[str, str] | None) -> Iterator[Finding]:
        if wrong is not None and not self._is_replaced(row):
            finding, message = wrong
            yield Finding(path=row.path, row=row, finding=finding, message=message)

    def _wrong(self, row: TransferRow, kind: str, target: RawPath | None) -> tuple[str, str] | None:
        try:
            standing = None if self._destination is None else self._destination.standing(row.path)
        except (DestinationFailed, Refused) as error:
            return "unreadable", error.what
        if standing is None:
            return "missing", "nothing stands under this name"
        if standing.kind != kind:
            return "changed", f"a {standing.kind} stands there, not a {kind}"
        if standing.target != target:
            return "changed", f"the link points to {printable(standing.target or b'')}"
        return None

    def _is_replaced(self, row: TransferRow) -> bool:
        return bool(replaced_rows(self._model, self._job, [row], self._looked_at, placed_age))

    def _target(self, row: TransferRow) -> RawPath | None:
        history = self._reader.history(file_stream(row.id))
        targets = [one.event.target for one in history if isinstance(one.event, LinkRecorded)]
        return targets[-1] if targets else None
