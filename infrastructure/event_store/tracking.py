"""How far an application followed another one: one row for each, which only ever goes forward.

Knows the tracking table. Deliberately does not know what is done with the events followed.
"""

import sqlalchemy as sa
from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder

from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.engine import reading, writing


class SqlTrackingRecorder(TrackingRecorder):
    """Remembers how far an application followed another one, never going back."""

    def __init__(self, engine: sa.Engine) -> None:
        """Take the engine."""
        self._engine = engine

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record a position. Raises the library's IntegrityError unless it is beyond the last one."""
        with writing(self._engine) as connection:
            write_tracking(connection, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return the last position followed, None when there is none."""
        column = schema.tracking.c
        query = sa.select(column.notification_id).where(column.application_name == application_name)
        with reading(self._engine) as connection:
            last: int | None = connection.execute(query).scalar()
        return last


def write_tracking(connection: sa.Connection, tracking: Tracking) -> None:
    """Advance a tracking record in one statement, so that two workers can never both succeed."""
    changed = connection.exec_driver_sql(
        "INSERT INTO tracking (application_name, notification_id) VALUES (?, ?) "
        "ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id "
        "WHERE notification_id < excluded.notification_id",
        (tracking.application_name, tracking.notification_id),
    )
    if changed.rowcount == 0:
        message = f"{tracking.application_name} has already followed {tracking.notification_id}"
        raise IntegrityError(message)
