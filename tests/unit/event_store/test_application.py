from threading import Timer

import pytest
from eventsourcing.persistence import (
    IntegrityError,
    NotSupportedError,
    StoredEvent,
    Tracking,
    TrackingRecorder,
)

from custody.infrastructure.event_store.application import LedgerApplication, SqlFactory
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.recorder import SqlApplicationRecorder
from tests.unit.event_store.sample_ledger import JOB, JOB_STREAM, Workspace, opening, window


def application_of(ledger: SqlLedger) -> LedgerApplication:
    return ledger._parts.application


def test_a_stray_variable_does_not_swap_the_store(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSISTENCE_MODULE", "eventsourcing.popo")
    monkeypatch.setenv("LEDGER_IS_SNAPSHOTTING_ENABLED", "y")
    with workspace.open() as ledger:
        ledger.append(opening())

        assert application_of(ledger).snapshots is None
        assert isinstance(application_of(ledger).recorder, SqlApplicationRecorder)
        assert ledger.reader.size() == 5


def test_the_librarys_event_store_reads_what_the_ledger_wrote(workspace: Workspace) -> None:
    with workspace.open() as ledger:
        ledger.append(opening())
        events = list(application_of(ledger).events.get(JOB))

    assert [event.originator_version for event in events] == [1, 2]
    assert [event.event for event in events] == [  # type: ignore[attr-defined]  # our own event form
        one.event for one in opening() if one.stream == JOB_STREAM
    ]


def test_a_snapshot_would_be_unsigned_evidence(workspace: Workspace) -> None:
    with workspace.open() as ledger, pytest.raises(NotSupportedError):
        application_of(ledger).factory.aggregate_recorder("snapshots")


def test_tracking_recorders_of_other_classes_are_refused(workspace: Workspace) -> None:
    with workspace.open() as ledger, pytest.raises(NotSupportedError):
        application_of(ledger).factory.tracking_recorder(TrackingRecorder)


def test_the_factory_makes_recorders_over_the_same_ledger(workspace: Workspace) -> None:
    with workspace.open() as ledger:
        ledger.append(opening())
        factory = application_of(ledger).factory
        assert isinstance(factory, SqlFactory)
        recorder = factory.process_recorder()
        factory.tracking_recorder().insert_tracking(Tracking("audit", 5))

        assert recorder.max_tracking_id("audit") == 5
        assert recorder.max_notification_id() == factory.application_recorder().max_notification_id() == 5
        assert len(factory.aggregate_recorder().select_events(JOB)) == 2


def test_a_recorder_without_a_voucher_goes_on_from_a_head_that_another_one_left(workspace: Workspace) -> None:
    with workspace.open() as ledger:
        factory = application_of(ledger).factory
        one, other = factory.application_recorder(), factory.application_recorder()
        first, second = (StoredEvent(JOB, n, "SessionClosed", b'{"at":"x","data":{}}') for n in (1, 2))

        assert one.head == other.head
        assert one.insert_events([first]) == [1]
        assert other.insert_events([second]) == [2]
        with pytest.raises(IntegrityError):
            one.insert_events([second])


def test_a_subscription_waits_for_what_is_recorded_later(workspace: Workspace) -> None:
    with workspace.open() as ledger:
        ledger.append(opening())
        writer = Timer(0.1, ledger.append, [window([0])])
        with application_of(ledger).recorder.subscribe(gt=5) as subscription:
            writer.start()
            found = next(subscription)
        writer.join()

    assert (found.id, found.topic) == (6, "FileQueued")


def test_stopping_a_subscription_ends_one_that_waits(workspace: Workspace) -> None:
    with workspace.open() as ledger, application_of(ledger).recorder.subscribe() as subscription:
        Timer(0.1, subscription.stop).start()

        assert list(subscription) == []
