"""Whether the ledger's time stamps hold, and whether the entries' claimed times agree with them.

Knows the window [not before, not after] that stamps give an entry: one before the end of a stamped checkpoint
is not after its time, one from a stamp's own entry on is not before it. Deliberately takes no token apart:
that is done by a function handed in, which knows the trusted authorities. Holds two times for a checkpoint
and a few values for a stamp, nothing for an entry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from custody.domain.audit.anchors import Anchor
from custody.domain.audit.findings import Findings
from custody.domain.audit.record import OpenedRecord
from custody.domain.errors import MalformedData
from custody.domain.events import CheckpointStamped
from custody.domain.paths import escape_text
from custody.domain.proofs.checkpoint import Checkpoint
from custody.domain.proofs.time_stamp import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    Outcome,
    ReadToken,
    StampEvidence,
    TokenFacts,
    judge_token,
    time_text,
    token_bytes,
)

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far a workstation's clock may be off without a finding; as much as Kerberos allows (RFC 4120)."""

_CODES: Final[Mapping[Outcome, str]] = {
    "wrong-imprint": "stamp-of-another-checkpoint",
    "bad-signature": "stamp-signature",
    "unbound-certificate": "stamp-certificate",
    "not-for-stamps": "stamp-certificate",
    "outside-validity": "stamp-outside-validity",
    "revoked": "stamp-revoked",
}
_SHOWN: Final = 200  # characters of a text that comes from the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodStamp:
    """A stamp that holds: of the checkpoint of ``size`` entries, recorded at ``position``.

    ``anchor_sha256`` names the trusted certificate that vouches for it. The time lies from ``earliest`` to
    ``latest``, by the authority's own account of its accuracy.
    """

    position: int
    size: int
    root: bytes
    authority: str
    anchor_sha256: str
    earliest: datetime
    latest: datetime
    revocation_shown: bool

    def anchor(self) -> Anchor:
        """Return it as what vouches for the ledger; of its time what is certain."""
        return Anchor(kind="stamp", by=self.anchor_sha256, size=self.size, at=self.earliest)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is known when a checkpoint's last entry has passed: the latest claimed time, the latest stamp."""

    at: str
    slot: int
    not_before: datetime | None


class StampCheck:
    """Follows the entries in order; judges the upper bounds when the roots are known."""

    def __init__(
        self,
        findings: Findings,
        read_token: ReadToken | None,
        document: Callable[[str], object],
        notes: Mapping[str, Checkpoint],
    ) -> None:
        """Take what takes tokens apart (None: nothing does), kept documents, and notes by their SHA-256."""
        self._findings = findings
        self._read_token = read_token
        self._document = document
        self._notes = notes
        self._latest = ("", 0)  # the latest claimed time so far, and where
        self._not_before: datetime | None = None
        self._floor = ""  # the same as entries carry it, less the tolerance
        self._blamed: set[object] = set()
        self._marks: dict[int, _Mark] = {}
        self._stamps: list[GoodStamp] = []
        self.good: list[GoodStamp] = []

    def admit(self, opened: OpenedRecord) -> None:
        """Take the next record. Times of one form sort as texts."""
        at = opened.entry.at
        if at > self._latest[0]:
            self._latest = (at, opened.slot)
        if isinstance(opened.event, CheckpointStamped):
            self._take(opened.slot, opened.event)
        if at < self._floor:
            self._before(opened.slot, at)

    def mark(self, size: int) -> None:
        """Remember how things stand at the end of a checkpoint of this size."""
        self._marks[size] = _Mark(*self._latest, self._not_before)

    def conclude(self, roots: Mapping[int, bytes]) -> None:
        """Judge the upper bounds: only of checkpoints whose root is the one that the entries make."""
        for stamp in self._stamps:
            if roots.get(stamp.size) != stamp.root:
                reason = "is of a checkpoint that the entries do not make"
                self._findings.leave_open("anchors", f"the stamp at position {stamp.position} {reason}")
                continue
            self._findings.carry_out("anchors")
            self.good.append(stamp)
            mark = self._marks.get(stamp.size)
            if mark is not None:
                self._compare(stamp, mark)

    def notes(self) -> tuple[str, ...]:
        """Return what is worth knowing of the stamps that hold; call it after ``conclude``."""
        if not self.good:
            return ()
        widest = max(self.good, key=lambda stamp: (stamp.size, stamp.latest))
        held = f"time stamps that hold: {len(self.good)}"
        shown = f"{held}; the first {widest.size} entries existed at {time_text(widest.latest)}, by "
        found = [shown + escape_text(widest.authority)[:_SHOWN]]
        without = sum(not stamp.revocation_shown for stamp in self.good)
        if without:
            found.append(f"time stamps for which no list shows that the authority was not revoked: {without}")
        return tuple(found)

    def _take(self, slot: int, event: CheckpointStamped) -> None:
        """Judge a stamp by itself; one that holds is a lower bound from its own entry on."""
        checkpoint = self._notes.get(event.note_sha256)
        if checkpoint is None:
            message = "no checkpoint is kept whose note is the one that the stamp is said to be of"
            self._refute("stamp-without-checkpoint", slot, message)
            return
        if checkpoint.size != event.size or event.size > slot:
            message = f"a stamp of {checkpoint.size} entries, said to be of {event.size}, cannot stand here"
            self._refute("stamp-size", slot, message)
            return
        facts = self._facts(slot, event)
        if facts is None or not self._holds(slot, event, facts):
            return
        self._stamps.append(
            GoodStamp(
                position=slot,
                size=checkpoint.size,
                root=checkpoint.root,
                authority=facts.authority,
                anchor_sha256=facts.anchor_sha256 or "",
                earliest=facts.earliest,
                latest=facts.latest,
                revocation_shown=facts.revocation == "not-revoked",
            )
        )
        if self._not_before is None or facts.earliest > self._not_before:
            self._not_before = facts.earliest
            self._floor = time_text(facts.earliest - CLOCK_TOLERANCE)

    def _facts(self, slot: int, event: CheckpointStamped) -> TokenFacts | None:
        if self._read_token is None:
            self._findings.leave_open("anchors", "stamps were not judged: nothing here can take them apart")
            return None
        try:
            return self._read_token(evidence_of(event, self._document))
        except MalformedData as error:
            message = f"the stamp cannot be read: {escape_text(error.what)[:_SHOWN]}"
            self._refute("stamp-malformed", slot, message)
            return None

    def _holds(self, slot: int, event: CheckpointStamped, facts: TokenFacts) -> bool:
        if wrong := differences(event, facts):
            message = f"the entry says otherwise than its stamp about: {', '.join(wrong)}"
            self._refute("stamp-differs", slot, message)
            return False
        judged = judge_token(facts, bytes.fromhex(event.note_sha256))
        message = escape_text(judged.message)[: 2 * _SHOWN]
        if judged.verdict == "failed":
            self._refute(_CODES[judged.outcome], slot, message)
        elif judged.verdict == "indeterminate":
            self._findings.leave_open("anchors", f"a stamp does not count: {message}")
        return judged.verdict == "passed"

    def _compare(self, stamp: GoodStamp, mark: _Mark) -> None:
        latest = time_text(stamp.latest)
        if mark.at > time_text(stamp.latest + CLOCK_TOLERANCE):
            self._outside(mark.slot, mark.slot, f"claims {mark.at}, but existed already at {latest}")
        if mark.not_before is not None and mark.not_before > stamp.latest + CLOCK_TOLERANCE:
            message = (
                f"its checkpoint holds a stamp of {time_text(mark.not_before)}, "
                f"and it says {latest}: one of the authorities is wrong"
            )
            self._refute("stamps-contradict", stamp.position, message)

    def _before(self, slot: int, at: str) -> None:
        """Report the first of the entries that claim to be older than the same stamp; count the others."""
        earliest = time_text(self._not_before) if self._not_before else ""
        self._outside(slot, self._floor, f"claims {at}, but stands behind a stamp of {earliest}")

    def _outside(self, slot: int, cause: object, claim: str) -> None:
        if cause in self._blamed:
            self._findings.count_unlisted("anchors")
            return
        self._blamed.add(cause)
        self._refute("claimed-time-outside-window", slot, f"the entry {claim}")

    def _refute(self, code: str, slot: int, message: str) -> None:
        self._findings.note_anchor(code, slot, message)


def evidence_of(event: CheckpointStamped, document: Callable[[str], object]) -> StampEvidence:
    """Return a stamp with what was kept beside it; of what is missing or too large the stamp does without.

    Raises MalformedData for a token out of its form.
    """

    def kept(names: tuple[str, ...]) -> tuple[bytes, ...]:
        found = (document(name) for name in names[:MAX_ATTACHMENTS])
        return tuple(one for one in found if isinstance(one, bytes) and len(one) <= MAX_ATTACHMENT_BYTES)

    return StampEvidence(
        token=token_bytes(event.token),
        certificates=kept(event.certificates),
        revocation_lists=kept(event.revocation_lists),
    )


def differences(event: CheckpointStamped, facts: TokenFacts) -> tuple[str, ...]:
    """Return the names of the fields that say otherwise than the token."""
    said = {
        "generated_at": (event.generated_at, time_text(facts.generated_at)),
        "accuracy_microseconds": (event.accuracy_microseconds, facts.accuracy_microseconds),
        "authority": (event.authority, facts.authority),
        "serial": (event.serial, facts.serial),
        "policy": (event.policy, facts.policy),
    }
    return tuple(name for name, (stated, found) in said.items() if stated != found)
