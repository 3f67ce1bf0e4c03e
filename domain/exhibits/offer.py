"""An offer of custody: the signed entry that makes it, and the file that carries it to the receiver.

The file is the proof document of the exhibit's entries (one line, see ``proof``), the offer last, followed by
the manifest's lines: ``head -n 1`` is what 'custody check-proof' judges, the rest has the SHA-256 that the
offer's entry names. Believes nothing: signatures are verified elsewhere.
"""

from dataclasses import dataclass
from typing import Final, Self

from custody.domain.entries.dsse import Envelope, open_envelope
from custody.domain.entries.entry import parse
from custody.domain.errors import MalformedData
from custody.domain.events import CustodyOffered
from custody.domain.exhibits.manifest import MAX_MANIFEST_BYTES
from custody.domain.identifiers import KeyId, LedgerId, Position
from custody.domain.proofs.merkle import leaf_hash
from custody.domain.proofs.proof import MAX_PROOF_BYTES

MAX_OFFER_BYTES: Final = MAX_PROOF_BYTES + MAX_MANIFEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer as its entry makes it; ``leaf`` is the entry's leaf hash in hex, by which it is answered."""

    leaf: str
    ledger: LedgerId
    position: Position
    at: str
    giver: KeyId
    event: CustodyOffered
    envelope: Envelope


def offer_of(entry: bytes) -> Offer:
    """Return the offer that an entry makes. Raises MalformedData for any other entry."""
    envelope = open_envelope(entry)
    body = parse(envelope.body)
    event = body.event()
    if not isinstance(event, CustodyOffered) or envelope.key_id != body.actor:
        message = f"the entry of position {body.position} is no offer of custody by who signed it"
        raise MalformedData(message)
    return Offer(
        leaf=leaf_hash(entry).hex(), ledger=body.ledger, position=body.position, at=body.at, giver=body.actor,
        event=event, envelope=envelope,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfferFile:
    """The two parts of the file."""

    proof: bytes
    manifest: bytes

    def to_bytes(self) -> bytes:
        """Return the file."""
        return self.proof + self.manifest

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Divide a file. Raises MalformedData when it has no two parts or is too long."""
        proof, newline, manifest = data.partition(b"\n")
        if len(data) > MAX_OFFER_BYTES or not newline or not manifest:
            message = "the file is not a line with a proof and the lines of a manifest"
            raise MalformedData(message, hint="give a file that 'custody transfer offer' wrote")
        return cls(proof + newline, manifest)
