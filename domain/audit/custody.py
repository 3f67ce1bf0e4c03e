"""Whether custody moved only as the signatures of both sides say.

Knows the exhibits as the entries make them, and applies the rules of ``domain.exhibits.transfer`` to
each of their events. Deliberately judges nothing behind missing or unreadable entries: a hand-over may rest
on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from custody.domain.audit.contents import Cited
from custody.domain.audit.findings import Findings
from custody.domain.audit.record import OpenedRecord
from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    CustodyRefused,
    ExhibitRegistered,
    ExhibitReleased,
    JobQueued,
    KeyRotated,
)
from custody.domain.exhibits.exhibit import Exhibit, evolve
from custody.domain.exhibits.offer import Offer
from custody.domain.exhibits.succession import Succession
from custody.domain.exhibits.transfer import (
    Objection,
    objections_to_answer,
    objections_to_parting,
    objections_to_receiver,
    offer_answered,
)
from custody.domain.identifiers import JobId, KeyId, LedgerId, exhibit_stream
from custody.domain.paths import RawPath, escape_text

_Name: TypeAlias = tuple[str, str]  # case number, exhibit number
_Event: TypeAlias = (
    ExhibitRegistered | CustodyOffered | CustodyAccepted | CustodyDeclined | CustodyRefused | ExhibitReleased
)

_KINDS: Final = frozenset({"exhibit", "job", "key"})  # asked first: nearly all entries are of files
_MAX_MESSAGE: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFiles:
    """An offer whose manifest must be that of the exhibit."""

    position: int
    offered: CustodyOffered
    known_jobs: Sequence[tuple[JobId, RawPath]]  # of the exhibit at any time; one list for all its offers
    jobs_until_then: int
    ledger: LedgerId
    accepted: str | None  # SHA-256 of the list that came with the exhibit when it was accepted here last

    @property
    def jobs(self) -> Sequence[tuple[JobId, RawPath]]:
        """The exhibit's jobs until the offer, with their destinations."""
        return self.known_jobs[: self.jobs_until_then]


class CustodyCheck:
    """Follows the exhibits, in the order of the ledger."""

    def __init__(self, findings: Findings, trusted: TrustedKeys, verify_many: VerifyMany) -> None:
        """Take where findings go, the keys that count, and how signatures are verified."""
        self._findings = findings
        self._trusted = trusted
        self._verify_many = verify_many
        self._exhibits: dict[_Name, Exhibit] = {}
        self._offers: dict[str, Offer] = {}
        self._jobs: dict[_Name, list[tuple[JobId, RawPath]]] = {}
        self._accepted: dict[_Name, str] = {}
        self._succession = Succession()
        self.offered: list[OfferedFiles] = []
        self.documents: list[Cited] = []  # every manifest that is cited
        self.stopped = False
        if not trusted:
            findings.leave_open("authorisation")

    def stop(self) -> None:
        """Judge nothing from here on; what is not judged is not passed."""
        self.stopped = True
        self._findings.leave_open("authorisation")

    def admit(self, opened: OpenedRecord, recorded: Recorded | None) -> None:
        """Take the next record with its event, unless the judging has stopped."""
        if self.stopped or recorded is None or recorded.stream.kind not in _KINDS:
            return
        match recorded.event:
            case JobQueued(exhibit=str() as exhibit) as event:
                job = (JobId(opened.entry.stream.id), event.destination)
                self._jobs.setdefault((event.case_number, exhibit), []).append(job)
            case KeyRotated() as event:
                self._succession.admit(event)
            case ExhibitRegistered() | ExhibitReleased() | CustodyRefused() as event:
                self._take(opened, recorded, event)
            case CustodyOffered() | CustodyAccepted() | CustodyDeclined() as event:
                self._take(opened, recorded, event)
            case _:
                pass

    def _take(self, opened: OpenedRecord, recorded: Recorded, event: _Event) -> None:
        name = (event.case_number, event.exhibit)
        known = self._exhibits.get(name) or Exhibit(case_number=name[0], number=name[1])
        exhibit = self._succession.held(known)
        for objection in self._objections(opened, event, exhibit):
            self._note(opened.slot, objection)
        self._exhibits[name] = evolve(exhibit, recorded)

    def _objections(self, opened: OpenedRecord, event: _Event, exhibit: Exhibit) -> Iterator[Objection]:
        entry = opened.entry
        if entry.stream != exhibit_stream(entry.ledger, event.case_number, event.exhibit):
            yield Objection(
                "state", "wrong-exhibit-stream", f"the entry is not in the stream of {exhibit.title}"
            )
        match event:
            case ExhibitRegistered():
                if exhibit.registered is not None:
                    yield Objection("state", "second-registration", f"{exhibit.title} is registered again")
            case ExhibitReleased():
                yield from objections_to_parting(exhibit, entry.actor, "released")
            case CustodyOffered():
                yield from objections_to_parting(exhibit, entry.actor, "offered")
                yield from objections_to_receiver(event)
                self._remember(opened, event)
            case CustodyAccepted() | CustodyDeclined():
                yield from self._objections_to_answer(opened, event, exhibit)
            case _:  # a refusal moves nothing
                pass

    def _remember(self, opened: OpenedRecord, event: CustodyOffered) -> None:
        jobs = self._jobs.setdefault((event.case_number, event.exhibit), [])
        leaf = opened.leaf.hex()
        self._offers[leaf] = Offer(
            leaf=leaf, ledger=opened.entry.ledger, position=opened.entry.position, at=opened.entry.at,
            giver=opened.entry.actor, event=event, envelope=opened.envelope,
        )  # fmt: skip
        self.offered.append(
            OfferedFiles(
                position=opened.slot, offered=event, known_jobs=jobs, jobs_until_then=len(jobs),
                ledger=opened.entry.ledger,
                accepted=self._accepted.get((event.case_number, event.exhibit)),
            )
        )  # fmt: skip
        self.documents.append(Cited(opened.slot, event.manifest_sha256))

    def _objections_to_answer(
        self, opened: OpenedRecord, event: CustodyAccepted | CustodyDeclined, exhibit: Exhibit
    ) -> Iterator[Objection]:
        offer = offer_answered(event, self._offers.get)
        if isinstance(event, CustodyAccepted) and offer is not None:
            self.documents.append(Cited(opened.slot, offer.event.manifest_sha256))
            self._accepted[event.case_number, event.exhibit] = offer.event.manifest_sha256
        yield from objections_to_answer(exhibit, event, offer, key_of=self._key_of, verify=self._verify)

    def _key_of(self, key: KeyId) -> bytes | None:
        return self._trusted.get(key)

    def _verify(self, public_raw: bytes, signature: bytes, message: bytes) -> bool:
        return self._verify_many([(public_raw, signature, message)])()[0]

    def _note(self, slot: int, objection: Objection) -> None:
        message = escape_text(objection.message)[:_MAX_MESSAGE]
        if objection.kind == "state":
            self._findings.note_claim(objection.code, slot, message)
        else:
            self._findings.note("authorisation", objection.code, slot, message)
