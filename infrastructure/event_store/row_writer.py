"""Carries row changes into the read models' tables.

Knows how a shape becomes one SQL statement. Deliberately does not know events.
"""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from operator import attrgetter

import sqlalchemy as sa

from custody.domain.projections.row_changes import RowChange, Shape


def write_rows(connection: sa.Connection, changes: Iterable[RowChange]) -> None:
    """Apply the changes in their order; neighbours of one shape share a statement."""
    for shape, group in groupby(changes, key=attrgetter("shape")):
        connection.exec_driver_sql(_statement(shape), [change.values for change in group])


@cache
def _statement(shape: Shape) -> str:
    """Return the statement of a shape; its placeholders are the shape's columns, then the id.

    All names and fixed values come from the constants in ``domain.projections.row_changes``, never from data.
    """
    return _upsert(shape) if shape.inserts else _update(shape)


def _update(shape: Shape) -> str:
    settings = [f"{column} = ?" for column in shape.columns]
    settings += [f"{column} = {_literal(value)}" for column, value in shape.fixed.items()]
    return f"UPDATE {shape.table} SET {', '.join(settings)} WHERE id = ?"  # noqa: S608 - constants only


def _upsert(shape: Shape) -> str:
    columns = (*shape.columns, "id", *shape.fixed)
    values = ["?"] * (len(shape.columns) + 1) + [_literal(value) for value in shape.fixed.values()]
    settings = [
        f"{column} = {_merged(shape, column)}"
        for column in columns
        if column != "id" and column not in shape.keeps
    ]
    return (
        f"INSERT INTO {shape.table} ({', '.join(columns)}) VALUES ({', '.join(values)}) "  # noqa: S608 - constants only
        f"ON CONFLICT (id) DO UPDATE SET {', '.join(settings)}"
    )


def _merged(shape: Shape, column: str) -> str:
    if column not in shape.keeps_in_run:
        return f"excluded.{column}"
    return (
        f"CASE WHEN {shape.table}.run = excluded.run THEN {shape.table}.{column} ELSE excluded.{column} END"
    )


def _literal(value: str | int | None) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
