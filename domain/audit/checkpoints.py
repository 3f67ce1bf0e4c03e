"""Whether the ledger is the one that its checkpoints were signed over.

Knows C2SP checkpoints and the roots that a replay came to. Deliberately does not read entries. A cut above
every known checkpoint cannot be seen here or anywhere.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from custody.domain.audit.findings import Findings
from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.errors import MalformedData
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.paths import escape_text
from custody.domain.proofs.checkpoint import Checkpoint, Note, origin_of, parse_note
from custody.domain.proofs.merkle import Frontier

_NOT_SIGNED: Final = "the {} is not signed by a trusted key"
_TOO_MANY: Final = "checkpoints by keys that count only later are too many: not all were judged"
MAX_WAITING: Final = 10_000
"""Notes kept that no key of the beginning signed; a ledger of 100 million entries has as many in all."""

MAX_WAITING_BYTES: Final = 16 * 1024 * 1024
"""Of these notes together; one of ours has a few hundred bytes, a hostile one as many as a note may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawNote:
    """A checkpoint as found; any type, since anyone may have put it there.

    ``size`` is what its place (row, file name) says of it, ``frontier`` what a store keeps beside it; both
    None where the place says nothing. ``brought`` is one that the auditor brought along: nobody said that it
    belongs to this ledger.
    """

    where: str
    note: object
    size: object = None
    frontier: object = None
    brought: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNote:
    """A note that could be read as a checkpoint, whoever signed it."""

    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class SignedSize:
    """That a key signed a checkpoint of this size, and where it was found."""

    size: int
    where: str
    key: KeyId


class CheckpointCheck:
    """Takes the checkpoints before the entries, and judges them when the roots are known."""

    def __init__(self, findings: Findings, trusted: TrustedKeys, verify_many: VerifyMany) -> None:
        """Take the keys whose signatures count; with none of them nothing can be proved."""
        self._findings = findings
        self._trusted = trusted
        self._verify_many = verify_many
        self._known: dict[int, dict[tuple[str, bytes], str]] = {}  # size → (origin, root) → where
        self._brought: set[str] = set()  # where
        self.by_sha256: dict[str, Checkpoint] = {}  # of the exact note, in hexadecimal
        self._waiting: list[tuple[RawNote, Note, Checkpoint]] = []  # perhaps signed by a key enrolled later
        self._waiting_bytes = 0
        self.signed_sizes: list[SignedSize] = []

    @property
    def sizes(self) -> frozenset[int]:
        """The sizes whose roots are wanted from the replay."""
        return frozenset(self._known).union(checkpoint.size for _, _, checkpoint in self._waiting)

    @property
    def largest(self) -> int | None:
        """The largest size known; None without a checkpoint."""
        return max(self._known, default=None)

    def admit(self, raw: RawNote) -> ReadNote | None:
        """Read one checkpoint and verify its signature; a bad one is a finding and is not used."""
        if not isinstance(raw.note, bytes):
            self._refute("malformed-checkpoint", f"the {raw.where} holds no bytes of a note")
            return None
        try:
            note = parse_note(raw.note)
            checkpoint = Checkpoint.parse(note.text)
        except MalformedData as error:
            message = f"the {raw.where} cannot be read: {escape_text(error.what)[:300]}"
            self._refute("malformed-checkpoint", message)
            return None
        if raw.size is not None and (type(raw.size) is not int or raw.size != checkpoint.size):
            self._refute("checkpoint-size", f"the {raw.where} holds a checkpoint of size {checkpoint.size}")
        self.by_sha256[hashlib.sha256(raw.note).hexdigest()] = checkpoint
        if self._trusted and not self._is_signed(raw, note, checkpoint, self._trusted):
            self._wait(raw, note, checkpoint)
        else:
            self._take(raw, checkpoint)
        return ReadNote(note=note, checkpoint=checkpoint)

    def conclude(
        self, ledger: LedgerId | None, roots: Mapping[int, bytes], size: int, enrolled: TrustedKeys
    ) -> None:
        """Compare with the roots of the replay; ``size`` is the number of entries the ledger has.

        ``enrolled`` are the keys that came to count on the way through the ledger.
        """
        origin = None if ledger is None else origin_of(ledger)
        for raw, note, checkpoint in self._waiting:
            if self._is_signed(raw, note, checkpoint, enrolled):
                self._take(raw, checkpoint)
            elif raw.brought and origin not in {checkpoint.origin, None}:
                self._leave_open(raw.where, checkpoint.origin)
            else:
                self._refute("checkpoint-signature", _NOT_SIGNED.format(raw.where))
        if not self._trusted or not self._known:
            self._findings.leave_open("checkpoints")
        judged = {known: self._of_this_ledger(known, origin) for known in sorted(self._known)}
        self._known = {known: self._known[known] for known, wheres in judged.items() if wheres}
        beyond = [known for known, wheres in judged.items() if known > size and wheres]
        if beyond:
            message = f"the ledger was cut: it has {size} entries, but a checkpoint covers {max(beyond)}"
            self._findings.note("checkpoints", "cut", size, message)
        self._compare({known: found for known, found in judged.items() if known <= size}, roots)

    def tail_note(self, size: int) -> str:
        """Return what is worth knowing of the end of a ledger of this size; call it after ``conclude``."""
        if self.largest is None:
            return "there is no checkpoint: a cut of this ledger could not be seen"
        tail = size - self.largest
        return f"behind the last checkpoint, signed but not covered by it: {tail} entries" if tail > 0 else ""

    def _of_this_ledger(self, size: int, origin: str | None) -> dict[bytes, str]:
        """Return root → where of the checkpoints of one size that name this ledger (any, if it has no id)."""
        ours: dict[bytes, str] = {}
        for (named, root), where in self._known[size].items():
            if origin in {named, None}:
                ours[root] = where
            elif where in self._brought:
                self._leave_open(where, named)
            else:
                self._refute(
                    "checkpoint-origin", f"the {where} belongs to another ledger: {escape_text(named)}"
                )
        if len(ours) > 1:
            places = " and the ".join(ours.values())
            self._refute("checkpoint-fork", f"the {places} state different roots for size {size}")
        return ours

    def _compare(self, judged: Mapping[int, Mapping[bytes, str]], roots: Mapping[int, bytes]) -> None:
        """Report the smallest checkpoint that does not hold; all larger ones fail for the same reason."""
        bad = [size for size, ours in judged.items() if any(root != roots.get(size) for root in ours)]
        if not bad:
            return
        smallest, first = bad[0], self._findings.first_position
        good = max((size for size, ours in judged.items() if ours and size < smallest), default=0)
        where = next(iter(judged[smallest].values()))
        message = f"the entries are not those that the {where} was signed over"
        message += f"; up to size {good} they are" if good else ""
        message += f"; larger checkpoints that fail with it: {len(bad) - 1}" if len(bad) > 1 else ""
        known_cause = first is not None and first < smallest
        self._findings.note("checkpoints", "checkpoint-root", first if known_cause else None, message)

    def _check_frontier(self, raw: RawNote, checkpoint: Checkpoint) -> None:
        if raw.frontier is None:
            return
        try:
            frontier = Frontier.from_bytes(raw.frontier) if isinstance(raw.frontier, bytes) else None
        except MalformedData:
            frontier = None
        if frontier is None or (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
            message = f"the tree kept beside the {raw.where} is not the one that was signed"
            self._findings.note("tree", "checkpoint-frontier", None, message)

    def _leave_open(self, where: str, origin: str) -> None:
        """Say of a note that was brought along that it proves nothing about this ledger, in neither way."""
        message = (
            f"the {where} is of another ledger and says nothing of this one: {escape_text(origin)[:300]}"
        )
        self._findings.leave_open("checkpoints", message)

    def _wait(self, raw: RawNote, note: Note, checkpoint: Checkpoint) -> None:
        """Keep a note until the keys are known that the ledger enrols; only so many, lest memory grows."""
        self._waiting_bytes += len(note.to_bytes())
        if len(self._waiting) < MAX_WAITING and self._waiting_bytes <= MAX_WAITING_BYTES:
            self._waiting.append((raw, note, checkpoint))
        else:
            self._findings.leave_open("checkpoints", _TOO_MANY)

    def _take(self, raw: RawNote, checkpoint: Checkpoint) -> None:
        self._check_frontier(raw, checkpoint)
        if raw.brought:
            self._brought.add(raw.where)
        same_size = self._known.setdefault(checkpoint.size, {})
        same_size.setdefault((checkpoint.origin, checkpoint.root), raw.where)

    def _is_signed(self, raw: RawNote, note: Note, checkpoint: Checkpoint, keys: TrustedKeys) -> bool:
        """Tell whether one of the keys signed a note, and remember which."""
        for key, public_raw in keys.items():
            if note.verified_by(checkpoint.origin, public_raw, self._verify):
                self.signed_sizes.append(SignedSize(checkpoint.size, raw.where, key))
                return True
        return False

    def _verify(self, public_raw: bytes, signature: bytes, message: bytes) -> bool:
        return self._verify_many([(public_raw, signature, message)])()[0]

    def _refute(self, code: str, message: str) -> None:
        self._findings.note("checkpoints", code, None, message)
