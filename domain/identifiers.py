"""Names of things: ledgers, streams, batches, jobs, file transfers, keys, positions.

Knows how each id is derived, so that the same instruction always means the same batch, job and transfer.
Makes no random id: a ledger's id is given from outside.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NewType, get_args
from uuid import UUID, uuid5

from custody.domain.errors import MalformedData

LedgerId = NewType("LedgerId", UUID)
BatchId = NewType("BatchId", str)  # hex SHA-256 of the canonical plan
JobId = NewType("JobId", UUID)
TransferId = NewType("TransferId", UUID)
KeyId = NewType("KeyId", str)  # hex SHA-256 of the SubjectPublicKeyInfo DER
Position = NewType("Position", int)  # place of an entry in the ledger, from 0

StreamKind = Literal[
    "ledger", "session", "key", "case", "exhibit", "batch", "job", "file", "report", "checkpoint"
]
STREAM_KINDS: Final = frozenset(get_args(StreamKind))

FIRST_REVISION: Final = 1


@dataclass(frozen=True, slots=True)
class Stream:
    """One thing's own history within the ledger."""

    kind: StreamKind
    id: UUID

    def __str__(self) -> str:
        """Return the form kept in an entry: ``kind/uuid``."""
        return f"{self.kind}/{self.id}"


@lru_cache(maxsize=4096)  # the entries of one window of files go by several times
def parse_stream(text: str) -> Stream:
    """Read ``kind/uuid``; raises MalformedData on anything else, other spellings of the UUID included."""
    kind, _, identifier = text.partition("/")
    try:
        uuid = UUID(identifier)
    except ValueError as error:
        message = f"not a stream: {text!r}"
        raise MalformedData(message) from error
    if kind not in STREAM_KINDS or str(uuid) != identifier:
        message = f"not a stream: {text!r}"
        raise MalformedData(message)
    return Stream(kind, uuid)  # type: ignore[arg-type]  # membership was tested just above


def ledger_stream(ledger: LedgerId) -> Stream:
    """Return the stream of a ledger itself: its opening, and what its keeper cosigned for others."""
    return Stream("ledger", ledger)


def job_id(ledger: LedgerId, batch: BatchId, index: int) -> JobId:
    """Derive the id of the job at ``index`` (from 0) of a batch (UUID version 5, RFC 9562 section 5.5)."""
    return JobId(uuid5(ledger, f"{batch}/{index}"))


def transfer_id(job: JobId, path: bytes) -> TransferId:
    """Derive the id of one file's way through a job from its raw path below the destination.

    The first 16 bytes of SHA-256(job id || path): ``uuid5`` cannot take names that are not UTF-8.
    """
    return TransferId(UUID(bytes=hashlib.sha256(job.bytes + path).digest()[:16]))


def extra_id(job: JobId, path: bytes) -> TransferId:
    """Derive the id of something found below a job's destination that no job put there.

    No path holds a NUL, so that no file's stream can ever be this one.
    """
    return transfer_id(job, b"\0extra/" + path)


def batch_stream(ledger: LedgerId, batch: BatchId) -> Stream:
    """Return the stream of a batch."""
    return Stream("batch", uuid5(ledger, f"batch/{batch}"))


def case_stream(ledger: LedgerId, case_number: str) -> Stream:
    """Return the stream of a case."""
    return Stream("case", uuid5(ledger, f"case/{case_number}"))


def exhibit_stream(ledger: LedgerId, case_number: str, exhibit: str) -> Stream:
    """Return the stream of an exhibit, whose number is unique within its case."""
    return Stream("exhibit", uuid5(ledger, f"exhibit/{len(case_number)}/{case_number}/{exhibit}"))


def checkpoint_stream(ledger: LedgerId, size: int) -> Stream:
    """Return the stream of what others vouched for of the checkpoint of a size."""
    return Stream("checkpoint", uuid5(ledger, f"checkpoint/{size}"))


def key_stream(ledger: LedgerId, key: KeyId) -> Stream:
    """Return the stream of a signing key."""
    return Stream("key", uuid5(ledger, f"key/{key}"))


def delegation_stream(ledger: LedgerId, session_key: KeyId) -> Stream:
    """Return the stream of the session that a session key was made for: whoever meets the key finds it."""
    return Stream("session", uuid5(ledger, f"session/{session_key}"))
