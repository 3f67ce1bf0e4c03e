"""Building the read models anew from the ledger, and comparing two builds of them.

Knows pages and tables; memory does not grow with the ledger. Deliberately judges no difference.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import cast

import sqlalchemy as sa

from custody.domain.entries.entry import Recorded
from custody.domain.projections.fold import Projector
from custody.domain.projections.row_changes import RowChange, Value
from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.engine import scratch_engine, writing
from custody.infrastructure.event_store.row_writer import write_rows

_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that is not what the ledger makes it; ``column`` is None when one side lacks the whole row."""

    table: str
    key: bytes
    column: str | None
    live: Value
    replayed: Value


def fold_into(connection: sa.Connection, events: Iterable[Recorded]) -> int:
    """Apply the events to empty read models, a page at a time; returns how many there were."""
    projector, count, stream = Projector(), 0, iter(events)
    while page := list(islice(stream, _BATCH)):
        write_rows(connection, changes_of(projector, page))
        count += len(page)
    return count


def changes_of(projector: Projector, page: Iterable[Recorded]) -> Iterator[RowChange]:
    """Yield the changes of several events in their order."""
    for recorded in page:
        yield from projector.changes(recorded)


def replay_into(path: Path, events: Iterable[Recorded]) -> sa.Engine:
    """Build the read models of these events in a new SQLite file; the caller disposes of engine and file.

    Raises LedgerFailed when the disk does not take them.
    """
    engine = scratch_engine(path)
    with writing(engine) as connection:
        schema.create_scratch_tables(connection)
        fold_into(connection, events)
    return engine


def table_differences(table: sa.Table, live: sa.Connection, replayed: sa.Connection) -> Iterator[Difference]:
    """Yield the differences of one read model between two databases; its ids are bytes in both."""
    return _merge(table, _rows(live, table), _rows(replayed, table))


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[sa.RowMapping]:
    query = sa.select(table).order_by(table.c.id)
    result = connection.execution_options(stream_results=True).execute(query)
    for page in result.mappings().partitions(_BATCH):
        yield from page


def _merge(
    table: sa.Table, live: Iterator[sa.RowMapping], replayed: Iterator[sa.RowMapping]
) -> Iterator[Difference]:
    tagged = heapq.merge(((row, "live") for row in live), ((row, "new") for row in replayed), key=_id)
    for key, rows in groupby(tagged, key=_id):
        sides = {side: row for row, side in rows}
        if "new" not in sides:
            yield Difference(table=table.name, key=key, column=None, live=key, replayed=None)
        elif "live" not in sides:
            yield Difference(table=table.name, key=key, column=None, live=None, replayed=key)
        else:
            yield from _unequal(table, sides["live"], sides["new"])


def _id(tagged: tuple[sa.RowMapping, str]) -> bytes:
    return cast("bytes", tagged[0]["id"])


def _unequal(table: sa.Table, live: sa.RowMapping, replayed: sa.RowMapping) -> Iterator[Difference]:
    if tuple(live.values()) == tuple(replayed.values()):
        return
    for column in live:
        if live[column] != replayed[column]:
            yield Difference(
                table=table.name, key=live["id"], column=column, live=live[column], replayed=replayed[column]
            )
