"""Which jobs a ledger has, and whose files its streams are.

Knows that a file's stream follows from its job and path, and where its copy stands. Judges nothing.
"""

import hashlib
from collections.abc import Collection

from custody.domain.identifiers import JobId
from custody.domain.paths import RawPath, join


class KnownJobs:
    """The jobs queued so far; there are few of them, however many files they have."""

    def __init__(self) -> None:
        """Begin with none."""
        self._destinations: dict[JobId, RawPath] = {}
        self._at: dict[bytes, list[JobId]] = {}  # destination without a slash at its end → jobs
        self._last: JobId | None = None  # files of one job stand together: asked first

    def add(self, job: JobId, destination: RawPath) -> None:
        """Take a job that was queued."""
        self._destinations[job] = destination
        self._at.setdefault(destination.rstrip(b"/"), []).append(job)

    def place(self, job: JobId, path: RawPath) -> RawPath | None:
        """Return the absolute path of a copy; None for a job that was never queued."""
        destination = self._destinations.get(job)
        return None if destination is None else join(destination, path)

    def owns(self, stream: bytes, path: RawPath) -> bool:
        """Tell whether a stream (16 bytes of its id) is that of this path in any job."""
        return self._owner(stream, path, self._destinations)

    def stands_at(self, stream: bytes, path: RawPath, copy: RawPath) -> bool:
        """Tell whether a stream is that of this path in a job whose copy of it is ``copy``."""
        if not copy.endswith(b"/" + path):
            return False
        return self._owner(stream, path, self._at.get(copy[: -len(path) - 1], ()))

    def _owner(self, stream: bytes, path: RawPath, jobs: Collection[JobId]) -> bool:
        if self._last is not None and self._last in jobs and is_stream_of(stream, self._last, path):
            return True
        for job in jobs:
            if is_stream_of(stream, job, path):
                self._last = job
                return True
        return False


def is_stream_of(stream: bytes, job: JobId, path: RawPath) -> bool:
    """Tell whether a stream is that of a job's path, as ``identifiers.transfer_id`` derives it."""
    return hashlib.sha256(job.bytes + path).digest()[:16] == stream
