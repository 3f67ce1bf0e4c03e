"""What went wrong with one file, in the stable words of ``Failed``, and whose disk it was.

Knows how an error number becomes a word and whether trying again may help. Does not know what the pipeline
does about it. As a rule for it: destination trouble with ENOSPC, EDQUOT, EROFS or ENODEV, or EIO on a
second file, halts the job; a collision, a failed read-back and everything on the source side fails one file
only.
"""

import errno
import os
from types import TracebackType
from typing import Final, TypedDict, Unpack

from custody.domain.copying.reports import Failed, Side, Stage
from custody.domain.digest import Digests
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath

WORDS: Final = {
    errno.EIO: "io-error",
    errno.ENXIO: "not-a-regular-file",  # what opening a socket says
    errno.ENODEV: "io-error",
    errno.ENOMEDIUM: "io-error",
    errno.EREMOTEIO: "io-error",
    errno.EUCLEAN: "io-error",  # the file system found itself damaged
    errno.EBADMSG: "io-error",  # a checksum of the file system does not match
    errno.ESTALE: "io-error",
    errno.ETIMEDOUT: "io-error",
    errno.ENOTCONN: "io-error",
    errno.EINTR: "io-error",
    errno.EAGAIN: "io-error",
    errno.EBUSY: "io-error",
    errno.EACCES: "permission-denied",
    errno.EPERM: "permission-denied",
    errno.ENOSPC: "no-space",
    errno.EDQUOT: "no-space",
    errno.EROFS: "read-only",
    errno.EEXIST: "collision",
    errno.ELOOP: "is-a-link",
    errno.ENOTDIR: "unsafe-path",  # a folder of the path is a link or no folder
    errno.ENAMETOOLONG: "name-too-long",
    errno.ENOMEM: "out-of-memory",
}
TRANSIENT: Final = frozenset(
    {
        *(errno.EIO, errno.EREMOTEIO, errno.ETIMEDOUT, errno.ESTALE, errno.ENOTCONN, errno.ENOMEDIUM),
        *(errno.EAGAIN, errno.EINTR, errno.EBUSY, errno.ETXTBSY, errno.ENOBUFS),
        *(errno.ENOMEM, errno.EMFILE, errno.ENFILE),
    }
)


def word_for(code: int | None, side: Side) -> str:
    """Return the stable word for an error number."""
    if code == errno.ENOENT:
        return "vanished" if side is Side.SOURCE else "missing"
    return WORDS.get(code or 0, "other")


class Details(TypedDict, total=False):
    """The optional fields of ``Failed``."""

    errno: int | None
    offset: int | None
    transient: bool
    differs: bool
    moved_to: RawPath | None
    found_size: int | None
    found_digests: Digests | None


class AttemptFailed(Exception):
    """One attempt at one file ended without success."""

    def __init__(
        self, stage: Stage, side: Side, error: str, message: str, **details: Unpack[Details]
    ) -> None:
        """Keep what the report will say."""
        super().__init__(message)
        self.stage = stage
        self.side = side
        self.error = error
        self.message = message
        self.details = details

    def report(self, transfer: TransferId) -> Failed:
        """Return the report for the file it happened to."""
        return Failed(
            transfer=transfer,
            stage=self.stage,
            side=self.side,
            error=self.error,
            message=self.message,
            **self.details,
        )


def failed_by(
    error: OSError | MemoryError, stage: Stage, side: Side, offset: int | None = None
) -> AttemptFailed:
    """Return the failure that an error of the operating system means; ``offset`` in bytes."""
    if isinstance(error, MemoryError):
        message = "not enough memory"
        return AttemptFailed(stage, side, "out-of-memory", message, transient=True, offset=offset)
    code = error.errno
    return AttemptFailed(
        stage,
        side,
        word_for(code, side),
        os.strerror(code) if code else str(error),
        errno=code,
        transient=code in TRANSIENT,
        offset=offset,
    )


class Blame:
    """Says whose disk failed and at what, for the errors of the narrow block it surrounds."""

    __slots__ = ("_side", "_stage")

    def __init__(self, stage: Stage, side: Side) -> None:
        self._stage = stage
        self._side = side

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Turn an error of the operating system into the failure of the attempt."""
        if isinstance(error, OSError | MemoryError):
            raise failed_by(error, self._stage, self._side) from error


OPENING_SOURCE: Final = Blame(Stage.OPEN, Side.SOURCE)
READING_SOURCE: Final = Blame(Stage.READ, Side.SOURCE)
OPENING_DESTINATION: Final = Blame(Stage.OPEN, Side.DESTINATION)
WRITING: Final = Blame(Stage.WRITE, Side.DESTINATION)
SETTING_METADATA: Final = Blame(Stage.METADATA, Side.DESTINATION)
FLUSHING: Final = Blame(Stage.FLUSH, Side.DESTINATION)
READING_BACK: Final = Blame(Stage.READ_BACK, Side.DESTINATION)
