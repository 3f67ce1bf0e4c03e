"""A key made for one session: what it signs, and that the next writer finds out whom it stood for."""

from dataclasses import replace
from uuid import UUID

import pytest

from custody.domain.errors import Tampered
from custody.domain.events import CaseOpened, Event, SessionClosed
from custody.domain.identifiers import KeyId, Position, Stream, case_stream, delegation_stream
from custody.domain.ports import Recording
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.opening import open_for_writing
from tests.unit.event_store.sample_ledger import LEDGER, Workspace, opening
from tests.unit.key_ring import delegating

STRANGER = Ed25519Signer(new_private_key())
OPENED, CASE = 5, 6  # positions behind ``opening``


def open_with(workspace: Workspace, session_signer: Ed25519Signer | None) -> SqlLedger:
    return open_for_writing(
        workspace.paths, workspace.signer, workspace.keys, workspace.clock, session_signer=session_signer
    )


def begun(
    workspace: Workspace, *, opened: Event | None = None, stream: Stream | None = None
) -> Ed25519Signer:
    """Record a session's opening and one entry, then crash; returns the session's key."""
    session_signer = Ed25519Signer(new_private_key())
    own = delegation_stream(LEDGER, KeyId(session_signer.key_id))
    with workspace.open() as ledger:
        ledger.append(opening())
    with open_with(workspace, session_signer) as ledger:
        ledger.append(
            [
                Recording(stream or own, 1, opened or delegating(session_signer)),
                Recording(case_stream(LEDGER, "1"), 1, CaseOpened(case_number="1")),
            ]
        )
    return session_signer


def actors(workspace: Workspace) -> list[str]:
    with workspace.open() as ledger:
        return [recorded.actor for recorded in ledger.reader.recorded(OPENED)]


def test_the_person_opens_and_closes_the_session_and_its_key_signs_in_between(workspace: Workspace) -> None:
    session_signer = Ed25519Signer(new_private_key())
    stream = delegation_stream(LEDGER, KeyId(session_signer.key_id))
    person = workspace.signer.key_id
    with workspace.open() as ledger:
        ledger.append(opening())
    with open_with(workspace, session_signer) as ledger:
        assert (ledger.person_key, ledger.session_key) == (person, session_signer.public_raw)
        ledger.append([
            Recording(stream, 1, delegating(session_signer)),
            Recording(case_stream(LEDGER, "1"), 1, CaseOpened(case_number="1")),
            Recording(stream, 2, SessionClosed(exit=0)),
        ])  # fmt: skip
        note = ledger.make_checkpoint()
    assert ledger.session_key is None  # let go of at the end
    assert actors(workspace) == [person, session_signer.key_id, person]
    with workspace.open() as again:
        assert again.make_checkpoint() == note  # the person's key has signed it


def test_the_next_writer_accepts_what_a_session_key_left_behind_at_a_crash(workspace: Workspace) -> None:
    session_signer = begun(workspace)
    assert actors(workspace)[1] == session_signer.key_id
    with workspace.open() as ledger:
        assert ledger.vouched([Position(CASE)]).keys() == {CASE}
        ledger.make_checkpoint()
    with workspace.open() as ledger:  # now the checkpoint ends with that very entry
        assert ledger.size == CASE + 1


@pytest.mark.parametrize(
    "made_for",
    ["another stream", "another key", "no key", "what is no key", "what is no session"],
)
def test_a_key_that_no_session_was_opened_with_is_a_strangers(workspace: Workspace, made_for: str) -> None:
    opened: dict[str, Event | None] = {
        "another stream": None,
        "another key": delegating(STRANGER),
        "no key": replace(delegating(STRANGER), session_key=None),
        "what is no key": replace(delegating(STRANGER), session_key="no PEM"),
        "what is no session": SessionClosed(exit=0),
    }
    elsewhere = Stream("session", UUID(int=77)) if made_for == "another stream" else None
    begun(workspace, opened=opened[made_for], stream=elsewhere)
    with pytest.raises(Tampered, match=f"{CASE} is not signed by a key of this workspace"):
        workspace.open()


def test_a_session_that_a_stranger_opened_makes_no_key_count(workspace: Workspace) -> None:
    owner = workspace.signer
    with workspace.open() as ledger:
        ledger.append(opening())
        ledger.make_checkpoint()
    workspace.signer = STRANGER
    session_signer = Ed25519Signer(new_private_key())
    stream = delegation_stream(LEDGER, KeyId(session_signer.key_id))
    trusted = {**workspace.keys, KeyId(owner.key_id): owner.public_raw}
    with open_for_writing(
        workspace.paths, STRANGER, trusted, workspace.clock, session_signer=session_signer
    ) as ledger:
        ledger.append([
            Recording(stream, 1, delegating(session_signer)),
            Recording(case_stream(LEDGER, "1"), 1, CaseOpened(case_number="1")),
        ])  # fmt: skip
        ledger.make_checkpoint()
    workspace.signer = owner
    with pytest.raises(Tampered):
        workspace.open()


def test_a_session_key_counts_only_behind_the_opening_of_its_session(workspace: Workspace) -> None:
    session_signer = Ed25519Signer(new_private_key())
    stream = delegation_stream(LEDGER, KeyId(session_signer.key_id))
    with workspace.open() as ledger:
        ledger.append(opening())
    with open_with(workspace, session_signer) as ledger:
        ledger.append([Recording(case_stream(LEDGER, "1"), 1, CaseOpened(case_number="1"))])
        ledger.append([Recording(stream, 1, delegating(session_signer))])
        assert ledger.vouched([Position(OPENED)]) == {}


def test_after_a_rotation_the_successor_signs_entries_and_checkpoints(workspace: Workspace) -> None:
    successor = Ed25519Signer(new_private_key())
    with workspace.open() as ledger:
        ledger.append(opening())
        ledger.hand_over(successor)
        ledger.append([Recording(Stream("session", UUID(int=77)), 1, SessionClosed(exit=0))])
        ledger.make_checkpoint()
    workspace.signer = successor
    trusted = {**workspace.keys}
    with open_for_writing(workspace.paths, successor, trusted, workspace.clock) as ledger:
        [last] = ledger.reader.recorded(OPENED)
        assert last.actor == successor.key_id


def test_a_session_without_a_key_of_its_own_has_none(workspace: Workspace) -> None:
    with workspace.open() as ledger:
        assert ledger.session_key is None
