"""Events of anchors: what others have vouched for of this ledger's checkpoints."""

from dataclasses import dataclass
from typing import ClassVar

from custody.domain.events.schema import Event
from custody.domain.identifiers import StreamKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointStamped(Event):
    """A time stamping authority (RFC 3161) has seen the exact note of a checkpoint by this time.

    ``size`` is the checkpoint's, which never covers this entry. ``token`` is base64 of the token;
    certificates and CRLs are documents, cited by their SHA-256.
    """

    stream_kind: ClassVar[StreamKind] = "checkpoint"
    size: int
    note_sha256: str
    generated_at: str  # the token's genTime, RFC 3339 UTC
    accuracy_microseconds: int | None = None
    authority: str
    serial: str
    policy: str
    token: str
    certificates: tuple[str, ...] = ()
    revocation_lists: tuple[str, ...] = ()
