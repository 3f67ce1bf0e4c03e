"""Whether every entry was recorded by somebody who was enrolled then, and who had the role for it.

Knows the keyring's findings, and which keys come to count for signatures by enrolment. Deliberately judges no
signature of an entry: see ``signatures``, which fails where a key is named that did not sign.
"""

from collections.abc import Iterable

from custody.domain.audit.checkpoints import SignedSize
from custody.domain.audit.findings import Findings
from custody.domain.audit.record import OpenedRecord
from custody.domain.audit.signatures import SignatureCheck, VerifyMany
from custody.domain.entries.entry import Recorded
from custody.domain.events import KeyEnrolled, SessionClosed, SessionOpened
from custody.domain.identifiers import Stream
from custody.domain.keys.keyring import Keyring


class AuthorisationCheck:
    """Follows who may record what, in the order of the ledger."""

    def __init__(self, findings: Findings, signatures: SignatureCheck, verify_many: VerifyMany) -> None:
        """Take the check of signatures, which learns from here which further keys count."""
        self._findings = findings
        self._signatures = signatures
        self._verify_many = verify_many
        self._ring = Keyring(self._verify)
        self._revisions: dict[Stream, int] = {}  # of the streams of keys

    def stop(self) -> None:
        """Say that entries are missing or unreadable: any of them might have changed who may do what."""
        self._findings.leave_open("authorisation")

    def admit(self, opened: OpenedRecord, recorded: Recorded | None) -> None:
        """Take the next record; ``recorded`` is its event, if it could be read."""
        if recorded is None:
            self.stop()
            return
        if recorded.stream.kind == "key":
            self._look_for_gap(recorded)
        for fault in self._ring.admit(opened.entry.ledger, recorded):
            self._findings.note_claim(fault.code, opened.slot, fault.message, check="authorisation")
        match recorded.event:
            case KeyEnrolled() as event:
                self._count_enrolled(recorded, event)
            case SessionOpened() | SessionClosed():
                self._count_delegated(recorded)
            case _:
                pass

    def conclude(self, signed_sizes: Iterable[SignedSize]) -> None:
        """Judge who signed the checkpoints. Without any key that the ledger enrolled, nothing is decided."""
        if not self._ring.founded:
            self.stop()
            return
        for signed in signed_sizes:
            holder = self._ring.holder(signed.key)
            if holder is None or not holder.may_sign_size(signed.size):
                state = "was not enrolled" if holder is None or holder.active else "had been given up"
                message = f"the {signed.where} was signed by a key that {state} then: {signed.key}"
                self._findings.note("authorisation", "checkpoint-key", None, message)

    def _look_for_gap(self, recorded: Recorded) -> None:
        """Decide nothing where an entry about a key is known not to be there: it may have ended the key."""
        if recorded.revision > self._revisions.get(recorded.stream, 0) + 1:
            self.stop()
        self._revisions[recorded.stream] = recorded.revision

    def _count_enrolled(self, recorded: Recorded, event: KeyEnrolled) -> None:
        holder = self._ring.holder(event.key)
        lawful = holder is not None and holder.enrolled_at == recorded.position and holder.enrolment == event
        if holder is not None and lawful and self._signatures.counts(recorded.actor):
            self._signatures.enrolled[event.key] = holder.raw

    def _count_delegated(self, recorded: Recorded) -> None:
        delegation = self._ring.delegation
        if delegation is None:
            self._signatures.end_delegation()
        elif delegation.holder == recorded.actor and self._signatures.counts(delegation.holder):
            self._signatures.delegate(delegation.key, delegation.raw)

    def _verify(self, public_raw: bytes, signature: bytes, message: bytes) -> bool:
        return self._verify_many([(public_raw, signature, message)])()[0]
