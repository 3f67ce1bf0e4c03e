"""The guard against copies that would come to lie in their own source, reached under another name.

Knows that the walk over a source meets a bind mount as the folder that it shows, with the same device and
inode. Does not know of file systems that show another one's folders under numbers of their own.
"""

from collections.abc import Iterable

from custody.domain.copying.reports import ListedEntry
from custody.domain.errors import Refused
from custody.domain.paths import RawPath, printable
from custody.domain.ports import Destination


class WithinSource(Refused):
    """The walk met the destination, or a folder that holds it, in the source."""

    def __init__(self, destination: RawPath, met: RawPath) -> None:
        """Name the destination, and where it was met below the parent of the source."""
        super().__init__(
            f"the destination {printable(destination)} lies inside the source, at {printable(met)}",
            done="nothing more was written",
            hint="choose a destination outside the source",
        )


def require_apart(entries: Iterable[ListedEntry], destination: Destination, path: RawPath) -> None:
    """Refuse entries of a source among which is a folder that holds the destination at ``path``.

    To be asked before anything is made of them. Raises WithinSource, DestinationFailed.
    """
    lineage = destination.lineage
    for entry in entries:
        if entry.kind == "directory" and (entry.device, entry.inode) in lineage:
            raise WithinSource(path, entry.path)
