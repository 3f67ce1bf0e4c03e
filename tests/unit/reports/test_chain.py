"""The chain of custody in the report: every hand-over with the fields of the form, and nothing believed."""

import pytest

from custody.domain.entries.dsse import open_envelope
from custody.domain.entries.entry import Recorded, parse
from custody.domain.events import CustodyRefused, ExhibitReleased, NoteAdded
from custody.domain.exhibits.history import CustodyHistory
from custody.domain.identifiers import case_stream
from custody.reports.chain import chain_of_custody
from custody.reports.content import build
from custody.reports.scope import LedgerHead, Scope
from tests.unit.hand_overs import (
    CASE,
    EXHIBIT,
    GIVER,
    RECEIVER,
    STREAM,
    HandOverLedger,
    accepted,
    answer,
    declined,
    registered,
    signed,
)  # fmt: skip
from tests.unit.reports.pdf_text import page_texts, printed
from tests.unit.signed_ledger import AT, LEDGER

HOSTILE = "\u202e<b>%(x)s\n" + "long " * 40


@pytest.fixture
def ledger() -> HandOverLedger:
    made = HandOverLedger()
    made.register(registered(make="Nikon", serial="4E5", seal=HOSTILE))
    return made


def records(ledger: HandOverLedger) -> list[Recorded]:
    found = []
    for row in ledger.ledger.rows:
        assert isinstance(row.entry, bytes)
        body = parse(open_envelope(row.entry).body)
        found.append(
            Recorded(
                position=body.position, stream=body.stream, revision=body.revision, at=body.at,
                actor=body.actor, event=body.event(),
            )
        )  # fmt: skip
    return found


def text_of(ledger: HandOverLedger) -> str:
    rows = records(ledger)
    head = LedgerHead(
        position=rows[-1].position, size=len(rows), root_hex="ab" * 32, leaf_hex="cd" * 32, keys=()
    )
    report = build(lambda: rows, ledger=LEDGER, scope=Scope(), head=head)
    pages = "\n".join(page_texts(printed(report)))
    return " ".join(pages[pages.index("13  Chain of custody", pages.index("12  Folders")) :].split())


def test_a_hand_over_stands_in_the_report_with_the_fields_of_the_form(ledger: HandOverLedger) -> None:
    offer = ledger.offer(ledger.offered(purpose="Analysis", place="Room 3", comments=HOSTILE))
    said = answer(offer, badge="77", agency="State Lab", place="Lab")
    position = ledger.accept(accepted(offer, answer=signed(said)))
    text = text_of(ledger)
    for part in (
        "Nikon", "4E5", "J. Ortiz", "M. Berger", "badge 77", "State Lab", "Purpose: Analysis",
        "Place: Room 3",
        "Received at: Lab", "accepted", f"entry {position}", AT[:10], RECEIVER[:32], GIVER[:32],
        "2 files read again before signing (2 direct)", f"Custodian M. Berger, key {RECEIVER}",
    ):  # fmt: skip
        assert part in text, part
    assert "\u202e" not in text


def test_what_was_not_accepted_is_marked(ledger: HandOverLedger) -> None:
    offer = ledger.offer()
    refused = CustodyRefused(
        case_number=CASE, exhibit=EXHIBIT, offer=offer.leaf, changed=1, missing=0, unreadable=0, message="m"
    )
    ledger.add(STREAM, refused)
    ledger.accept(declined(offer))
    ledger.add(case_stream(LEDGER, CASE), NoteAdded(case_number=CASE, exhibit=EXHIBIT, text="seal broken"))
    ledger.offer()
    text = text_of(ledger)
    for part in ("DECLINED", "NOT ANSWERED", "2 files offered", "seal broken", "1 changed, 0 missing"):
        assert part in text, part


def test_an_exhibit_that_left_custody_is_told_so(ledger: HandOverLedger) -> None:
    ledger.add(STREAM, ExhibitReleased(case_number=CASE, exhibit=EXHIBIT, to="the owner", reason="no case"))
    text = text_of(ledger)
    assert "to the owner; no case, entry" in text
    assert "No hand-over is recorded" in text
    assert "Custodian" not in text


def test_only_the_exhibits_asked_for_are_told(ledger: HandOverLedger) -> None:
    history = CustodyHistory.of(records(ledger))
    assert [one.exhibit for one in chain_of_custody(history, None)] == [EXHIBIT]
    assert chain_of_custody(history, {(CASE, "B")}) == ()


def test_an_offer_without_files_says_so(ledger: HandOverLedger) -> None:
    ledger.offer(ledger.offered(files=0, bytes=0))
    assert "no files" in text_of(ledger)
