"""Reading a copy that was handed over, every file of it, and comparing it with the list in the offer.

Knows the list. Looks at nothing else in the folder: what is not listed was not handed over. Records nothing.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from uuid import UUID

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.copying.reports import Advanced, Failed, ReadBack
from custody.domain.exhibits.manifest import ManifestFile, manifest_files
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath, join
from custody.domain.use_cases.lane_feed import LaneFeed
from custody.domain.use_cases.verification.rereading import Rereading, Unread
from custody.domain.use_cases.verification.verify_copies import WINDOW_FILES, Problem
from custody.domain.use_cases.workshop import Workshop

_NOT_LISTED: Final = 0  # of times and inode of a file: only its content counts


@dataclass(slots=True, kw_only=True)
class HandedCopy:
    """What was found. ``read_back`` counts the files that are as listed, by the method of reading."""

    files: int = 0
    size: int = 0
    read_back: Counter[str] = field(default_factory=Counter)
    changed: list[Problem] = field(default_factory=list)
    missing: list[Problem] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)

    @property
    def problems(self) -> Sequence[Problem]:
        """Everything that is not as listed."""
        return (*self.changed, *self.missing, *self.unreadable)

    @property
    def differs(self) -> bool:
        """Tell whether a difference was seen, as against an inability to look."""
        return bool(self.changed or self.missing)


def read_handed_copy(workshop: Workshop, folder: RawPath, manifest: bytes) -> HandedCopy:
    """Read every listed file below a folder, from the device.

    Raises DestinationMissing or Refused for a folder that cannot be had, Busy when another process works
    there, Interrupted after a request to stop, Halted when no lane will work.
    """
    with closing(workshop.open_destination(folder, create=False)):
        return _Reading(workshop, folder).read(manifest)


class _Reading:
    """One reading under way."""

    def __init__(self, workshop: Workshop, folder: RawPath) -> None:
        self._workshop = workshop
        self._folder = folder
        self._under_way: dict[TransferId, ManifestFile] = {}
        self._found = HandedCopy()

    def read(self, manifest: bytes) -> HandedCopy:
        workshop = self._workshop
        feed = LaneFeed(workshop.lane, workshop.clock, workshop.stop, workshop.settings)
        for answer in Rereading(feed).read(self._windows(manifest)):
            match answer:
                case Advanced():
                    file = self._under_way.get(answer.transfer)
                    if file is not None:
                        copy = join(self._folder, file.path)
                        workshop.progress.advance(copy, answer.phase, answer.size, file.size)
                case ReadBack():
                    self._take_good(answer)
                case Failed():
                    self._take_bad(answer.transfer, _kind(answer), answer.message)
                case Unread():
                    self._take_bad(answer.transfer, "unreadable", answer.message)
                case _:  # Done
                    pass
        return self._found

    def _windows(self, manifest: bytes) -> Iterator[Sequence[CopyItem]]:
        files = manifest_files(manifest)
        number = 0
        while window := list(islice(files, WINDOW_FILES)):
            self._workshop.progress.plan(files=len(window), size=sum(file.size for file in window))
            items = []
            for file in window:
                number += 1
                transfer = TransferId(UUID(int=number))
                self._under_way[transfer] = file
                items.append(self._item(transfer, file))
            yield items

    def _item(self, transfer: TransferId, file: ManifestFile) -> CopyItem:
        return CopyItem(
            transfer=transfer,
            operation=Operation.READ_BACK,
            source_root=RawPath(b""),
            destination=self._folder,
            path=file.path,
            temporary=b"",
            size=file.size,
            mtime_ns=_NOT_LISTED,
            atime_ns=_NOT_LISTED,
            mode=_NOT_LISTED,
            device=_NOT_LISTED,
            inode=_NOT_LISTED,
            algorithms=tuple(sorted(file.digests)),
            expected=file.digests,
        )

    def _take_good(self, report: ReadBack) -> None:
        file = self._under_way.pop(report.transfer)
        self._found.files += 1
        self._found.size += report.size
        self._found.read_back[report.method] += 1
        self._workshop.progress.finished(join(self._folder, file.path), "verified")

    def _take_bad(self, transfer: TransferId, kind: str, message: str) -> None:
        copy = join(self._folder, self._under_way.pop(transfer).path)
        self._found.files += 1
        lists = {"changed": self._found.changed, "missing": self._found.missing}
        lists.get(kind, self._found.unreadable).append(Problem(copy, message))
        self._workshop.progress.finished(copy, "failed", message)


def _kind(report: Failed) -> str:
    return report.error if report.error == "missing" else "changed" if report.differs else "unreadable"
