"""Whether every entry was signed by a trusted key.

Knows whose signatures count. Deliberately does no cryptography: many signatures at once are handed to a
function, which may work on several at the same time. A key is never trusted because the ledger says so alone:
it takes an entry, signed by a key that counts already and with the right to do so (``authorisation``).
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from custody.domain.audit.findings import Findings
from custody.domain.audit.record import OpenedRecord
from custody.domain.identifiers import KeyId

TrustedKeys: TypeAlias = Mapping[KeyId, bytes]
"""Key id → public key, 32 raw bytes; from the workspace or the auditor, never from the ledger."""

Triple: TypeAlias = tuple[bytes, bytes, bytes]
"""Public key (32 raw bytes), signature, message."""

Answers: TypeAlias = Callable[[], Sequence[bool]]
"""Waits for the answers to a batch: of each signature, in order, whether it is good."""

VerifyMany: TypeAlias = Callable[[Sequence[Triple]], Answers]
"""Begins to verify signatures (Ed25519, RFC 8032 section 5.1.7), perhaps while the caller goes on."""

BATCH: Final = 256
"""Signatures handed over at once; at most 15 MiB of entries."""

UNDER_WAY: Final = 4
"""Batches that may wait for their answers: with one alone, whoever is ahead waits for the other each time."""


class SignatureCheck:
    """Gathers signatures and has them verified in batches."""

    def __init__(self, findings: Findings, trusted: TrustedKeys, verify_many: VerifyMany) -> None:
        """Take the keys that count; with none of them nothing can be decided."""
        self._findings = findings
        self._trusted = trusted
        self._delegated: dict[KeyId, bytes] = {}  # of the session under way
        self.enrolled: dict[KeyId, bytes] = {}  # by entries that a key signed which counted then
        self._verify_many = verify_many
        self._pending: list[tuple[int, Triple]] = []
        self._under_way: deque[tuple[list[int], Answers]] = deque()
        self._refuted: deque[int] = deque(maxlen=2 * (UNDER_WAY + 1) * BATCH)
        self._unknown: tuple[int, KeyId] | None = None
        if not trusted:
            findings.leave_open("signatures")

    def admit(self, opened: OpenedRecord) -> None:
        """Take one record; what its signature is worth is known after the next flush."""
        if not self._trusted:
            return
        envelope = opened.envelope
        key_id = KeyId(envelope.key_id)
        raw = self._trusted.get(key_id) or self.enrolled.get(key_id) or self._delegated.get(key_id)
        if raw is None:
            self._unknown_key(opened.slot, key_id)
            return
        self._pending.append((opened.slot, (raw, envelope.signature, envelope.signed_bytes())))
        if len(self._pending) >= BATCH:
            self._hand_over()
            while len(self._under_way) > UNDER_WAY:
                self._take_answers()

    def counts(self, key_id: KeyId) -> bool:
        """Tell whether a person's key counts: brought from outside, or enrolled by one that counted."""
        return key_id in self._trusted or key_id in self.enrolled

    def delegate(self, key_id: KeyId, raw: bytes) -> None:
        """Let a session key count from here on; the one before counts no more."""
        self._delegated = {key_id: raw}

    def end_delegation(self) -> None:
        """Let no session key count from here on."""
        self._delegated = {}

    def flush(self) -> None:
        """Wait until everything taken so far is verified."""
        self._hand_over()
        while self._under_way:
            self._take_answers()

    def refuted(self, slot: int) -> bool:
        """Tell whether the signature of a recent slot was found to be bad or of an unknown key."""
        self.flush()
        return slot in self._refuted

    def _hand_over(self) -> None:
        """Begin a batch with what is gathered."""
        gathered, self._pending = self._pending, []
        if gathered:
            begun = self._verify_many([triple for _, triple in gathered])
            self._under_way.append(([slot for slot, _ in gathered], begun))

    def _take_answers(self) -> None:
        """Take in the answers to the batch that was begun first."""
        slots, answers = self._under_way.popleft()
        for slot, good in zip(slots, answers(), strict=True):
            if not good:
                self._refuted.append(slot)
                message = "the signature does not fit the entry: it was changed after it was signed"
                self._findings.note("signatures", "bad-signature", slot, message)

    def _unknown_key(self, slot: int, key_id: KeyId) -> None:
        """Report a run of entries by one unknown key once."""
        self._refuted.append(slot)
        if self._unknown != (slot - 1, key_id):
            message = f"signed by a key that is not trusted here: {key_id}"
            self._findings.note("signatures", "unknown-key", slot, message)
        self._unknown = (slot, key_id)
