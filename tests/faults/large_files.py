"""Forcing the way of large files on the small ones of the fault loops, with several flushes and marks."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from custody.domain.copying.orders import CopyItem, Mark
from custody.domain.copying.reports import Marked, Report
from custody.infrastructure.files.arena import LargeFiles
from tests.faults.evidence import ALGORITHMS, FILES, item_for

TINY = LargeFiles(
    threshold=0, block=8192, copy_blocks=3, read_back_blocks=2, flush_every=32_768, mark_every=65_536
)
CAMERA = b"case/clips/cam01.mov"


def mark_of(content: bytes, size: int) -> Mark:
    return Mark(size, {name: hashlib.new(name, content[:size]).hexdigest() for name in ALGORITHMS})


def false_marks(items: Iterable[CopyItem], reports: Iterable[Report]) -> list[Marked]:
    contents = {item.transfer: FILES[item.path] for item in items}
    return [
        report
        for report in reports
        if isinstance(report, Marked)
        and report.digests != mark_of(contents[report.transfer], report.size).digests
    ]


def interrupted(source: Path, destination: Path, size: int = 65_536, **changes: object) -> CopyItem:
    """An item whose copy was interrupted some way behind its mark."""
    item = item_for(source, destination, CAMERA)
    content = FILES[CAMERA]
    with open(temporary_of(item), "wb") as opened:
        opened.write(content[:size] + b"not known to be durable")
    return replace(item, resume_at=mark_of(content, size), **changes)  # type: ignore[arg-type]


def temporary_of(item: CopyItem) -> str:
    return os.path.join(os.fsdecode(item.destination), "case", "clips", os.fsdecode(item.temporary))
