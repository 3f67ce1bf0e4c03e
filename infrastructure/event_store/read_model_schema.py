"""Whether the read models' tables are as this version makes them, and how they come anew.

Knows names and kinds of all that SQLite keeps under them. Deliberately looks at no row:
``replay`` compares those.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from custody.domain.errors import LedgerUnreadable
from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.engine import reading

REBUILD: Final = "run custody rebuild: it makes them anew from the ledger"

_DROPPED_FIRST: Final = ("trigger", "view", "index", "table")  # a table takes its indexes along


def faults_of(
    connection: sa.Connection, tables: Sequence[sa.Table] = schema.READ_MODEL_TABLES
) -> Iterator[str]:
    """Yield what is missing, altered or not of this version among the objects of these tables."""
    found, expected = set(_objects(connection, tables)), set(_expected(tables))
    for kind, name in sorted(expected - found):
        yield f"the {kind} {name!r} is missing"
    for kind, name in sorted(found - expected):
        yield f"there is a {kind} {name!a} that is none of theirs"
    for table in tables:
        if ("table", table.name) in found and _columns(connection, table.name) != _columns_made(table):
            yield f"the columns of the table {table.name!r} were altered"


def require_read_models(engine: sa.Engine) -> None:
    """Raise LedgerUnreadable, saying all that is wrong, unless the tables are as this version makes them."""
    with reading(engine) as connection:
        faults = list(faults_of(connection))
    if faults:
        message = f"the read models cannot be used: {'; '.join(faults)}"
        raise LedgerUnreadable(message, done="The ledger itself was not touched.", hint=REBUILD)


def make_anew(connection: sa.Connection) -> None:
    """Drop whatever bears one of the read models' names, and create them empty."""
    found = _objects(connection, schema.READ_MODEL_TABLES)
    objects = sorted(found, key=lambda one: _DROPPED_FIRST.index(one[0]))
    for kind, name in objects:
        quoted = name.replace('"', '""')
        connection.exec_driver_sql(f'DROP {kind.upper()} IF EXISTS "{quoted}"')
    schema.create_read_model_tables(connection)


def _objects(connection: sa.Connection, tables: Sequence[sa.Table]) -> list[tuple[str, str]]:
    names = ", ".join(f"'{name}'" for _, name in _expected(tables))
    query = (
        "SELECT type, name FROM sqlite_schema WHERE substr(name, 1, 7) <> 'sqlite_' "  # noqa: S608 - constants
        f"AND (lower(tbl_name) IN ({names}) OR lower(name) IN ({names}))"
    )
    return [(str(kind), str(name)) for kind, name in connection.exec_driver_sql(query)]


def _expected(tables: Sequence[sa.Table]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of every object of the tables."""
    for table in tables:
        yield "table", table.name
        for index in table.indexes:
            yield "index", str(index.name)


def _columns(connection: sa.Connection, table: str) -> list[tuple[object, ...]]:
    query = 'SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?)'
    return [tuple(row) for row in connection.exec_driver_sql(query, (table,))]


def _columns_made(table: sa.Table) -> list[tuple[object, ...]]:
    dialect = sqlite.dialect()
    return [
        (column.name, column.type.compile(dialect), int(not column.nullable), int(column.primary_key), 0)
        for column in table.columns
    ]
