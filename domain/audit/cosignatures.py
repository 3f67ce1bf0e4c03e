"""Whether the cosignatures of witnesses hold: those that entries record, and those on notes.

Knows C2SP tlog-cosignature. A witness is never trusted because the ledger names it: an entry about one that
nobody trusts here is left open. Holds a few values for each checkpoint that a trusted witness signed, nothing
for an entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from custody.domain.audit.anchors import Anchor
from custody.domain.audit.findings import Findings
from custody.domain.audit.record import OpenedRecord
from custody.domain.audit.signatures import VerifyMany
from custody.domain.errors import MalformedData
from custody.domain.events import CheckpointCosigned
from custody.domain.identifiers import LedgerId
from custody.domain.paths import escape_text
from custody.domain.proofs.checkpoint import (
    ORIGIN_PREFIX,
    Checkpoint,
    Note,
    VerifierKey,
    parse_signature_line,
)
from custody.domain.proofs.cosignature import (
    Cosignature,
    TrustedWitnesses,
    as_cosignature,
    moment,
    time_of,
    witness_vkey,
    witnessed_by,
)

_SHOWN: Final = 200  # characters of a text that comes from the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodCosignature:
    """What a trusted witness signed of this ledger: the checkpoint of ``size`` entries.

    ``witness`` is its verifier key, ``time`` in seconds since 1970 UTC by its own clock.
    """

    witness: str
    name: str
    size: int
    time: int

    def anchor(self) -> Anchor:
        """Return it as what vouches for the ledger."""
        return Anchor(kind="cosignature", by=self.witness, size=self.size, at=time_of(self.time))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A trusted witness's line on a note, until the roots are known."""

    where: str
    origin: str
    key: VerifierKey
    time: int


class CosignatureCheck:
    """Takes the notes, then the entries in order; judges the notes when the roots are known."""

    def __init__(
        self,
        findings: Findings,
        witnesses: TrustedWitnesses,
        verify_many: VerifyMany,
        notes: Mapping[str, Checkpoint],
    ) -> None:
        """Take the witnesses that count, and the checkpoints kept, by the SHA-256 of their notes."""
        self._findings = findings
        self._witnesses = witnesses
        self._verify_many = verify_many
        self._notes = notes
        self._seen: dict[tuple[int, bytes, str], _Seen] = {}  # by size, root, verifier key
        self._good: dict[str, GoodCosignature] = {}  # by verifier key, the largest and latest

    @property
    def sizes(self) -> frozenset[int]:
        """The sizes whose roots are wanted from the replay."""
        return frozenset(size for size, _, _ in self._seen)

    @property
    def good(self) -> tuple[GoodCosignature, ...]:
        """Of each trusted witness the largest checkpoint of this ledger; complete after ``conclude``."""
        return tuple(self._good.values())

    def admit_note(self, where: str, note: Note, checkpoint: Checkpoint) -> None:
        """Take a note, whoever signed it: a trusted witness's line on it is worth something by itself."""
        found = witnessed_by(note, self._witnesses, self._verify)
        for key in found.forged:
            self._forged(None, f"on the {where}", key.name)
        for key, _, cosignature in found.good:
            place = (checkpoint.size, checkpoint.root, witness_vkey(key.name, key.public_raw))
            self._seen.setdefault(place, _Seen(where, checkpoint.origin, key, cosignature.time))

    def admit(self, opened: OpenedRecord, roots: Mapping[int, bytes]) -> None:
        """Take the next record; ``roots`` are those of the entries before it at the sizes that are known."""
        event, slot = opened.event, opened.slot
        if not isinstance(event, CheckpointCosigned):
            return
        # 1. It must say what its own line says.
        cosignature = _line_of(event)
        if cosignature is None:
            message = "the entry says otherwise than its cosignature, or that is none"
            self._findings.note_anchor("cosignature-malformed", slot, message)
            return
        # 2. It must be of a checkpoint that is kept, made before it.
        checkpoint = self._checkpoint(opened, event)
        if checkpoint is None:
            return
        # 3. A trusted witness must have made it, over that checkpoint.
        key = self._witnesses.get((cosignature.name, cosignature.key_hash))
        if key is None:
            self._findings.leave_open(
                "anchors", f"cosignatures of a witness that is not trusted here: {_shown(event.witness)}"
            )
        elif not cosignature.verified_by(key, checkpoint.text(), self._verify):
            self._forged(slot, "in the entry", key.name)
        elif roots.get(checkpoint.size) == checkpoint.root:  # else there is a finding about the checkpoint
            self._hold(key, checkpoint.size, cosignature.time)

    def conclude(self, ledger: LedgerId | None, roots: Mapping[int, bytes], size: int) -> None:
        """Judge the notes that trusted witnesses signed; ``size`` is the number of entries there are."""
        for (covered, root, _), seen in sorted(self._seen.items(), key=lambda item: item[0]):
            if ledger is not None and seen.origin != f"{ORIGIN_PREFIX}{ledger}":
                continue  # it says nothing of this ledger
            if roots.get(covered) == root:
                self._hold(seen.key, covered, seen.time)
                continue
            have = _made(roots.get(covered), covered, size)
            message = (
                f"witness {_shown(seen.key.name)} cosigned {covered} entries with the root {root.hex()} "
                f"on the {seen.where}; the entries {have}"
            )
            self._findings.note_anchor("cosigned-otherwise", None, message)

    def notes(self) -> tuple[str, ...]:
        """Return what trusted witnesses vouch for; call it after ``conclude``."""
        return tuple(
            f"witness {_shown(one.name)} cosigned the first {one.size} entries at {moment(one.time)}, "
            "by its own clock"
            for one in self._good.values()
        )

    def _checkpoint(self, opened: OpenedRecord, event: CheckpointCosigned) -> Checkpoint | None:
        slot, origin = opened.slot, f"{ORIGIN_PREFIX}{opened.entry.ledger}"
        checkpoint = self._notes.get(event.note_sha256)
        if checkpoint is None:
            message = "no checkpoint is kept whose note is the one that was cosigned, by its SHA-256"
            self._findings.note_anchor("cosignature-without-checkpoint", slot, message)
            return None
        said = (origin, event.size, event.root)
        if said != (checkpoint.origin, checkpoint.size, checkpoint.root.hex()):
            message = "the note that the entry cites is of another ledger, size or root than the entry says"
            self._findings.note_anchor("cosignature-of-another-checkpoint", slot, message)
            return None
        if event.size > slot:
            message = f"an entry cannot record the cosignature of {event.size} entries, of which it is one"
            self._findings.note_anchor("cosignature-too-early", slot, message)
            return None
        return checkpoint

    def _hold(self, key: VerifierKey, size: int, time: int) -> None:
        self._findings.carry_out("anchors")
        vkey = witness_vkey(key.name, key.public_raw)
        known = self._good.get(vkey)
        if known is None or (known.size, known.time) < (size, time):
            self._good[vkey] = GoodCosignature(witness=vkey, name=key.name, size=size, time=time)

    def _forged(self, slot: int | None, where: str, name: str) -> None:
        message = f"the cosignature {where} is not one that witness {_shown(name)} made of this checkpoint"
        self._findings.note_anchor("cosignature-forged", slot, message)

    def _verify(self, public_raw: bytes, signature: bytes, message: bytes) -> bool:
        return self._verify_many([(public_raw, signature, message)])()[0]


def _line_of(event: CheckpointCosigned) -> Cosignature | None:
    """Return the cosignature in an entry if it is the one that the entry's fields speak of."""
    try:
        cosignature = as_cosignature(parse_signature_line(event.cosignature))
    except MalformedData:
        return None
    said = (event.witness, event.key_hash, event.time)
    return cosignature if said == (cosignature.name, cosignature.key_hash.hex(), cosignature.time) else None


def _made(root: bytes | None, covered: int, size: int) -> str:
    """Return what the entries make of a size that a witness signed with another root."""
    if root is not None:
        return f"make {root.hex()}"
    return f"are only {size}" if covered > size else "do not stand in order up to there"


def _shown(text: str) -> str:
    return escape_text(text)[:_SHOWN]
