"""The library's application around our own recorder and mapper.

Knows how to keep the library from configuring itself: it would read ``os.environ``, where a stray variable
may swap the store for one in memory.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    EventStore,
    InfrastructureFactory,
    NotSupportedError,
    Recording,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType

from custody.infrastructure.event_store.codec import EventMapper
from custody.infrastructure.event_store.recorder import (
    SqlAggregateRecorder,
    SqlApplicationRecorder,
    SqlProcessRecorder,
)
from custody.infrastructure.event_store.sealing import Seal
from custody.infrastructure.event_store.tracking import SqlTrackingRecorder


class SqlFactory(InfrastructureFactory[TrackingRecorder]):
    """Makes recorders over one engine, with one seal."""

    def __init__(self, env: Environment, engine: sa.Engine, seal: Seal) -> None:
        """Take the engine and the seal; the environment is empty."""
        super().__init__(env)
        self._engine = engine
        self._seal = seal

    def aggregate_recorder(self, purpose: str = "events") -> SqlAggregateRecorder:
        """Return a recorder of events. Raises the library's NotSupportedError for snapshots."""
        if purpose != "events":
            message = "a snapshot would be unsigned evidence"
            raise NotSupportedError(message)
        return SqlAggregateRecorder(self._engine, self._seal)

    def application_recorder(self) -> SqlApplicationRecorder:
        """Return a recorder of events in one order."""
        return SqlApplicationRecorder(self._engine, self._seal)

    def tracking_recorder(
        self, tracking_recorder_class: type[TrackingRecorder] | None = None
    ) -> SqlTrackingRecorder:
        """Return a recorder of positions followed; other classes know nothing of our tables."""
        if tracking_recorder_class not in (None, SqlTrackingRecorder):
            message = "a ledger has tracking recorders of one class only"
            raise NotSupportedError(message)
        return SqlTrackingRecorder(self._engine)

    def process_recorder(self) -> SqlProcessRecorder:
        """Return a recorder of events together with positions followed."""
        return SqlProcessRecorder(self._engine, self._seal)


class PlainEventStore(EventStore[UUID]):
    """The library's event store without its notification objects: 5 µs an event, and nobody asks for them."""

    def put(
        self, domain_events: Sequence[DomainEventProtocol[UUID]], **kwargs: object
    ) -> list[Recording[UUID]]:
        """Record the events; returns nothing about them."""
        self.recorder.insert_events([self.mapper.to_stored_event(event) for event in domain_events], **kwargs)
        return []


class LedgerApplication(Application[UUID]):
    """Event store and repository over one ledger, with a recorder whose head was verified."""

    name = "ledger"

    def __init__(self, engine: sa.Engine, seal: Seal, recorder: SqlApplicationRecorder) -> None:
        """Take everything that the library would look for in the environment."""
        self._engine = engine
        self._seal = seal
        self._verified_recorder = recorder
        super().__init__()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Return an empty environment, whatever ``os.environ`` holds."""
        return Environment(name, env)

    def construct_factory(self, env: Environment) -> SqlFactory:
        """Return the factory of our recorders."""
        return SqlFactory(env, self._engine, self._seal)

    def construct_mapper(self) -> EventMapper:
        """Return the mapper with the closed table of types."""
        return EventMapper()

    def construct_event_store(self) -> PlainEventStore:
        """Return the event store for many events at once."""
        return PlainEventStore(self.mapper, self.recorder)

    def construct_recorder(self) -> SqlApplicationRecorder:
        """Return the recorder given at construction."""
        return self._verified_recorder
