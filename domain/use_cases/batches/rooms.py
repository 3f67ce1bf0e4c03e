"""Whether the file systems of a plan have the room that its jobs need together, with a margin.

Knows what an entry takes besides its data. Adds up by device, since several destinations may share one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from custody.domain.paths import RawPath, printable
from custody.domain.ports import Inspector

ENTRY_OVERHEAD_BYTES: Final = 4096  # a block of data and its share of metadata
MARGIN_DIVISOR: Final = 100  # one percent more than the sizes, and the number of entries, say


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSurvey:
    """What one file system has to take, the margin included, and what it can; None where it does not say."""

    destination: RawPath  # the first of the plan that lies on it
    needed_bytes: int
    free_bytes: int
    needed_inodes: int
    free_inodes: int | None

    def problems(self) -> Iterator[str]:
        """Yield what speaks against beginning, in words for people."""
        where = printable(self.destination)
        if self.needed_bytes > self.free_bytes:
            yield f"not enough space at {where}: {self.needed_bytes:,} bytes needed, {self.free_bytes:,} free"
        if self.free_inodes is not None and self.needed_inodes > self.free_inodes:
            yield (
                f"not enough room for files at {where}: {self.needed_inodes:,} are needed, "
                f"{self.free_inodes:,} are free"
            )


@dataclass(slots=True)
class _Need:
    """What one file system will have to take."""

    bytes: int
    inodes: int
    destination: RawPath


class Rooms:
    """The needs of all jobs, by file system."""

    def __init__(self, inspector: Inspector) -> None:
        """Begin with no need."""
        self._inspector = inspector
        self._needs: dict[int, _Need] = {}

    def add(self, destination: RawPath, *, size: int, entries: int) -> None:
        """Count what one job will write: bytes of content; files, folders and links."""
        device, _ = self._inspector.room(destination)
        need = self._needs.setdefault(device, _Need(0, 0, destination))
        need.bytes += size + size // MARGIN_DIVISOR + entries * ENTRY_OVERHEAD_BYTES
        need.inodes += entries + entries // MARGIN_DIVISOR

    def surveys(self) -> tuple[RoomSurvey, ...]:
        """Return needs and room of each file system, as it is now."""
        return tuple(self._survey(need) for need in self._needs.values())

    def _survey(self, need: _Need) -> RoomSurvey:
        _, room = self._inspector.room(need.destination)
        return RoomSurvey(
            destination=need.destination,
            needed_bytes=need.bytes,
            free_bytes=room.free_bytes,
            needed_inodes=need.inodes,
            free_inodes=room.free_inodes,
        )
