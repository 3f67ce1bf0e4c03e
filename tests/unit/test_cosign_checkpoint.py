"""A witness cosigns what only grew, remembers it before it gives it out, and refuses two histories."""

from dataclasses import dataclass, field, replace

import pytest

from custody.domain.errors import CannotTell, Refused, Tampered
from custody.domain.events import CosignatureGiven
from custody.domain.identifiers import ledger_stream
from custody.domain.ports import Recording
from custody.domain.proofs import merkle
from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, Checkpoint, Note, parse_note, signed_note
from custody.domain.proofs.cosign_request import CosignRequest
from custody.domain.proofs.cosignature import witnessed_by
from custody.domain.use_cases.cosign_checkpoint import CosignResult, Witness
from custody.infrastructure.crypto.ed25519 import verify
from tests.unit.provable import MemoryReader, MemoryWriter, recorded_at
from tests.unit.signed_ledger import KEY, LEDGER, OTHER_KEY, SignedLedger, new_ledger
from tests.unit.witnessing import TIME, WITNESS, WITNESSES, line_over

ORIGIN = f"{ORIGIN_PREFIX}0f0e0d0c-0b0a-4908-8706-050403020100"


def leaves(size: int, fork_at: int | None = None) -> list[bytes]:
    return [merkle.leaf_hash(b"%d %d" % (at, fork_at == at)) for at in range(size)]


def request(
    size: int, old: int = 0, *, fork_at: int | None = None, signer: object = KEY, origin: str = ORIGIN
) -> CosignRequest:
    """What the keeper of a ledger of so many entries gives a witness."""
    tree = leaves(size, fork_at)
    checkpoint = Checkpoint(origin=origin, size=size, root=merkle.root_of(tree))
    note = signed_note(checkpoint.text(), origin, signer.public_raw, signer.sign(checkpoint.text()))  # type: ignore[attr-defined]
    proof = merkle.consistency_proof(old, tree)
    return CosignRequest(old_size=old, proof=proof, note=parse_note(note), checkpoint=checkpoint)


@dataclass
class Desk:
    """The witness's own ledger, and the witness at it."""

    ledger: SignedLedger = field(default_factory=lambda: new_ledger(1))
    hidden: set[int] = field(default_factory=set)
    keys: tuple[bytes, ...] = (KEY.public_raw,)

    def __call__(self, asked: CosignRequest) -> CosignResult:
        witness = Witness(
            ledger=MemoryWriter(self.ledger, self.hidden),
            own=MemoryReader(self.ledger),
            verify=verify,
            cosign=lambda text: line_over(text, WITNESS),
        )
        return witness.answer(asked, self.keys)

    def given(self) -> list[CosignatureGiven]:
        events = [recorded_at(self.ledger, row.position).event for row in self.ledger.rows]  # type: ignore[arg-type]
        return [event for event in events if isinstance(event, CosignatureGiven)]


def test_a_first_checkpoint_is_cosigned_and_remembered() -> None:
    desk = Desk()
    result = desk(request(7))
    assert (result.outcome, result.verdict, result.last) == ("cosigned", "passed", None)
    assert result.note is not None
    note = parse_note(result.note)
    assert witnessed_by(note, WITNESSES, verify).good
    assert note.verified_by(ORIGIN, KEY.public_raw, verify)
    [event] = desk.given()
    assert (event.origin, event.size, event.root) == (ORIGIN, 7, merkle.root_of(leaves(7)).hex())
    assert (event.time, event.cosignature) == (TIME, note.signatures[-1].line())
    assert event.note.encode() == request(7).note.to_bytes()
    assert desk.ledger.rows[-1].position == result.position


@pytest.mark.parametrize(("old", "new"), [(0, 1), (1, 2), (3, 7), (4, 8), (7, 8), (5, 6)])
def test_a_ledger_that_grew_is_cosigned_again(old: int, new: int) -> None:
    desk = Desk()
    assert desk(request(old)).outcome == "cosigned"
    result = desk(request(new, old))
    assert (result.outcome, result.last) == ("cosigned", desk.given()[0])
    assert [event.size for event in desk.given()] == [old, new]


def test_the_same_checkpoint_gets_the_same_line_and_no_second_entry() -> None:
    desk = Desk()
    first = desk(request(7))
    again = desk(request(7))
    assert (again.outcome, again.note, again.position) == ("again", first.note, first.position)
    assert len(desk.given()) == 1


def test_ledgers_are_remembered_apart() -> None:
    desk = Desk()
    desk(request(7))
    assert desk(request(3, origin="another.ledger")).outcome == "cosigned"
    assert desk(request(9, 7)).outcome == "cosigned"


def test_two_roots_of_one_size_are_a_fork_and_both_notes_are_the_evidence() -> None:
    desk = Desk()
    desk(request(7))
    forked = request(7, fork_at=2)
    result = desk(forked)
    assert (result.outcome, result.verdict, result.note) == ("forked", "failed", None)
    assert result.last is not None
    for note in (parse_note(result.last.note.encode()), result.request.note):
        assert note.verified_by(ORIGIN, KEY.public_raw, verify)
    assert result.last.root != result.request.checkpoint.root.hex()
    assert len(desk.given()) == 1


def test_a_longer_fork_has_no_proof_and_is_not_cosigned() -> None:
    desk = Desk()
    desk(request(7))
    result = desk(request(9, 7, fork_at=2))
    assert (result.outcome, result.verdict, result.note) == ("inconsistent", "failed", None)
    assert result.last is not None
    assert len(desk.given()) == 1


def test_a_proof_that_was_damaged_is_not_cosigned() -> None:
    desk = Desk()
    desk(request(5))
    asked = request(9, 5)
    assert desk(replace(asked, proof=asked.proof[:-1])).outcome == "inconsistent"
    assert desk(replace(asked, proof=(*asked.proof, bytes(32)))).outcome == "inconsistent"
    assert desk(asked).outcome == "cosigned"


def test_a_first_request_must_not_carry_a_proof() -> None:
    assert Desk()(replace(request(5), proof=(bytes(32),))).outcome == "inconsistent"


def test_the_checkpoint_of_nothing_must_have_the_root_of_nothing() -> None:
    assert Desk()(request(0)).outcome == "cosigned"
    checkpoint = Checkpoint(origin=ORIGIN, size=0, root=bytes(32))
    note = signed_note(checkpoint.text(), ORIGIN, KEY.public_raw, KEY.sign(checkpoint.text()))
    wrong = CosignRequest(old_size=0, proof=(), note=parse_note(note), checkpoint=checkpoint)
    assert Desk()(wrong).outcome == "inconsistent"


def test_a_smaller_checkpoint_is_refused() -> None:
    desk = Desk()
    desk(request(7))
    with pytest.raises(Refused, match="7 of this ledger were cosigned already"):
        desk(request(5))
    assert len(desk.given()) == 1


@pytest.mark.parametrize("old", [0, 3, 8])
def test_a_proof_from_another_size_than_the_last_is_refused_and_the_right_one_named(old: int) -> None:
    desk = Desk()
    desk(request(7))
    with pytest.raises(Refused, match="7 were cosigned last") as refused:
        desk(request(9, old))
    assert "--since 7" in refused.value.hint


def test_without_a_key_for_that_ledger_nothing_is_decided() -> None:
    with pytest.raises(CannotTell, match=ORIGIN):
        Desk(keys=())(request(7))


def test_a_checkpoint_that_a_stranger_signed_is_not_cosigned() -> None:
    desk = Desk()
    result = desk(request(7, signer=OTHER_KEY))
    assert (result.outcome, result.verdict, desk.given()) == ("unknown-key", "failed", [])


def test_a_checkpoint_changed_after_it_was_signed_is_not_cosigned() -> None:
    asked, other = request(7), request(8)
    changed = replace(asked, note=Note(other.note.text, asked.note.signatures), checkpoint=other.checkpoint)
    desk = Desk()
    assert desk(changed).outcome == "bad-signature"
    assert desk.given() == []


def test_only_the_ledgers_own_lines_are_kept_and_given_back() -> None:
    asked = request(7)
    stranger = parse_note(request(7, signer=OTHER_KEY).note.to_bytes()).signatures
    desk = Desk()
    result = desk(replace(asked, note=Note(asked.note.text, (*stranger, *asked.note.signatures))))
    assert result.note is not None
    assert len(parse_note(result.note).signatures) == 2
    assert desk.given()[0].note.encode() == asked.note.to_bytes()


def test_a_ledger_is_not_its_own_witness() -> None:
    with pytest.raises(Refused, match="this very ledger"):
        Desk()(request(7, origin=f"{ORIGIN_PREFIX}{LEDGER}"))


def test_a_memory_that_nobody_vouches_for_is_not_built_upon() -> None:
    desk = Desk()
    desk(request(7))
    desk.hidden.add(desk.ledger.rows[-1].position)  # type: ignore[arg-type]
    with pytest.raises(Tampered, match="earlier cosignatures"):
        desk(request(9, 7))


@pytest.mark.parametrize("cosigned_before", [True, False])
def test_a_memory_with_a_hole_is_not_built_upon(cosigned_before: bool) -> None:
    desk = Desk()
    if cosigned_before:
        desk(request(5))
    desk.ledger.revisions[LEDGER] += 1
    given = CosignatureGiven(origin="other", size=1, root="", note="", time=0, cosignature="")
    desk.ledger.add(ledger_stream(LEDGER), given)
    with pytest.raises(Tampered, match="earlier cosignatures"):
        desk(request(7))


def test_a_position_that_is_vouched_for_as_something_else_is_not_built_upon() -> None:
    desk = Desk()
    desk(request(7))
    opening = recorded_at(desk.ledger, 0)

    class Exchanged(MemoryWriter):
        def vouched(self, positions: object) -> dict:  # type: ignore[type-arg]
            return dict.fromkeys(positions, opening)  # type: ignore[call-overload]

    witness = Witness(
        ledger=Exchanged(desk.ledger), own=MemoryReader(desk.ledger), verify=verify, cosign=lambda text: ""
    )
    with pytest.raises(Tampered):
        witness.answer(request(9, 7), desk.keys)


def test_nothing_is_given_out_that_could_not_be_recorded() -> None:
    class Broken(MemoryWriter):
        def append(self, recordings: object) -> int:  # type: ignore[override]
            assert isinstance(recordings[0], Recording)  # type: ignore[index]
            raise Tampered("the disk said no")

    ledger = new_ledger(1)
    witness = Witness(
        ledger=Broken(ledger), own=MemoryReader(ledger), verify=verify,
        cosign=lambda text: line_over(text, WITNESS),
    )  # fmt: skip
    with pytest.raises(Tampered, match="the disk said no"):
        witness.answer(request(7), (KEY.public_raw,))
