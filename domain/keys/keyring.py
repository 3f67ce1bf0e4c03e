"""Whose key may record what, at each position of a ledger: enrolment, rotation, revocation, session keys.

A state machine without I/O: entries in, faults out. The auditor feeds it a whole ledger, the command line the
entries about keys. Knows who was enrolled by whom; whether an entry was signed by the key that it names is
for others to say. A fault changes nothing: what a key may not do has no effect on the ring.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    Event,
    KeyEnrolled,
    KeyRevoked,
    KeyRotated,
    LedgerOpened,
    SessionClosed,
    SessionOpened,
    type_name,
)
from custody.domain.identifiers import KeyId, LedgerId, Stream
from custody.domain.keys.holders import GENESIS, Delegation, Holder, ended_by, session_key_of, sound_key
from custody.domain.keys.roles import LONG_TERM_ONLY, ROLES, known_roles, roles_for, shown_roles
from custody.domain.keys.statement import KeyStatement
from custody.domain.proofs.checkpoint import VerifySignature

_T = TypeVar("_T")

KEY_EVENTS: Final = ("LedgerOpened", "KeyEnrolled", "KeyRotated", "KeyRevoked")
"""The types that make the ring; session keys come and go between them."""

_REMEMBERED: Final = 1000  # session keys of the past, and faults of which one of a kind is enough


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an entry should not be there: a code for programs, a sentence for people."""

    code: str
    message: str


class Keyring:
    """Follows the entries of a ledger in order."""

    def __init__(self, verify: VerifySignature) -> None:
        """Take the function that verifies proofs of possession; begin before the first entry."""
        self._verify = verify
        self._holders: dict[KeyId, Holder] = {}
        self._opened_by: KeyId | None = None
        self._session: Stream | None = None
        self._past: deque[KeyId] = deque(maxlen=_REMEMBERED)
        self._settled: set[tuple[KeyId, type[Event]]] = set()
        self._said: set[Fault] = set()
        self.delegation: Delegation | None = None  # of the session under way

    @property
    def founded(self) -> bool:
        """Whether the ring has its first key."""
        return bool(self._holders)

    @property
    def holders(self) -> Iterable[Holder]:
        """Every key that was ever enrolled, in order."""
        return self._holders.values()

    def holder(self, key: KeyId) -> Holder | None:
        """Return who holds a key; None for one that was never enrolled."""
        return self._holders.get(key)

    def admit(self, ledger: LedgerId, recorded: Recorded) -> tuple[Fault, ...]:
        """Take the next entry; returns what speaks against it that was not said of this key before."""
        mark = (recorded.actor, type(recorded.event))
        if mark in self._settled:
            return ()
        if not self._holders:
            return self._begin(recorded)
        if type_name(recorded.event) not in LONG_TERM_ONLY:
            _keep(self._settled, mark)
        faults = tuple(self._faults(recorded))
        if faults:
            return tuple(filter(self._is_news, faults))
        return tuple(self._evolve(ledger, recorded))

    def _is_news(self, fault: Fault) -> bool:
        if fault in self._said:
            return False
        _keep(self._said, fault)
        return True

    def _begin(self, recorded: Recorded) -> tuple[Fault, ...]:
        """Take an entry before the first key is there; without one there is nothing to judge by."""
        match recorded.event:
            case LedgerOpened() if recorded.position == 0:
                self._opened_by = recorded.actor
                return ()
            case KeyEnrolled() as event:
                return self._found(recorded, event)
            case _:
                return ()

    def _found(self, recorded: Recorded, event: KeyEnrolled) -> tuple[Fault, ...]:
        """Take the first key, which needs no proof: it signs its own enrolment. It has every role."""
        if recorded.position != GENESIS or not event.key == recorded.actor == self._opened_by:
            return ()
        raw, fault = sound_key(event.public_key, event.key)
        if fault is not None:
            return (Fault("weak-key", fault),)
        self._holders[event.key] = Holder(
            key=event.key, raw=raw, enrolment=event, roles=frozenset(ROLES),
            enrolled_at=recorded.position, enrolled_by=event.key,
        )  # fmt: skip
        return ()

    def _faults(self, recorded: Recorded) -> Iterator[Fault]:
        """Yield why the key may not record this."""
        actor, name = recorded.actor, type_name(recorded.event)
        holder = self._holders.get(actor)
        if holder is None and self.delegation is not None and self.delegation.key == actor:
            holder = self._holders[self.delegation.holder]
            if name in LONG_TERM_ONLY:
                yield Fault("session-key-beyond", f"a session key may not record {name}: {actor}")
        if holder is None:
            yield self._unknown(actor)
        elif holder.waiting:
            yield Fault("key-not-enrolled", f"the successor's rotation was never recorded: {actor}")
        elif holder.ended is not None:
            yield Fault(
                f"{holder.ended}-key", f"the key was {holder.ended} at {holder.ended_at}: {holder.key}"
            )
        elif not (holder.roles & roles_for(name) or _replaces_itself(recorded)):
            needed = " or ".join(sorted(roles_for(name))) or "no key at all"
            yield Fault(
                "role-missing", f"{name} needs {needed}; the key has {shown_roles(holder.roles)}: {actor}"
            )

    def _unknown(self, actor: KeyId) -> Fault:
        if actor in self._past:
            return Fault("session-key-outside", f"a session key was used outside its session: {actor}")
        return Fault("key-not-enrolled", f"the key was never enrolled in this ledger: {actor}")

    def _evolve(self, ledger: LedgerId, recorded: Recorded) -> Iterator[Fault]:
        """Take what an entry, which its key may record, does to the ring; yield why it cannot."""
        match recorded.event:
            case KeyEnrolled() as event:
                yield from self._enrol(ledger, recorded, event)
            case KeyRotated() as event:
                yield from self._rotate(recorded, event)
            case KeyRevoked() as event:
                yield from self._revoke(recorded, event)
            case SessionOpened() as event:
                self._end_session()
                self._session = recorded.stream
                yield from self._name(recorded, event)
                yield from self._delegate(ledger, recorded, event)
            case SessionClosed() if recorded.stream == self._session:
                self._end_session()
            case _:
                pass

    def _enrol(self, ledger: LedgerId, recorded: Recorded, event: KeyEnrolled) -> Iterator[Fault]:
        raw, fault = sound_key(event.public_key, event.key)
        statement = KeyStatement(ledger=ledger, enrolling_key=recorded.actor, enrolment=event)
        roles = known_roles(event.roles or ())
        enroller = self._holders[recorded.actor]
        if fault is not None:
            yield Fault("weak-key", fault)
        elif event.key in self._holders:
            yield Fault("enrolment-unfounded", f"the key was enrolled before: {event.key}")
        elif not statement.is_proved(self._verify):
            yield Fault("enrolment-unproven", f"nothing proves that the key's holder has it: {event.key}")
        elif not roles or len(roles) != len(event.roles or ()):
            yield Fault("enrolment-unfounded", f"the key is enrolled for no known role: {event.key}")
        elif event.replaces is not None and (event.replaces, roles) != (recorded.actor, enroller.roles):
            yield Fault(
                "enrolment-unfounded", f"the key takes a place that is not its enroller's: {event.key}"
            )
        else:
            self._change(Holder(
                key=event.key, raw=raw, enrolment=event, roles=roles, enrolled_at=recorded.position,
                enrolled_by=recorded.actor, waiting=event.replaces is not None,
            ))  # fmt: skip

    def _rotate(self, recorded: Recorded, event: KeyRotated) -> Iterator[Fault]:
        before, successor = self._holders[recorded.actor], self._holders.get(event.successor)
        if event.key != recorded.actor:
            yield Fault("rotation-unfounded", f"the key was given up by another one: {event.key}")
        elif successor is None or not successor.waiting or successor.enrolment.replaces != event.key:
            yield Fault("rotation-unfounded", f"the successor was not enrolled as one: {event.successor}")
        else:
            self._change(ended_by(before, recorded.position, event))
            self._change(replace(successor, waiting=False))

    def _revoke(self, recorded: Recorded, event: KeyRevoked) -> Iterator[Fault]:
        holder = self._holders.get(event.key)
        if holder is None or holder.ended == "revoked":
            state = "was never enrolled" if holder is None else "was revoked before"
            yield Fault("revocation-unfounded", f"the revoked key {state}: {event.key}")
            return
        self._change(ended_by(holder, recorded.position, event))

    def _name(self, recorded: Recorded, event: SessionOpened) -> Iterator[Fault]:
        """Yield a fault where somebody works under another name than the one that their key stands for."""
        if event.examiner != self._holders[recorded.actor].enrolment.examiner:
            yield Fault("session-name", f"the session bears another name than its key: {recorded.actor}")

    def _delegate(self, ledger: LedgerId, recorded: Recorded, event: SessionOpened) -> Iterator[Fault]:
        if event.session_key is None:
            return
        found = session_key_of(ledger, recorded.stream, event)
        if found is None or found[0] in self._holders:
            yield Fault("session-key-unfounded", "the session is not the one that its key was made for")
        else:
            self.delegation = Delegation(key=found[0], raw=found[1], holder=recorded.actor)

    def _end_session(self) -> None:
        self._settled.clear()
        self._session = None
        if self.delegation is not None:
            self._past.append(self.delegation.key)
            self.delegation = None

    def _change(self, holder: Holder) -> None:
        self._settled.clear()
        self._holders[holder.key] = holder


def _keep(marks: set[_T], mark: _T) -> None:
    """Remember a mark; of too many, which only a hostile ledger has, all are forgotten and said anew."""
    if len(marks) >= _REMEMBERED:
        marks.clear()
    marks.add(mark)


def _replaces_itself(recorded: Recorded) -> bool:
    """Tell whether an entry enrols the successor of its own key, for which no role is needed."""
    return isinstance(recorded.event, KeyEnrolled) and recorded.event.replaces == recorded.actor
