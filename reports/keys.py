"""The keys of a report: who held them, since when, until when, and every change of them.

Knows what the entries say. Judges nothing: whether a key might sign what it signed, the audit says.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from custody.domain.entries.entry import Recorded
from custody.domain.events import KeyEnrolled, KeyRevoked, KeyRotated
from custody.domain.identifiers import KeyId, Position
from custody.domain.keys.phrases import tell_key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEnd:
    """The entry from which on a key signs nothing that counts."""

    entry: Position
    reason: str | None  # None: rotated, its holder has a new one

    @property
    def is_revoked(self) -> bool:
        """Tell a revocation from a rotation."""
        return self.reason is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A key that signed entries of this report, or that the workspace trusts as it says in ``trusted``."""

    key: KeyId
    examiner: str | None
    enrolled: Position | None
    protected: bool | None
    trusted: bool
    signed: bool
    end: KeyEnd | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A key that was enrolled, rotated or revoked."""

    entry: Position
    at: str
    kind: str
    text: str


class KeyFold:
    """Admits records in the order of the ledger; all but those about keys leave no trace."""

    def __init__(self) -> None:
        """Begin with no key."""
        self.changes: list[KeyChange] = []
        self._enrolled: dict[KeyId, tuple[Position, KeyEnrolled]] = {}
        self._ends: dict[KeyId, KeyEnd] = {}

    def admit(self, recorded: Recorded) -> None:
        """Take the next record."""
        event, entry = recorded.event, recorded.position
        match event:
            case KeyEnrolled():
                self._enrolled[event.key] = (entry, event)
                kind = "enrolled"
            case KeyRotated():
                self._ends[event.key] = KeyEnd(entry=entry, reason=None)
                kind = "rotated"
            case KeyRevoked():
                self._ends[event.key] = KeyEnd(entry=entry, reason=event.reason)
                kind = "REVOKED"
            case _:
                return
        text = tell_key(event, self._name_of(recorded.actor))
        self.changes.append(KeyChange(entry=entry, at=recorded.at, kind=kind, text=text))

    def lines(self, signers: Collection[KeyId], trusted: Mapping[KeyId, str]) -> Iterator[KeyLine]:
        """Yield the keys that signed and those that the workspace trusts, by their ids."""
        for key in sorted({*signers, *trusted}):
            position, enrolment = self._enrolled.get(key, (None, None))
            yield KeyLine(
                key=key,
                examiner=trusted.get(key, None if enrolment is None else enrolment.examiner),
                enrolled=position,
                protected=None if enrolment is None else enrolment.protected,
                trusted=key in trusted,
                signed=key in signers,
                end=self._ends.get(key),
            )

    def _name_of(self, key: KeyId) -> str:
        found = self._enrolled.get(key)
        return f"the holder of key {key}" if found is None else found[1].examiner
