import pytest
from eventsourcing.persistence import StoredEvent

from custody.domain.entries import dsse, entry
from custody.domain.errors import MalformedData
from custody.domain.events import SessionClosed
from custody.infrastructure.event_store.codec import EventMapper, LedgerEvent
from custody.infrastructure.event_store.sealing import EntrySealer
from tests.unit.event_store.sample_ledger import JOB, LEDGER, Workspace

AT = "2026-03-01T21:10:00.000000Z"
EVENT = LedgerEvent(JOB, 2, SessionClosed(exit=0), AT)


def sealed(workspace: Workspace) -> StoredEvent:
    stored = EventMapper().to_stored_event(EVENT)
    return StoredEvent(
        stored.originator_id,
        stored.originator_version,
        stored.topic,
        EntrySealer(LEDGER, workspace.signer)(7, bytes(32), stored),
    )


def test_an_event_is_stored_under_its_short_name_and_not_under_a_module() -> None:
    stored = EventMapper().to_stored_event(EVENT)

    assert (stored.topic, stored.originator_id, stored.originator_version) == ("SessionClosed", JOB, 2)
    assert stored.state == b'{"at":"2026-03-01T21:10:00.000000Z","data":{"exit":0}}'


def test_an_event_comes_back_from_its_entry(workspace: Workspace) -> None:
    assert EventMapper().to_domain_event(sealed(workspace)) == EVENT


def test_a_name_found_in_the_database_is_never_imported(workspace: Workspace) -> None:
    state = entry.state_of(SessionClosed(exit=0), AT)
    body = entry.body(
        state, actor=workspace.keys.popitem()[0], ledger=str(LEDGER), place=(0, "0" * 64),
        stream=f"session/{JOB}", revision=1, name="antigravity:x", salt="0" * 32,
    )  # fmt: skip
    signature = workspace.signer.sign(body)
    stored = StoredEvent(JOB, 1, "antigravity:x", dsse.envelope(body, workspace.signer.key_id, signature))
    with pytest.raises(MalformedData):
        EventMapper().to_domain_event(stored)


def test_only_events_of_the_ledger_are_mapped() -> None:
    with pytest.raises(MalformedData, match="object"):
        EventMapper().to_stored_event(object())  # type: ignore[arg-type]  # the point of the test
