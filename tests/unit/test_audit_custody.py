"""The auditor's view of hand-overs: one attack after the other, each with its finding."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from custody.domain.entries.entry import body, state_of
from custody.domain.events import CustodyRefused, ExhibitReleased, KeyRotated
from custody.domain.exhibits.manifest import ManifestFile, ManifestHead
from custody.domain.exhibits.offer import Offer, offer_of
from custody.domain.identifiers import KeyId, LedgerId, Position, Stream, exhibit_stream, key_stream
from custody.domain.paths import RawPath
from custody.domain.public_keys import pem_of
from tests.unit.hand_overs import (
    CASE,
    EXHIBIT,
    FILES,
    GIVER,
    RECEIVER,
    SHA,
    STREAM,
    HandOverLedger,
    accepted,
    answer,
    declined,
    registered,
    signed,
)
from tests.unit.signed_ledger import AT, KEY, LEDGER, OTHER_KEY, signed_body

ELSEWHERE = LedgerId(UUID("00000000-0000-4000-8000-000000000001"))


@pytest.fixture
def ledger() -> HandOverLedger:
    made = HandOverLedger()
    made.register()
    return made


def released() -> ExhibitReleased:
    return ExhibitReleased(case_number=CASE, exhibit=EXHIBIT, to="the owner")


def foreign(ledger: HandOverLedger, *, signer: object = OTHER_KEY, **changed: object) -> Offer:
    """An offer made by the holder of the other key in another ledger, to the giver of this one."""
    event = replace(
        ledger.offered(**changed),
        receiver=GIVER,
        receiver_key=KEY.public_pem.decode(),
        giver_name="M. Berger",
    )
    raw = body(
        state_of(event, AT), actor=RECEIVER, ledger=str(ELSEWHERE), place=(9, "00" * 32),
        stream=str(exhibit_stream(ELSEWHERE, CASE, EXHIBIT)), revision=2, name="CustodyOffered",
        salt="00" * 16,
    )  # fmt: skip
    return offer_of(signed_body(raw, signer, OTHER_KEY.key_id))  # type: ignore[arg-type]


def taking(ledger: HandOverLedger, made: Offer, raw: bytes, **changed: object) -> None:
    event = accepted(
        made, by=GIVER, position=None, offer_entry=raw.decode(), giver_key=pem_of(OTHER_KEY.public_raw),
        answer=signed(answer(made, key=GIVER, name="J. Ortiz"), KEY),
    )  # fmt: skip
    ledger.accept(replace(event, **changed))  # type: ignore[arg-type]


def raw_of(offer: Offer, signer: object = OTHER_KEY) -> bytes:
    return signed_body(offer.envelope.body, signer, OTHER_KEY.key_id)  # type: ignore[arg-type]


def test_a_hand_over_by_both_signatures_is_no_finding(ledger: HandOverLedger) -> None:
    ledger.accept(accepted(ledger.offer()))
    ledger.add(STREAM, released(), OTHER_KEY)
    assert ledger.codes() == []


def test_a_refused_copy_and_a_declined_offer_move_nothing(ledger: HandOverLedger) -> None:
    offer = ledger.offer()
    refused = CustodyRefused(
        case_number=CASE, exhibit=EXHIBIT, offer=offer.leaf, changed=1, missing=0, unreadable=0, message="m"
    )
    ledger.add(STREAM, refused)
    ledger.accept(declined(offer))
    ledger.accept(declined(ledger.offer(), signer=KEY))  # withdrawn
    ledger.offer()
    assert ledger.codes() == []


def test_an_exhibit_that_came_back_may_be_offered_again(ledger: HandOverLedger) -> None:
    ledger.accept(accepted(ledger.offer()))
    offer = foreign(ledger)
    taking(ledger, offer, raw_of(offer))
    ledger.offer()
    assert ledger.codes() == []


Attack = Callable[[HandOverLedger], int]


def by_a_stranger(ledger: HandOverLedger) -> int:
    return ledger.offer(signer=OTHER_KEY).position


def released_by_a_stranger(ledger: HandOverLedger) -> int:
    return ledger.add(STREAM, released(), OTHER_KEY)


def twice_open(ledger: HandOverLedger) -> int:
    ledger.offer()
    return ledger.offer().position


def after_release(ledger: HandOverLedger) -> int:
    ledger.add(STREAM, released())
    return ledger.offer().position


def registered_twice(ledger: HandOverLedger) -> int:
    return ledger.register(signer=OTHER_KEY)


def in_another_stream(ledger: HandOverLedger) -> int:
    return ledger.offer(stream=exhibit_stream(LEDGER, CASE, "B")).position


def receiver_key_exchanged(ledger: HandOverLedger) -> int:
    return ledger.offer(ledger.offered(receiver_key=KEY.public_pem.decode())).position


def receiver_key_of_no_use(ledger: HandOverLedger) -> int:
    return ledger.offer(ledger.offered(receiver_key="-----")).position


def without_offer(ledger: HandOverLedger) -> int:
    offer = ledger.offer()
    return ledger.accept(accepted(replace(offer, leaf="00" * 32)))


def at_another_position(ledger: HandOverLedger) -> int:
    return ledger.accept(accepted(ledger.offer(), position=Position(3)))


def of_another_exhibit(ledger: HandOverLedger) -> int:
    ledger.add(exhibit_stream(LEDGER, CASE, "B"), registered(exhibit="B"))
    event = accepted(ledger.offer(), exhibit="B")
    return ledger.add(exhibit_stream(LEDGER, CASE, "B"), event)


def second_answer(ledger: HandOverLedger) -> int:
    offer = ledger.offer()
    ledger.accept(accepted(offer))
    return ledger.accept(accepted(offer))


def lapsed(ledger: HandOverLedger) -> int:
    offer = ledger.offer()
    ledger.add(STREAM, released())
    return ledger.accept(accepted(offer))


def by_another(ledger: HandOverLedger) -> int:
    offer = ledger.offer()
    return ledger.accept(accepted(offer, by=GIVER, answer=signed(answer(offer, key=GIVER), KEY)))


def forged_signature(ledger: HandOverLedger) -> int:
    offer = ledger.offer()
    return ledger.accept(accepted(offer, answer=signed(answer(offer), KEY)))


def unreadable_answer(ledger: HandOverLedger) -> int:
    return ledger.accept(accepted(ledger.offer(), answer='{"payload":""}'))


def answer_to_another(ledger: HandOverLedger) -> int:
    offer = ledger.offer()
    return ledger.accept(accepted(offer, answer=signed(answer(offer, files=3))))


def no_for_an_answer(ledger: HandOverLedger) -> int:
    offer = ledger.offer()
    return ledger.accept(accepted(offer, answer=signed(answer(offer, answer="declined"))))


def withdrawn_by_a_stranger(ledger: HandOverLedger) -> int:
    stranger = KeyId("cd" * 32)
    offer = ledger.offer()
    return ledger.accept(
        declined(offer, by=stranger, answer=signed(answer(offer, answer="declined", key=stranger)))
    )


ATTACKS: list[tuple[Attack, list[str]]] = [
    (by_a_stranger, ["not-by-custodian"]),
    (released_by_a_stranger, ["not-by-custodian"]),
    (twice_open, ["offer-open"]),
    (after_release, ["exhibit-released"]),
    (registered_twice, ["second-registration"]),
    (in_another_stream, ["wrong-exhibit-stream"]),
    (receiver_key_exchanged, ["receiver-key-mismatch"]),
    (receiver_key_of_no_use, ["receiver-key-mismatch"]),
    (without_offer, ["answer-without-offer"]),
    (at_another_position, ["answer-without-offer"]),
    (of_another_exhibit, ["answer-without-offer"]),
    (second_answer, ["second-answer"]),
    (lapsed, ["offer-lapsed", "exhibit-released"]),
    (by_another, ["answer-by-another"]),
    (forged_signature, ["forged-hand-over"]),
    (unreadable_answer, ["forged-hand-over"]),
    (answer_to_another, ["answer-differs"]),
    (no_for_an_answer, ["answer-differs"]),
    (withdrawn_by_a_stranger, ["answer-by-another"]),
]


@pytest.mark.parametrize(("attack", "codes"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
def test_a_hand_over_that_was_not_so_is_found(
    ledger: HandOverLedger, attack: Attack, codes: list[str]
) -> None:
    position = attack(ledger)
    assert [code for at, code in ledger.codes() if at == position] == codes


def test_nothing_can_be_done_with_an_exhibit_that_was_never_registered() -> None:
    ledger = HandOverLedger()
    offer = ledger.offer()
    ledger.accept(accepted(offer))
    assert {code for _, code in ledger.codes()} == {"exhibit-unregistered"}


@pytest.mark.parametrize(
    ("forge", "codes"),
    [
        ("unheld", ["not-by-custodian"]),
        ("no entry", ["answer-without-offer"]),
        ("another leaf", ["answer-without-offer"]),
        ("signature", ["forged-hand-over"]),
        ("key", ["forged-hand-over"]),
        ("no key", ["forged-hand-over"]),
    ],
)
def test_a_forged_offer_of_another_ledger_is_found(
    ledger: HandOverLedger, forge: str, codes: list[str]
) -> None:
    if forge != "unheld":
        ledger.accept(accepted(ledger.offer()))
    offer = foreign(ledger, signer=KEY) if forge == "signature" else foreign(ledger)
    raw = raw_of(offer, KEY) if forge == "signature" else raw_of(offer)
    changed = {
        "no entry": {"offer_entry": "no envelope"},
        "another leaf": {"offer": "00" * 32},
        "key": {"giver_key": KEY.public_pem.decode()},
        "no key": {"giver_key": None},
    }.get(forge, {})
    taking(ledger, offer, raw, **changed)
    assert [code for _, code in ledger.codes()] == codes


def test_an_exhibit_known_only_from_an_offer_is_held_by_its_giver() -> None:
    ledger = HandOverLedger()
    ledger.register(registered(holder=RECEIVER, holder_name="M. Berger"))
    offer = foreign(ledger)
    taking(ledger, offer, raw_of(offer))
    assert ledger.codes() == []


def file(path: bytes, entry: int, *, size: int = 7, sha256: str = SHA) -> ManifestFile:
    return ManifestFile(path=RawPath(path), size=size, digests={"sha256": sha256}, entry=Position(entry))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("size", "another number of files"),
        ("digest", "does not prove card/b.mov"),
        ("later entry", "does not prove card/b.mov"),
        ("no proof", "does not prove card/b.mov"),
        ("path", "does not prove card/c.mov"),
        ("folder", "does not prove card/a.mov"),
        ("one less", "another number of files"),
        ("another exhibit", "of another exhibit"),
        ("another ledger", "of another ledger"),
        ("rubbish", "cannot be read"),
    ],
)
def test_a_list_of_files_that_is_not_the_exhibits_is_found(
    ledger: HandOverLedger, change: str, said: str
) -> None:
    first, second = ledger.entries
    one = file(FILES[0], first)
    lists = {
        "size": ledger.manifest(one, file(FILES[1], second, size=8)),
        "digest": ledger.manifest(one, file(FILES[1], second, sha256="00" * 32)),
        "later entry": ledger.manifest(one, file(FILES[1], 999)),
        "no proof": ledger.manifest(one, file(FILES[1], 0)),
        "path": ledger.manifest(one, file(b"card/c.mov", second)),
        "folder": ledger.manifest(one, file(b"b.mov", second)),
        "one less": ledger.manifest(one),
        "another exhibit": ledger.manifest(head=ManifestHead(ledger=LEDGER, case_number=CASE, exhibit="B")),
        "another ledger": ledger.manifest(
            head=ManifestHead(ledger=ELSEWHERE, case_number=CASE, exhibit=EXHIBIT)
        ),
        "rubbish": b"rubbish\n",
    }
    position = ledger.offer(ledger.offered(lists[change])).position
    [finding] = [one for one in ledger.audit().findings if one.code == "manifest-differs"]
    assert (finding.position, said in finding.message) == (position, True), finding.message


def test_a_list_of_files_that_is_lost_or_another_is_found(ledger: HandOverLedger) -> None:
    event = ledger.offered()
    ledger.offer(event)
    del ledger.ledger.documents[event.manifest_sha256]
    assert [code for _, code in ledger.codes()] == ["document-missing"]
    ledger.ledger.documents[event.manifest_sha256] = b"another"
    assert [code for _, code in ledger.codes()] == ["document-differs"]


def test_behind_a_gap_no_hand_over_is_judged(ledger: HandOverLedger) -> None:
    gap = len(ledger.ledger.rows)
    ledger.add(Stream("exhibit", UUID(int=4)), registered(exhibit="B"))
    by_a_stranger(ledger)
    del ledger.ledger.rows[gap]
    assert not {"not-by-custodian"} & {code for _, code in ledger.codes()}
    assert ledger.audit().verdicts["authorisation"] != "passed"


def test_without_a_trusted_key_nobodys_right_is_decided(ledger: HandOverLedger) -> None:
    ledger.accept(declined(ledger.offer(), signer=KEY))
    result = ledger.ledger.audit({})
    assert result.verdicts["authorisation"] == "indeterminate"
    assert [one.code for one in result.findings if one.check == "authorisation"] == []


def rotate(ledger: HandOverLedger) -> None:
    """The giver's key gives its place to the other one, whose holder is the same person now."""
    event = KeyRotated(key=GIVER, successor=RECEIVER)
    ledger.add(key_stream(LEDGER, GIVER), event)


def custody_codes(ledger: HandOverLedger) -> list[str]:
    return [code for _, code in ledger.codes() if code in {"not-by-custodian", "answer-by-another"}]


def test_the_successor_of_a_rotated_key_holds_what_it_held(ledger: HandOverLedger) -> None:
    rotate(ledger)
    ledger.add(STREAM, released(), OTHER_KEY)

    assert custody_codes(ledger) == []


def test_a_rotated_key_holds_nothing_any_more(ledger: HandOverLedger) -> None:
    rotate(ledger)
    ledger.add(STREAM, released())

    assert custody_codes(ledger) == ["not-by-custodian"]
