"""Whether what the entries say makes one ledger: its beginning, its id, its sessions.

Knows the rules that span entries. Deliberately does not know their order (``sequence``), who may be trusted
(``signatures``) or who may record what (``authorisation``).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from custody.domain.audit.findings import Findings
from custody.domain.audit.record import OpenedRecord
from custody.domain.events import (
    BatchQueued,
    BundleExported,
    CheckpointStamped,
    KeyEnrolled,
    LedgerOpened,
    ReportIssued,
    SessionClosed,
    SessionOpened,
)
from custody.domain.identifiers import KeyId, LedgerId, Stream
from custody.domain.proofs.cited import cited_documents

_VOTES: Final = 3  # entries that are asked for the ledger's id, so that one changed entry decides nothing
_LISTED: Final = 20  # positions named in a note; of more, the number


class Cited(NamedTuple):
    """A document that an entry cites by its SHA-256 (hex); ``plan``: a batch's, maybe of other cases too."""

    position: int
    sha256: str
    plan: bool = False


@dataclass(slots=True)
class Positions:
    """Positions worth a note: the first few, and how many there are."""

    first: list[int] = field(default_factory=list)
    count: int = 0

    def add(self, position: int) -> None:
        """Take one more."""
        self.count += 1
        if len(self.first) < _LISTED:
            self.first.append(position)

    def __str__(self) -> str:
        """Return ``17, 40 and 3 more``."""
        listed = ", ".join(map(str, self.first))
        more = self.count - len(self.first)
        return f"{listed} and {more} more" if more else listed


class LedgerContents:
    """Follows what the entries say."""

    def __init__(self, findings: Findings) -> None:
        """Begin before the first entry."""
        self._findings = findings
        self._identity = _Identity(findings)
        self._genesis: KeyId | None = None
        self._founded = False
        self._session: tuple[Stream, int] | None = None
        self.cited: list[Cited] = []
        self.unclosed = Positions()
        self.unsynchronised = Positions()

    @property
    def ledger(self) -> LedgerId | None:
        """The id that the entries agree on."""
        return self._identity.ledger

    def admit(self, opened: OpenedRecord) -> None:
        """Take the next record."""
        self._identity.admit(opened.slot, opened.entry.ledger)
        if opened.slot == 0:
            self._open_ledger(opened)
        elif opened.slot == 1:
            self._enrol_first(opened)
        self._follow(opened)

    def conclude(self, size: int) -> None:
        """Take the end of the ledger."""
        self._identity.decide()
        if size == 0:
            self._findings.note("structure", "empty-ledger", None, "the ledger holds no entry at all")
        elif not self._founded and not self._findings.failed("structure"):
            message = "the ledger does not begin with the enrolment of its first key"
            self._findings.note("structure", "no-genesis", 1, message)

    def session_left_open(self) -> int | None:
        """Return where the last session began, if it was never closed."""
        return None if self._session is None else self._session[1]

    def first_unclosed(self) -> int | None:
        """Return where the first session began that was never closed."""
        return self.unclosed.first[0] if self.unclosed.count else self.session_left_open()

    def _open_ledger(self, opened: OpenedRecord) -> None:
        event = opened.event
        if event is None:
            return
        if isinstance(event, LedgerOpened) and event.ledger == opened.entry.ledger:
            self._genesis = opened.entry.actor
        else:
            message = "the ledger does not begin with its own opening"
            self._findings.note("structure", "no-genesis", opened.slot, message)

    def _enrol_first(self, opened: OpenedRecord) -> None:
        event, actor = opened.event, opened.entry.actor
        if event is None or self._genesis is None:
            return
        if isinstance(event, KeyEnrolled) and event.key == actor == self._genesis:
            self._founded = True
        else:
            message = "the key that opened the ledger is not enrolled by the entry after it"
            self._findings.note("structure", "no-genesis", opened.slot, message)

    def _follow(self, opened: OpenedRecord) -> None:
        match opened.event:
            case SessionOpened() as event:
                if self._session is not None:
                    self.unclosed.add(self._session[1])
                self._session = (opened.entry.stream, opened.slot)
                if event.clock_synchronised is not True:
                    self.unsynchronised.add(opened.slot)
            case SessionClosed():
                if self._session is not None and self._session[0] == opened.entry.stream:
                    self._session = None
            case LedgerOpened() if opened.slot != 0:
                message = "a ledger is opened once, at position 0"
                self._findings.note("structure", "second-opening", opened.slot, message)
            case ReportIssued(at_position=last) if last >= opened.slot:
                message = f"a report of the entries up to {last} cannot be issued by one of them, or before"
                self._findings.note("structure", "report-of-later-entries", opened.slot, message)
            case BundleExported(size=size) if size > opened.slot:
                message = f"a bundle of {size} entries cannot be recorded by one of them, or before"
                self._findings.note("structure", "bundle-of-later-entries", opened.slot, message)
            case BatchQueued() | CheckpointStamped() as event:
                plan = isinstance(event, BatchQueued)
                self.cited += [Cited(opened.slot, sha256, plan) for sha256 in cited_documents(event)]
            case _:
                pass


class _Identity:
    """The id that most of the first entries bear, and those that bear another one."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._votes: list[tuple[int, LedgerId]] = []
        self._stray: tuple[int, LedgerId] | None = None
        self.ledger: LedgerId | None = None

    def admit(self, slot: int, ledger: LedgerId) -> None:
        if self.ledger is not None:
            self._compare(slot, ledger)
            return
        self._votes.append((slot, ledger))
        if len(self._votes) == _VOTES:
            self.decide()

    def decide(self) -> None:
        """Settle the id by the votes so far."""
        if self.ledger is None and self._votes:
            [(self.ledger, _)] = Counter(ledger for _, ledger in self._votes).most_common(1)
            for slot, ledger in self._votes:
                self._compare(slot, ledger)

    def _compare(self, slot: int, ledger: LedgerId) -> None:
        """Report a run of entries of one other ledger once."""
        if ledger == self.ledger:
            return
        if self._stray != (slot - 1, ledger):
            message = f"the entry belongs to another ledger: {ledger}"
            self._findings.note("structure", "foreign-entry", slot, message)
        self._stray = (slot, ledger)
