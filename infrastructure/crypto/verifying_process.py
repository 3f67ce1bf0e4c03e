"""The process that verifies signatures beside another one: batches in on stdin, answers out on stdout.

Knows how a batch is packed. Ends when nothing more can come. Started as ``python -m``.
"""

import os
import struct
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, TypeAlias

from custody.infrastructure.crypto.ed25519 import verify

Triple: TypeAlias = tuple[bytes, bytes, bytes]
"""Public key, signature, message."""

GOOD: Final = 1
BAD: Final = 0

_BATCH: Final = struct.Struct("<II")  # number of triples, bytes that follow
_LENGTHS: Final = struct.Struct("<III")


def packed(triples: Sequence[Triple]) -> bytes:
    """Return the bytes that carry a batch: the answer to it is one byte for each triple, in order."""
    parts: list[bytes] = []
    for key, signature, message in triples:
        parts += (_LENGTHS.pack(len(key), len(signature), len(message)), key, signature, message)
    body = b"".join(parts)
    return _BATCH.pack(len(triples), len(body)) + body


def unpacked(number: int, body: bytes) -> Iterator[Triple]:
    """Yield the triples of a batch."""
    at = 0
    for _ in range(number):
        key, signature, message = _LENGTHS.unpack_from(body, at)
        first = at + _LENGTHS.size
        second, third = first + key, first + key + signature
        at = third + message
        yield body[first:second], body[second:third], body[third:at]


def serve(batches: BinaryIO, answers: int) -> None:
    """Verify batches until there are no more; ``answers`` is a descriptor."""
    while len(head := batches.read(_BATCH.size)) == _BATCH.size:
        number, length = _BATCH.unpack(head)
        triples = unpacked(number, batches.read(length))
        left = memoryview(bytes(GOOD if verify(*triple) else BAD for triple in triples))
        while left:
            left = left[os.write(answers, left) :]


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.fileno())
