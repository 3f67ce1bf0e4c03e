"""Cases, exhibits and hand-overs on a real ledger: what is recorded, what is refused, who holds what."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from custody.domain.copying.reports import Advanced, Began, ReadBack
from custody.domain.errors import (
    CannotTell,
    MalformedData,
    NotAllowed,
    NotFound,
    Refused,
    Tampered,
    UsageError,
)
from custody.domain.events import (
    CaseClosed,
    CaseOpened,
    CopyRefuted,
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    CustodyRefused,
    Event,
    ExhibitRegistered,
    ExhibitReleased,
    FileSkipped,
    KeyRotated,
    NoteAdded,
)  # fmt: skip
from custody.domain.exhibits.case import Case, add_note, close_case, evolve, open_case
from custody.domain.exhibits.exhibit import Description, Exhibit
from custody.domain.exhibits.history import TYPES, CustodyHistory
from custody.domain.exhibits.manifest import manifest_files
from custody.domain.exhibits.offer import OfferFile
from custody.domain.exhibits.transfer import Objection, require_none
from custody.domain.identifiers import KeyId, Position, TransferId, key_stream
from custody.domain.paths import RawPath
from custody.domain.ports import LaneDied, Recording
from custody.domain.proofs.cited import cited_documents
from custody.domain.use_cases.check_proof import TrustedKey
from custody.domain.use_cases.exhibits import casework
from custody.domain.use_cases.exhibits.answering import (
    Answerer,
    Desk,
    GivenAnswer,
    Said,
    own_offer,
    take_answer,
)
from custody.domain.use_cases.exhibits.books import (
    case_book,
    enrolled,
    exhibit_book,
    history_until,
    named_exhibit,
    position_at,
)  # fmt: skip
from custody.domain.use_cases.exhibits.handed_copy import HandedCopy, read_handed_copy
from custody.domain.use_cases.exhibits.offering import (
    Offered,
    Receiver,
    Terms,
    accepted_manifest,
    common_folder,
    offer_file,
    open_offer,
    record_offer,
)  # fmt: skip
from custody.domain.use_cases.exhibits.received_offers import ReceivedOffer, received_offer
from custody.domain.use_cases.explain import explain
from custody.domain.use_cases.prove import proof_of
from custody.domain.use_cases.signed_tree import chosen_checkpoint, one_at_a_time, signed_checkpoints
from custody.domain.use_cases.verification.verify_copies import Problem, resolve_scope, verify
from custody.infrastructure.crypto.ed25519 import verify as verify_signature
from tests.fakes import workbench
from tests.fakes.lanes import ScriptedLane
from tests.fakes.workbench import LEDGER, Workbench, signer
from tests.unit.signed_ledger import AT, OTHER_KEY, verify_each

CASE, EXHIBIT = "2026-0147", "A-001"
NAME = (CASE, EXHIBIT)
GIVER, RECEIVER = KeyId(signer().key_id), KeyId(OTHER_KEY.key_id)
TRUSTED = {GIVER: signer().public_raw}
TO = Receiver(key=RECEIVER, public_key=OTHER_KEY.public_pem.decode(), name="M. Berger")
WHO = Answerer(
    key=RECEIVER, name="M. Berger", badge=None, agency="Lab", sign=OTHER_KEY.sign, verify=verify_signature
)
SAID = Said(at=AT, place="lab")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench(tmp_path)
    made.write("card/a.mov", b"one")
    made.write("card/b.mov", b"three")
    assert made.run().status == "completed"
    yield made
    made.close()


def offered(bench: Workbench) -> Offered:
    return record_offer(
        bench.ledger, bench.ledger.reader, bench.ledger.read_model, NAME, actor=GIVER, giver_name="J. Ortiz",
        receiver=TO, terms=Terms(purpose="why"),
    )  # fmt: skip


def file_of(bench: Workbench, made: Offered) -> bytes:
    bench.ledger.make_checkpoint()
    return offer_file(bench.ledger.reader, made, TRUSTED, verify_each)


def received(data: bytes) -> ReceivedOffer:
    return received_offer(data, {key: TrustedKey(raw=raw) for key, raw in TRUSTED.items()}, verify_each)


def read(bench: Workbench, found: ReceivedOffer) -> HandedCopy:
    return read_handed_copy(bench.workshop(), RawPath(os.fsencode(bench.destination)), found.manifest)


def desk(bench: Workbench, found: ReceivedOffer) -> Desk:
    return Desk(bench.ledger, bench.ledger.reader, found)


def take(bench: Workbench, envelope: bytes) -> GivenAnswer:
    ledger = bench.ledger
    return take_answer(ledger, ledger.reader, envelope, key_of=TRUSTED.get, verify=verify_signature)


def custodian(bench: Workbench) -> KeyId | None:
    return exhibit_book(bench.ledger.reader, *NAME).exhibit.custodian


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Workbench]:
    """The receiver's workspace: a ledger of another id, which the same key writes."""
    original = workbench.LEDGER
    workbench.LEDGER = type(original)(str(UUID(int=7)))
    try:
        made = Workbench(tmp_path / "other")
        yield made
        made.close()
    finally:
        workbench.LEDGER = original


def test_custody_moves_within_one_ledger_by_the_receivers_signature(bench: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    copy = read(bench, found)
    assert (copy.files, copy.size, list(copy.problems)) == (2, 8, [])
    at = desk(bench, found)
    at.require_answerable(RECEIVER, "accepted")
    assert custodian(bench) == GIVER
    given = at.accept(WHO, SAID, copy)
    assert custodian(bench) == RECEIVER
    [event] = bench.events(CustodyAccepted)
    assert isinstance(event, CustodyAccepted)
    assert (event.by, event.offer_entry, event.answer) == (RECEIVER, None, given.envelope.decode())


def test_custody_moves_between_two_ledgers(bench: Workbench, other: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    given = desk(other, found).accept(WHO, SAID, read(bench, found))
    assert [type(event) for event in other.events()[-3:]] == [CaseOpened, ExhibitRegistered, CustodyAccepted]
    assert (
        accepted_manifest(other.ledger.reader, exhibit_book(other.ledger.reader, *NAME).stream)
        == found.manifest
    )
    taken = take(bench, given.envelope)
    assert (taken.answer, custodian(bench)) == (given.answer, RECEIVER)
    with pytest.raises(Refused, match="another ledger"):
        take(other, given.envelope)


def test_a_received_exhibit_is_offered_on_with_the_list_it_came_with(
    bench: Workbench, other: Workbench
) -> None:
    found = received(file_of(bench, offered(bench)))
    desk(other, found).accept(WHO, SAID, read(bench, found))
    book = exhibit_book(other.ledger.reader, *NAME)
    with pytest.raises(NotAllowed, match="its custodian is"):
        offered(other)
    assert book.exhibit.registered is not None
    assert book.exhibit.registered.holder_name == "J. Ortiz"


def test_an_offer_of_nothing_lists_nothing(other: Workbench) -> None:
    casework.record_exhibit(other.ledger, other.ledger.reader, NAME, Description(make="Nikon"))
    made = offered(other)
    assert (made.event.files, list(manifest_files(made.manifest))) == (0, [])
    found = received(file_of(other, made))
    assert found.what == Description(make="Nikon")
    assert desk(other, found).accept(WHO, SAID, HandedCopy()).answer.read_back == {}


def test_a_copy_that_differs_is_refused_and_never_accepted(bench: Workbench, other: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    (bench.destination / "source" / "card" / "a.mov").write_bytes(b"two")
    (bench.destination / "source" / "card" / "b.mov").unlink()
    copy = read(bench, found)
    assert (len(copy.changed), len(copy.missing), copy.differs) == (1, 1, True)
    at = desk(other, found)
    with pytest.raises(RuntimeError):
        at.accept(WHO, SAID, copy)
    at.refuse(copy)
    [event] = other.events(CustodyRefused)
    assert isinstance(event, CustodyRefused)
    assert (event.changed, event.missing, event.unreadable) == (1, 1, 0)
    desk(other, found).require_answerable(RECEIVER, "accepted")


def test_a_copy_that_was_not_read_whole_is_never_accepted(bench: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    with pytest.raises(RuntimeError):
        desk(bench, found).accept(WHO, SAID, HandedCopy())


def test_a_file_that_cannot_be_read_is_no_difference(bench: Workbench) -> None:
    found = HandedCopy(unreadable=[Problem(RawPath(b"a"), "no")])
    assert (found.differs, len(found.problems)) == (False, 1)


def test_only_the_receiver_or_the_giver_answers(bench: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    at = desk(bench, found)
    with pytest.raises(NotAllowed):
        at.require_answerable(GIVER, "accepted")
    at.require_answerable(GIVER, "declined")
    withdrawing = replace(WHO, key=GIVER, sign=signer().sign)
    at.decline(withdrawing, SAID)
    with pytest.raises(Refused, match="answered before"):
        desk(bench, found).require_answerable(RECEIVER, "accepted")
    assert custodian(bench) == GIVER


def test_an_answer_with_another_signature_is_refused(bench: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    with pytest.raises(Tampered, match="signature"):
        desk(bench, found).decline(replace(WHO, sign=signer().sign), SAID)


def test_an_offer_that_this_ledger_does_not_have_is_refused(bench: Workbench) -> None:
    made = offered(bench)
    for position, leaf in ((made.position, "00" * 32), (Position(1), "00" * 32)):
        with pytest.raises(Tampered, match="no such offer"):
            own_offer(bench.ledger.reader, position, leaf)


def test_a_file_proved_by_another_job_is_listed_by_its_own_entry(bench: Workbench) -> None:
    plan = bench.plan(replace(bench.job("again"), exhibit="B-1", form={"exhibit": "B-1"}))
    assert bench.run(plan).files.skipped == 2
    made = record_offer(
        bench.ledger, bench.ledger.reader, bench.ledger.read_model, (CASE, "B-1"), actor=GIVER,
        giver_name="J", receiver=TO, terms=Terms(),
    )  # fmt: skip
    entries = [file.entry for file in manifest_files(made.manifest)]
    events = [bench.recorded()[entry].event for entry in entries]
    assert [type(event) for event in events] == [FileSkipped, FileSkipped]


@pytest.mark.parametrize("change", ["proved = 99999", "id = randomblob(16), proved = 1", "path = x'61'"])
def test_a_row_that_no_signed_entry_bears_out_is_refused(bench: Workbench, change: str) -> None:
    with closing(sqlite3.connect(bench.paths.database)) as database, database:
        database.execute(f"UPDATE transfers SET {change} WHERE kind = 'file'")
    with pytest.raises(Tampered, match="no signed entry"):
        offered(bench)


def test_a_refuted_copy_is_not_offered(bench: Workbench) -> None:
    (bench.destination / "source" / "card" / "a.mov").write_bytes(b"two")
    verify(bench.workshop(), resolve_scope(None, None, bench.ledger.read_model), record=True)
    assert bench.events(CopyRefuted)
    with pytest.raises(Refused, match="found changed"):
        offered(bench)


@pytest.mark.parametrize(
    ("folders", "common"),
    [
        ([b"/mnt/a"], b"/mnt/a"), ([b"/mnt/a", b"/mnt/a"], b"/mnt/a"), ([b"/mnt/a", b"/mnt/ab"], b"/mnt"),
        ([b"/mnt/a/b", b"/mnt/a"], b"/mnt/a"), ([b"/x", b"/y"], b"/"), ([b"/"], b"/"),
    ],
)  # fmt: skip
def test_the_folder_handed_over_holds_all_destinations(folders: list[bytes], common: bytes) -> None:
    assert common_folder([RawPath(folder) for folder in folders]) == common


def test_offers_are_judged_before_anything_is_done(bench: Workbench) -> None:
    data = file_of(bench, offered(bench))
    file = OfferFile.parse(data)
    with pytest.raises(CannotTell, match="not trusted"):
        received_offer(data, {RECEIVER: TrustedKey(raw=OTHER_KEY.public_raw)}, verify_each)
    with pytest.raises(CannotTell, match="no key is trusted"):
        received_offer(data, {}, verify_each)
    with pytest.raises(Tampered, match="not the one that the giver signed"):
        received(file.proof + file.manifest.replace(b'"size":3', b'"size":4'))
    with pytest.raises(Tampered):
        received(b"no proof\n" + file.manifest)
    with pytest.raises(MalformedData):
        received(b"")


def proof_of_streams(bench: Workbench, positions: list[int], manifest: bytes) -> bytes:
    bench.ledger.make_checkpoint()
    signed = chosen_checkpoint(signed_checkpoints(bench.ledger.reader, TRUSTED, one_at_a_time(verify_each)))
    return proof_of(bench.ledger.reader, signed, positions).to_bytes() + manifest


def test_an_offer_amid_other_entries_is_refused(bench: Workbench) -> None:
    made = offered(bench)
    stream = [one.position for one in bench.recorded() if isinstance(one.event, ExhibitRegistered)]
    with pytest.raises(Tampered, match="several exhibits"):
        received(proof_of_streams(bench, [0, *stream, made.position], made.manifest))
    with pytest.raises(CannotTell, match="withheld"):
        received(proof_of_streams(bench, [made.position], made.manifest))
    with pytest.raises(MalformedData, match="no offer"):
        received(proof_of_streams(bench, stream, made.manifest))


def test_an_offer_against_the_rules_of_its_own_ledger_is_refused(bench: Workbench) -> None:
    made = offered(bench)
    book = exhibit_book(bench.ledger.reader, *NAME)
    bench.ledger.append(book.next(made.event))  # while the first is open
    positions = [one.position for one in bench.ledger.reader.history(book.stream)]
    with pytest.raises(Tampered, match="offered already"):
        received(proof_of_streams(bench, positions, made.manifest))


OF_ANOTHER = b'{"case_number":"x","exhibit":"y","format":"custody.manifest/1","ledger":"%b"}\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"rubbish\n", "cannot be read"), (OF_ANOTHER % str(LEDGER).encode(), "another exhibit")],
)
def test_a_list_that_the_giver_signed_but_that_is_none_is_refused(
    other: Workbench, content: bytes, said: str
) -> None:
    casework.record_exhibit(other.ledger, other.ledger.reader, NAME, Description())
    book = exhibit_book(other.ledger.reader, *NAME)
    event = CustodyOffered(
        case_number=CASE, exhibit=EXHIBIT, receiver=RECEIVER, receiver_key=TO.public_key, giver_name="J",
        manifest_sha256=hashlib.sha256(content).hexdigest(), files=0, bytes=0,
    )  # fmt: skip
    other.ledger.append(book.next(event))
    positions = [one.position for one in other.ledger.reader.history(book.stream)]
    with pytest.raises(Tampered, match=said):
        received(proof_of_streams(other, positions, content))


def test_a_case_is_opened_noted_on_closed_and_opened_again(bench: Workbench) -> None:
    ledger, reader = bench.ledger, bench.ledger.reader
    with pytest.raises(Refused, match="open already"):
        casework.record_case(ledger, reader, CASE, None)
    casework.record_case_note(ledger, reader, CASE, "text")
    casework.record_closing(ledger, reader, CASE, "final")
    with pytest.raises(Refused, match="closed"):
        casework.record_closing(ledger, reader, CASE, None)
    with pytest.raises(Refused, match="closed"):
        offered(bench)
    with pytest.raises(Refused, match="closed"):
        bench.run(bench.plan(bench.job("other")))
    casework.record_case(ledger, reader, CASE, "again")
    assert case_book(reader, CASE).case == Case(number=CASE, known=True, title="again")
    with pytest.raises(NotFound):
        casework.record_case_note(ledger, reader, "none", "text")


def test_an_exhibit_is_registered_once_and_released_by_its_custodian(bench: Workbench) -> None:
    ledger, reader = bench.ledger, bench.ledger.reader
    with pytest.raises(Refused, match="registered already"):
        casework.record_exhibit(ledger, reader, NAME, Description())
    casework.record_exhibit(ledger, reader, ("new", "A-001"), Description(seal="1"))
    casework.record_exhibit_note(ledger, reader, NAME, "text")
    event = ExhibitReleased(case_number=CASE, exhibit=EXHIBIT, to="owner")
    with pytest.raises(NotAllowed):
        casework.record_release(ledger, reader, RECEIVER, event)
    casework.record_release(ledger, reader, GIVER, event)
    with pytest.raises(Refused, match="released before"):
        casework.record_release(ledger, reader, GIVER, event)
    with pytest.raises(NotFound):
        casework.record_exhibit_note(ledger, reader, (CASE, "none"), "text")


def test_an_exhibit_is_found_by_its_number_or_with_its_case(bench: Workbench) -> None:
    reader = bench.ledger.reader
    assert named_exhibit(reader, EXHIBIT, None) == named_exhibit(reader, f"{CASE}/{EXHIBIT}", None) == NAME
    assert named_exhibit(reader, "x", "y") == ("y", "x")
    with pytest.raises(NotFound):
        named_exhibit(reader, "none", None)
    casework.record_exhibit(bench.ledger, reader, ("new", EXHIBIT), Description())
    with pytest.raises(UsageError, match="several cases"):
        named_exhibit(reader, EXHIBIT, None)


def test_a_position_is_found_by_number_or_time(bench: Workbench) -> None:
    reader, size = bench.ledger.reader, bench.ledger.size
    assert position_at(reader, size, "3") == 3
    assert position_at(reader, size, "2999-01-01T00:00:00+02:00") == size - 1
    for wrong in ("9" * 30, str(size), "1990-01-01T00:00:00Z"):
        with pytest.raises(NotFound):
            position_at(reader, size, wrong)
    for wrong in ("soon", "2026-03-01T10:00:00", "0001-01-01T00:00:00+23:00"):
        with pytest.raises(UsageError):
            position_at(reader, size, wrong)
    assert enrolled(reader, RECEIVER) is None


def test_the_story_of_an_exhibit_has_its_notes_and_needs_no_job(bench: Workbench) -> None:
    ledger, reader, model = bench.ledger, bench.ledger.reader, bench.ledger.read_model
    casework.record_exhibit(ledger, reader, ("new", "B-9"), Description())
    casework.record_exhibit_note(ledger, reader, ("new", "B-9"), "seen")
    casework.record_case_note(ledger, reader, "new", "not about it")
    told = [one.text for one in explain(reader, model, "new/B-9", path=RawPath(b"/none"))]
    assert [text.partition(" by ")[0] for text in told] == ["exhibit B-9 of case new registered", "note"]
    casework.record_exhibit(ledger, reader, ("other", "B-9"), Description())
    with pytest.raises(UsageError, match="several cases"):
        list(explain(reader, model, "B-9", path=RawPath(b"/none")))


def test_the_history_names_people_and_what_became_of_each_offer(bench: Workbench, other: Workbench) -> None:
    made = offered(bench)
    found = received(file_of(bench, made))
    copy = read(bench, found)
    desk(other, found).refuse(replace(copy, changed=[Problem(RawPath(b"a"), "m")]))
    given = desk(other, found).accept(WHO, SAID, copy)
    take_answer(
        bench.ledger, bench.ledger.reader, given.envelope, key_of=TRUSTED.get, verify=verify_signature
    )
    here, there = (history_until(one.ledger.reader, None) for one in (bench, other))
    [mine], [theirs] = here.exhibits[NAME].hand_overs, there.exhibits[NAME].hand_overs
    assert (mine.standing, mine.foreign, mine.entry) == ("accepted", None, made.position)
    assert (theirs.standing, theirs.foreign) == ("accepted", LEDGER)
    assert here.name_of(RECEIVER) == there.name_of(RECEIVER) == "M. Berger"
    assert len(there.exhibits[NAME].refusals) == 1
    assert (here.name_of(None), here.name_of(KeyId("ab" * 32))) == (
        "nobody",
        f"the holder of key {'ab' * 8}…",
    )
    assert history_until(bench.ledger.reader, made.position).exhibits[NAME].hand_overs[0].standing == "open"


def test_a_history_of_odd_events_is_told_as_far_as_it_goes(bench: Workbench) -> None:
    ledger, reader = bench.ledger, bench.ledger.reader
    book = exhibit_book(reader, *NAME)
    odd: list[Event] = [
        CustodyAccepted(
            case_number=CASE, exhibit=EXHIBIT, by=RECEIVER, offer="00", answer="{}", position=Position(1)
        ),
        answered(CustodyDeclined, offer="01"),
        ExhibitRegistered(case_number=CASE, exhibit=EXHIBIT, holder=RECEIVER),
        ExhibitReleased(case_number=CASE, exhibit=EXHIBIT, to="owner"),
    ]
    ledger.append(book.next(*odd))
    history = CustodyHistory.of(reader.recorded())
    assert history.exhibits[NAME].hand_overs == []
    assert history.exhibits[NAME].released is not None
    assert accepted_manifest(reader, book.stream) is None
    assert "CustodyOffered" in TYPES
    made = offered_by(bench, name=None)
    ledger.append(
        exhibit_book(reader, *NAME).next(
            CustodyDeclined(
                case_number=CASE, exhibit=EXHIBIT, by=GIVER, offer="02", answer="{}", position=made
            )
        )
    )
    [mine] = CustodyHistory.of(reader.recorded()).exhibits[NAME].hand_overs
    assert (mine.standing, mine.answer) == ("withdrawn", None)


def answered(kind: type[CustodyAccepted | CustodyDeclined], **changed: object) -> Event:
    event = kind(case_number=CASE, exhibit=EXHIBIT, by=RECEIVER, offer="00", answer="{}")
    return replace(event, **changed)  # type: ignore[arg-type]


def offered_by(bench: Workbench, name: str | None) -> Position:
    """An offer as a careless program would record it."""
    event = CustodyOffered(
        case_number=CASE, exhibit=EXHIBIT, receiver=RECEIVER, receiver_key="", receiver_name=name,
        giver_name="J", manifest_sha256="00" * 32, files=0, bytes=0,
    )  # fmt: skip
    return bench.ledger.append(exhibit_book(bench.ledger.reader, *NAME).next(event))


def test_a_declined_offer_of_another_ledger_closes_no_own_one(bench: Workbench) -> None:
    made = offered(bench)
    book = exhibit_book(bench.ledger.reader, *NAME)
    bench.ledger.append(
        book.next(CustodyDeclined(case_number=CASE, exhibit=EXHIBIT, by=RECEIVER, offer="01", answer="{}"))
    )
    assert exhibit_book(bench.ledger.reader, *NAME).exhibit.open_offer == made.position


def test_notes_are_no_state_of_a_case() -> None:
    case = evolve(Case(number="1"), CaseOpened(case_number="1"))
    assert evolve(case, NoteAdded(case_number="1", text="t")) == case
    assert evolve(case, CaseClosed(case_number="1")).closed
    assert open_case(Case(number="1"), "t") == CaseOpened(case_number="1", title="t")
    assert close_case(case, None) == CaseClosed(case_number="1")
    assert add_note(case, "t", exhibit="A") == NoteAdded(case_number="1", exhibit="A", text="t")


def test_each_kind_of_objection_has_its_error() -> None:
    require_none(())
    for kind, error in (("right", NotAllowed), ("state", Refused), ("forged", Tampered)):
        with pytest.raises(error):
            require_none([Objection(kind, "code", "message")])  # type: ignore[arg-type]
    assert Exhibit(case_number="1", number="A\n").title == r"exhibit A\x0a of case 1"


def test_a_lane_that_dies_leaves_the_file_unread(bench: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    one, two, stranger = (TransferId(UUID(int=number)) for number in (1, 2, 9))
    lane = ScriptedLane(
        bench.clock,
        [
            Began(one), Advanced(one, "read back", 3), Advanced(stranger, "read back", 1),
            ReadBack(transfer=one, size=3, digests={}, method="cached"), Began(two), LaneDied(""),
        ],
    )  # fmt: skip
    folder = RawPath(os.fsencode(bench.destination))
    copy = read_handed_copy(replace(bench.workshop(), lane=lane), folder, found.manifest)
    assert (copy.files, dict(copy.read_back), copy.differs) == (2, {"cached": 1}, False)
    assert [problem.message for problem in copy.unreadable] == ["the reading process died"]


def test_a_case_and_its_notes_are_part_of_the_history(bench: Workbench) -> None:
    ledger, reader = bench.ledger, bench.ledger.reader
    casework.record_case_note(ledger, reader, CASE, "on the case")
    casework.record_exhibit_note(ledger, reader, NAME, "on the exhibit")
    casework.record_closing(ledger, reader, CASE, None)
    history = history_until(reader, None)
    assert history.cases[CASE].case.closed
    assert [len(notes) for notes in (history.cases[CASE].notes, history.exhibits[NAME].notes)] == [1, 1]
    assert history.name_of(GIVER) == "J. Ortiz"


def test_an_open_offer_can_be_written_anew_once_a_checkpoint_covers_it(bench: Workbench) -> None:
    reader = bench.ledger.reader
    assert open_offer(reader, exhibit_book(reader, *NAME)) is None
    bench.ledger.make_checkpoint()
    made = offered(bench)
    assert open_offer(reader, exhibit_book(reader, *NAME)) == made
    with pytest.raises(CannotTell, match="no checkpoint covers"):
        offer_file(reader, made, TRUSTED, verify_each)
    assert received(file_of(bench, made)).manifest == made.manifest


def rotate(bench: Workbench, key: KeyId, successor: KeyId) -> None:
    """Record, signed by the giver's key, that a key gave its place to another one."""
    stream = key_stream(bench.ledger.ledger, key)
    revision = max((one.revision for one in bench.ledger.reader.history(stream)), default=0) + 1
    bench.ledger.append([Recording(stream, revision, KeyRotated(key=key, successor=successor))])


def offered_with(bench: Workbench, actor: KeyId) -> Offered:
    return record_offer(
        bench.ledger, bench.ledger.reader, bench.ledger.read_model, NAME, actor=actor, giver_name="J. Ortiz",
        receiver=TO, terms=Terms(purpose="why"),
    )  # fmt: skip


def test_the_successor_of_a_rotated_key_is_the_custodian(bench: Workbench) -> None:
    rotate(bench, GIVER, RECEIVER)

    assert custodian(bench) == RECEIVER
    assert history_until(bench.ledger.reader, None).exhibits[NAME].exhibit.custodian == RECEIVER
    with pytest.raises(NotAllowed):
        offered_with(bench, GIVER)


def test_an_offer_takes_along_the_rotations_that_its_receiver_must_follow(bench: Workbench) -> None:
    rotate(bench, KeyId("ab" * 32), KeyId("cd" * 32))  # of somebody who never held it
    rotate(bench, GIVER, RECEIVER)
    made = offered_with(bench, RECEIVER)

    with pytest.raises(Tampered, match="its custodian is key"):  # the ledger signs with the older key
        received(file_of(bench, made))


def test_a_rotation_that_the_key_itself_did_not_sign_is_not_followed(bench: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    desk(bench, found).accept(WHO, SAID, read(bench, found))
    rotate(bench, RECEIVER, GIVER)
    again = offered_with(bench, GIVER)

    with pytest.raises(Tampered, match="did not itself name"):
        received(file_of(bench, again))


def test_an_offer_that_cannot_be_read_cites_nothing(bench: Workbench) -> None:
    found = received(file_of(bench, offered(bench)))
    desk(bench, found).accept(WHO, SAID, read(bench, found))
    [accepted] = bench.events(CustodyAccepted)

    assert isinstance(accepted, CustodyAccepted)
    assert cited_documents(replace(accepted, offer_entry="rubbish")) == ()
