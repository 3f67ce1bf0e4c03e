"""What the machine could do at best with workload A: the disk alone and the processor alone.

Disk time: so many bytes written with direct I/O and flushed, then read back with direct I/O, one request of
4 MiB at a time, as ``dd bs=4M oflag=direct conv=fsync`` and ``dd bs=4M iflag=direct`` would. Hash time:
SHA-256 over the bytes twice, source and read-back. The two passes over one file can run side by side, but
neither can be split, so the time is that of two passes divided by the cores, of which at most two help.
"""

import errno
import hashlib
import mmap
import os
import time
from pathlib import Path
from typing import Final

from tests.bench.results import Limits

BLOCK_BYTES: Final = 4 << 20
PASSES: Final = 2


def measure_limits(folder: Path, size_bytes: int, round_number: int, cores: int) -> Limits | None:
    """Return the limits for so many bytes; nothing where the disk takes no direct I/O."""
    target = folder / "limits.bin"
    blocks = max(1, size_bytes // BLOCK_BYTES)
    try:
        write_seconds, read_seconds = _disk_seconds(target, blocks)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return None
    finally:
        target.unlink(missing_ok=True)
    measured = blocks * BLOCK_BYTES
    share = size_bytes / measured
    return Limits(
        round=round_number,
        size_bytes=size_bytes,
        write_seconds=write_seconds * share,
        read_seconds=read_seconds * share,
        hash_seconds=_pass_seconds(blocks) * share * PASSES / min(cores, PASSES),
    )


def _disk_seconds(target: Path, blocks: int) -> tuple[float, float]:
    # An anonymous map is page-aligned, as direct I/O wants its buffers.
    with mmap.mmap(-1, BLOCK_BYTES) as block:
        block.write(os.urandom(BLOCK_BYTES))
        return _written(target, block, blocks), _read(target, block, blocks)


def _written(target: Path, block: mmap.mmap, blocks: int) -> float:
    began = time.perf_counter()
    file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_DIRECT, 0o600)
    try:
        for number in range(blocks):
            if os.pwrite(file, block, number * BLOCK_BYTES) != BLOCK_BYTES:
                raise OSError(errno.EIO, "short direct write", str(target))
        os.fsync(file)
    finally:
        os.close(file)
    return time.perf_counter() - began


def _read(target: Path, block: mmap.mmap, blocks: int) -> float:
    began = time.perf_counter()
    file = os.open(target, os.O_RDONLY | os.O_DIRECT)
    try:
        for number in range(blocks):
            if os.preadv(file, [block], number * BLOCK_BYTES) != BLOCK_BYTES:
                raise OSError(errno.EIO, "short direct read", str(target))
    finally:
        os.close(file)
    return time.perf_counter() - began


def _pass_seconds(blocks: int) -> float:
    block, digest = os.urandom(BLOCK_BYTES), hashlib.sha256()
    began = time.perf_counter()
    for _ in range(blocks):
        digest.update(block)
    digest.digest()
    return time.perf_counter() - began
