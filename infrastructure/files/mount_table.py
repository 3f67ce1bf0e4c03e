"""Which folders of which file systems the mounts of this machine show, as proc_pid_mountinfo(5) tells.

Knows that a bind mount shows a folder of a file system under a second name. Does not know mounts that hide
one another, nor file systems that show another one's folders under a device number of their own.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from custody.domain.paths import RawPath, is_within

MOUNTS: Final = Path("/proc/self/mountinfo")
_ESCAPED: Final = re.compile(rb"\\([0-7]{3})")
_FIELDS: Final = 5  # mount id, parent id, device, root, mount point


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder by its place within its file system, whatever the name that it was reached under."""

    device: bytes
    path: RawPath

    def lies_in(self, other: "Tree") -> bool:
        """Tell whether it is the other one or a folder in it."""
        return self.device == other.device and is_within(self.path, other.path)


@dataclass(frozen=True, slots=True)
class _Mount:
    shown: Tree
    point: RawPath


def read_mounts() -> bytes:
    """Return the table of mounts as the kernel writes it; empty where it tells nothing."""
    try:
        return MOUNTS.read_bytes()
    except OSError:
        return b""


class MountTable:
    """The mounts at one moment."""

    def __init__(self, read: Callable[[], bytes] = read_mounts) -> None:
        """Read the table."""
        self._mounts = list(_parsed(read()))

    def trees(self, path: bytes) -> Iterator[Tree]:
        """Yield what an absolute path without links shows: its own folder, and each one mounted below it."""
        above = [mount for mount in self._mounts if is_within(RawPath(path), mount.point)]
        if above:
            last = max(range(len(above)), key=lambda number: (len(above[number].point), number))
            yield _shown_at(above[last], path)
        for mount in self._mounts:
            if mount.point != path and is_within(mount.point, RawPath(path)):
                yield mount.shown


def _shown_at(mount: _Mount, path: bytes) -> Tree:
    below = path[len(mount.point.rstrip(b"/")) :].strip(b"/")
    root = mount.shown.path.rstrip(b"/")
    return Tree(mount.shown.device, RawPath(root + b"/" + below if below else root or b"/"))


def _parsed(table: bytes) -> Iterator[_Mount]:
    for line in table.splitlines():
        fields = line.split(b" ", _FIELDS)
        if len(fields) > _FIELDS:
            _, _, device, root, point, _ = fields
            yield _Mount(Tree(device, _unescaped(root)), _unescaped(point))


def _unescaped(field: bytes) -> RawPath:
    return RawPath(_ESCAPED.sub(lambda found: bytes((int(found[1], 8),)), field))
