"""The benchmark's evidence: which files of which sizes, and making them on the disk.

Sizes and bytes follow from a fixed seed, so every machine copies the same evidence. Knows nothing of who
copies it.
"""

import math
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB
SEED: Final = 20_260_301
PIECE_BYTES: Final = 4 * MIB
SINGLE_FILE_BYTES: Final = 8 * GIB
SMALL_FILES: Final = 20_000
MIXED_FILES: Final = 2_000
GROWTH_FILES: Final = (2_000, 20_000, 200_000)
MIXED_SPREAD: Final = 2.0
# The mean of a log-normal is its median times exp(spread²/2): this median makes 2,000 files about 6 GiB.
MIXED_MEDIAN_BYTES: Final = 6 * GIB / MIXED_FILES / math.exp(MIXED_SPREAD**2 / 2)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One kind of evidence at one size; ``name`` also names its folder."""

    kind: str
    name: str
    title: str
    files: tuple[PlannedFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


def single_file(scale: float) -> Workload:
    size = max(MIB, int(SINGLE_FILE_BYTES * scale))
    return Workload(
        kind="A",
        name=f"A-{size}",
        title="one incompressible file",
        files=(PlannedFile("disk.img", size),),
    )


def small_files(scale: float) -> Workload:
    count = max(1, round(SMALL_FILES * scale))
    return Workload(kind="B", name=f"B-{count}", title="files of 4 to 16 KiB, nested", files=_nested(count))


def mixed_files(scale: float) -> Workload:
    """Return log-normal sizes taken at even quantiles, so that a tenth of the files has the same shape."""
    count = max(2, round(MIXED_FILES * scale))
    normal = NormalDist()
    sizes = [
        _clamped(MIXED_MEDIAN_BYTES * math.exp(MIXED_SPREAD * normal.inv_cdf((number + 0.5) / count)))
        for number in range(count)
    ]
    random.Random(SEED).shuffle(sizes)
    files = tuple(
        PlannedFile(f"{number // 100:03d}/{number:05d}.bin", size) for number, size in enumerate(sizes)
    )
    return Workload(
        kind="C", name=f"C-{count}", title="files of log-normal sizes, 1 KiB to 500 MiB", files=files
    )


def growing(scale: float) -> list[Workload]:
    counts = [max(1, round(count * scale)) for count in GROWTH_FILES]
    return [
        Workload(kind="growth", name=f"B-{count}", title="files of 4 to 16 KiB, nested", files=_nested(count))
        for count in counts
    ]


def make(workload: Workload, folder: Path) -> Path:
    """Return the folder with the evidence; made once, then found again by its name."""
    made = folder / workload.name
    if made.is_dir():
        return made
    unfinished = folder / f"{workload.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    for number, file in enumerate(workload.files):
        target = unfinished / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as output:
            output.writelines(contents(number, file.size_bytes))
    os.sync()
    unfinished.rename(made)
    return made


def contents(number: int, size_bytes: int) -> Iterator[bytes]:
    """Yield the bytes of the file with this number; no two files share them."""
    source = random.Random(SEED + number)
    for offset in range(0, size_bytes, PIECE_BYTES):
        yield source.randbytes(min(PIECE_BYTES, size_bytes - offset))


def _nested(count: int) -> tuple[PlannedFile, ...]:
    sizes = random.Random(SEED)
    return tuple(
        PlannedFile(
            f"{number // 2_000:03d}/{number // 100 % 20:02d}/{number:06d}.bin",
            sizes.randint(4 * KIB, 16 * KIB),
        )
        for number in range(count)
    )


def _clamped(size: float) -> int:
    return int(min(max(size, KIB), 500 * MIB))


MAKERS: Final[dict[str, Callable[[float], list[Workload]]]] = {
    "A": lambda scale: [single_file(scale)],
    "B": lambda scale: [small_files(scale)],
    "C": lambda scale: [mixed_files(scale)],
    "growth": growing,
}
