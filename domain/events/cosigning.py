"""Events of witnesses: a cosignature received for this ledger, and one given for another.

What a cosignature is, ``domain.proofs.cosignature`` says.
"""

from dataclasses import dataclass
from typing import ClassVar

from custody.domain.events.schema import Event
from custody.domain.identifiers import StreamKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointCosigned(Event):
    """A witness signed this ledger's checkpoint of ``size`` entries; always at that position or later."""

    stream_kind: ClassVar[StreamKind] = "checkpoint"
    size: int
    root: str  # hex
    note_sha256: str  # of the note exactly as this ledger signed it
    witness: str  # name in the verifier key
    key_hash: str  # 8 hex digits, C2SP signed-note
    time: int  # seconds since 1970 UTC, by the witness's clock
    cosignature: str  # the line of the note, without its newline


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignatureGiven(Event):
    """This ledger's keeper, as a witness, signed another ledger's checkpoint; recorded before it went out."""

    stream_kind: ClassVar[StreamKind] = "ledger"
    origin: str  # of the other ledger
    size: int
    root: str  # hex
    note: str  # the checkpoint with the other ledger's own signature: evidence, should it ever fork
    time: int  # seconds since 1970 UTC
    cosignature: str  # the line that was given
