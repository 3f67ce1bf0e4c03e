"""A small source tree, the requests to copy it, and what must hold of the copy afterwards."""

import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid5

from custody.domain.copying.orders import CopyItem, Operation
from custody.domain.copying.reports import Failed, ReadBack, Report, Stage
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath

NAMESPACE = UUID("c8d0f3b0-6a55-4c39-8a0e-6d4b1f9b4c11")
FILES = {
    b"case/empty": b"",
    b"case/\xff odd\n name": random.Random(1).randbytes(5_000),
    b"case/clips/cam01.mov": random.Random(2).randbytes(200_000),
}
ALGORITHMS = ("md5", "sha256")


def make_source(folder: Path) -> Path:
    for path, content in FILES.items():
        file = os.path.join(os.fsencode(folder), path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as opened:
            opened.write(content)
        os.utime(file, ns=(1_600_000_000_123_456_789, 1_500_000_000_987_654_321))
        os.chmod(file, 0o640)
    return folder


def make_destination(folder: Path) -> Path:
    (folder / "case" / "clips").mkdir(parents=True)
    return folder


def item_for(source: Path, destination: Path, path: bytes, **changes: object) -> CopyItem:
    status = os.lstat(os.path.join(os.fsencode(source), path))
    transfer = TransferId(uuid5(NAMESPACE, path.hex()))
    item = CopyItem(
        transfer=transfer,
        operation=Operation.COPY,
        source_root=RawPath(os.fsencode(source)),
        destination=RawPath(os.fsencode(destination)),
        path=RawPath(path),
        temporary=b".custody-" + transfer.hex[:8].encode() + b".1.part",
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        mode=status.st_mode & 0o7777,
        device=status.st_dev,
        inode=status.st_ino,
        algorithms=ALGORITHMS,
    )
    return replace(item, **changes)  # type: ignore[arg-type]


def items_for(source: Path, destination: Path, **changes: object) -> tuple[CopyItem, ...]:
    return tuple(item_for(source, destination, path, **changes) for path in sorted(FILES))


def state_of(folder: Path) -> dict[bytes, tuple[bytes, int, int]]:
    """Content, modification time and mode of every file."""
    found = {}
    for where, _, names in os.walk(os.fsencode(folder)):
        for name in names:
            file = os.path.join(where, name)
            status = os.lstat(file)
            with open(file, "rb") as opened:
                content = opened.read()
            path = os.path.relpath(file, os.fsencode(folder))
            found[path] = (content, status.st_mtime_ns, status.st_mode & 0o7777)
    return found


def contents(folder: Path) -> dict[bytes, bytes]:
    return {path: content for path, (content, _, _) in state_of(folder).items()}


def outcomes(reports: Iterable[Report]) -> dict[TransferId, list[ReadBack | Failed]]:
    found: dict[TransferId, list[ReadBack | Failed]] = {}
    for report in reports:
        if isinstance(report, ReadBack | Failed):
            found.setdefault(report.transfer, []).append(report)
    return found


def _unseen(failure: Failed) -> bool:
    """A published copy that could not be looked at: left where it is, unproved, for another attempt."""
    return failure.stage is Stage.READ_BACK and failure.transient and not failure.differs


def dishonesties(
    items: Sequence[CopyItem], reports: Sequence[Report], destination: Path, *, torn_down: bool = True
) -> list[str]:
    """Everything that was said and is not so, or stands where it should not."""
    found = []
    ended = outcomes(reports)
    there = contents(destination)
    for item in items:
        ends = ended.get(item.transfer, [])
        if len(ends) != 1:
            found.append(f"{item.path!r}: {len(ends)} outcomes")
            continue
        same = there.get(item.path) == FILES[item.path]
        if isinstance(ends[0], ReadBack) and not same:
            found.append(f"{item.path!r}: a false good")
        if isinstance(ends[0], Failed) and item.path in there and torn_down and not _unseen(ends[0]):
            found.append(f"{item.path!r}: failed, yet something stands under its name: {ends[0]}")
        if item.path in there and not same:
            found.append(f"{item.path!r}: something foreign stands under its name")
    return found
