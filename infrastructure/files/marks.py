"""When a mark of progress is due: a prefix of which all digests are known and which is durable.

Knows that only a longer prefix than the last one is worth a report. Flushes and hashes nothing.
"""

from collections.abc import Iterator

from custody.domain.copying.orders import CopyItem
from custody.domain.copying.reports import Marked
from custody.infrastructure.files.crew import Durable, Prefix


class Marks:
    """The marks of one file, made of what its threads say in any order."""

    def __init__(self, item: CopyItem) -> None:
        self._item = item
        self._durable = 0
        self._prefixes: dict[int, dict[str, str]] = {}

    def after(self, message: Durable | Prefix) -> Iterator[Marked]:
        """Take in what was said and yield what is true now, the shortest prefix first."""
        match message:
            case Durable(size):
                self._durable = size
            case Prefix(size, algorithm, digest):
                self._prefixes.setdefault(size, {})[algorithm] = digest
        for size in sorted(self._prefixes):
            if size <= self._durable and len(self._prefixes[size]) == len(self._item.algorithms):
                yield Marked(transfer=self._item.transfer, size=size, digests=self._prefixes.pop(size))
