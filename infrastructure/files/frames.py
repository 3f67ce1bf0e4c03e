"""Messages over a pipe: how requests and reports travel between two processes of ours that trust each other.

Knows a length before each message and nothing of what it means. Never used for data from outside.
"""

import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_LENGTH: Final = struct.Struct(">I")
READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Crashed:
    """The last words of a process that met an error it does not know."""

    traceback: str


def frame(message: object) -> bytes:
    """Return the bytes that carry a message."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Puts messages together from the pieces that a pipe hands out."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[object]:
        """Take in bytes; returns the messages that are complete by now."""
        self._received += data
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            end = _LENGTH.size + length
            if len(self._received) < end:
                return
            body = bytes(self._received[_LENGTH.size : end])
            del self._received[:end]
            yield pickle.loads(body)  # noqa: S301 - written by our own parent or child process
