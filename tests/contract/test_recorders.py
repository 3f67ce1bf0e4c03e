"""The library's own test cases, run against our recorders on SQLite files with a seal that seals nothing."""

import shutil
import tempfile
from pathlib import Path
from unittest import TestCase

import sqlalchemy as sa
from eventsourcing.persistence import StoredEvent
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)

from custody.infrastructure.event_store.engine import writing, writing_engine
from custody.infrastructure.event_store.recorder import (
    SqlAggregateRecorder,
    SqlApplicationRecorder,
    SqlProcessRecorder,
)
from custody.infrastructure.event_store.schema import create_tables
from custody.infrastructure.event_store.tracking import SqlTrackingRecorder


def no_seal(position: int, previous: bytes, stored: StoredEvent) -> bytes:
    return stored.state


class OnSqliteFile(TestCase):
    def new_engine(self) -> sa.Engine:
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        engine = writing_engine(Path(folder) / "ledger.db")
        self.addCleanup(engine.dispose)
        with writing(engine) as connection:
            create_tables(connection)
        return engine


class TestSqlAggregateRecorder(OnSqliteFile, AggregateRecorderTestCase):
    def create_recorder(self) -> SqlAggregateRecorder:
        return SqlAggregateRecorder(self.new_engine(), no_seal)


class TestSqlApplicationRecorder(OnSqliteFile, ApplicationRecorderTestCase[SqlApplicationRecorder]):
    def create_recorder(self) -> SqlApplicationRecorder:
        return SqlApplicationRecorder(self.new_engine(), no_seal)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestSqlTrackingRecorder(OnSqliteFile, TrackingRecorderTestCase):
    def create_recorder(self) -> SqlTrackingRecorder:
        return SqlTrackingRecorder(self.new_engine())


class TestSqlProcessRecorder(OnSqliteFile, ProcessRecorderTestCase):
    def create_recorder(self) -> SqlProcessRecorder:
        return SqlProcessRecorder(self.new_engine(), no_seal)


class TestNotificationsOfTwoWritersDoNotInterleave(OnSqliteFile, NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> SqlApplicationRecorder:
        return SqlApplicationRecorder(self.new_engine(), no_seal)
