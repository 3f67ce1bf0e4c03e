"""What a ledger's keeper gives a witness: a new checkpoint, and the proof that the ledger only grew.

Knows the one text form of it, the body of C2SP tlog-witness ``add-checkpoint``. Believes nothing in it; see
``use_cases.cosign_checkpoint``.
"""

import base64
import re
from dataclasses import dataclass
from typing import Final, Self

from custody.domain.errors import MalformedData
from custody.domain.proofs.checkpoint import Checkpoint, Note, parse_note

MAX_PROOF_LINES: Final = 63
"""As many as tlog-witness allows: a tree whose size is a 63-bit number needs no more."""

# 44 characters are the base64 of a hash of 32 bytes.
_HEAD: Final = re.compile(
    rb"old (?P<old>0|[1-9][0-9]{0,18})\n(?P<proof>(?:[A-Za-z0-9+/]{43}=\n){0,%d})\n" % MAX_PROOF_LINES
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignRequest:
    """The signed note of a checkpoint, and the consistency proof from the tree of ``old_size`` entries."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    def to_bytes(self) -> bytes:
        """Return the text: old size, proof lines, an empty line, the note."""
        proof = b"".join(base64.b64encode(node) + b"\n" for node in self.proof)
        return b"old %d\n" % self.old_size + proof + b"\n" + self.note.to_bytes()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the text strictly. Raises MalformedData."""
        head = _HEAD.match(data)
        if head is None:
            message = "it does not begin with 'old SIZE', proof lines and an empty line"
            raise MalformedData(message)
        note = parse_note(data[head.end() :])
        return cls(
            old_size=int(head["old"]),
            proof=tuple(map(_hash, head["proof"].splitlines())),
            note=note,
            checkpoint=Checkpoint.parse(note.text),
        )


def _hash(line: bytes) -> bytes:
    node = base64.b64decode(line)
    if base64.b64encode(node) != line:
        message = "a line of the proof is not base64 in its canonical form"
        raise MalformedData(message)
    return node
