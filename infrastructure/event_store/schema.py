"""The ledger's tables, and the marks by which a database is known to be a ledger.

Knows tables, columns and indexes. Deliberately knows neither what an entry holds nor how read models come
about. There are no triggers against changes: whoever can write the file can drop them, so they would only
look like protection. The signatures are one.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

APPLICATION_ID: Final = 0x43555354
"""``PRAGMA application_id`` of a ledger: "CUST" (SQLite file format, section 1.3.17)."""

SCHEMA_VERSION: Final = 1
"""``PRAGMA user_version``; a database with another one was made by another version of Custody."""


class RawBytes(sa.LargeBinary):
    """BLOB whose values go to the driver as they are: wrapping each costs six times the insert itself."""

    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """Leave values alone on the way in."""

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:
        """Leave values alone on the way out."""


metadata: Final = sa.MetaData()

entries: Final = sa.Table(
    "entries",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stream", RawBytes(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("entry", RawBytes, nullable=False),
    sa.UniqueConstraint("stream", "revision"),
)

head: Final = sa.Table(
    "head",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("frontier", RawBytes, nullable=False),
    sa.Column("previous", RawBytes(32), nullable=False),
)

checkpoints: Final = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("note", RawBytes, nullable=False),
    sa.Column("frontier", RawBytes, nullable=False),
)

tracking: Final = sa.Table(
    "tracking",
    metadata,
    sa.Column("application_name", sa.Text, primary_key=True),
    sa.Column("notification_id", sa.Integer, nullable=False),
)

documents: Final = sa.Table(
    "documents",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("content", RawBytes, nullable=False),
)

meta: Final = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

batches: Final = sa.Table(
    "batches",
    metadata,
    sa.Column("id", RawBytes(16), primary_key=True),
    sa.Column("batch", sa.Text, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("run", sa.Integer, nullable=False, server_default="0"),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("queued_at", sa.Text, nullable=False),
    sa.Column("jobs", sa.Integer, nullable=False),
)

jobs: Final = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", RawBytes(16), primary_key=True),
    sa.Column("batch", sa.Text, nullable=False, index=True),
    sa.Column("job_index", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("case_number", sa.Text, nullable=False),
    sa.Column("exhibit", sa.Text),
    sa.Column("destination", RawBytes, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("run", sa.Integer, nullable=False, server_default="0"),
    sa.Column("inventoried_run", sa.Integer, nullable=False, server_default="0"),
    sa.Column("revision", sa.Integer, nullable=False),
)

# Times in nanoseconds, devices and inodes are text: they may exceed SQLite's signed 64 bits.
transfers: Final = sa.Table(
    "transfers",
    metadata,
    sa.Column("id", RawBytes(16), primary_key=True),
    sa.Column("job", RawBytes(16), nullable=False),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("path", RawBytes, nullable=False),
    sa.Column("source", RawBytes, nullable=False),
    sa.Column("copy", RawBytes, index=True),
    sa.Column("size", sa.Integer, nullable=False, server_default="0"),
    sa.Column("mtime_ns", sa.Text, nullable=False, server_default="0"),
    sa.Column("ctime_ns", sa.Text, nullable=False, server_default="0"),
    sa.Column("atime_ns", sa.Text, nullable=False, server_default="0"),
    sa.Column("mode", sa.Integer, nullable=False, server_default="0"),
    sa.Column("device", sa.Text, nullable=False, server_default="0"),
    sa.Column("inode", sa.Text, nullable=False, server_default="0"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("temporary", RawBytes),
    sa.Column("proved", sa.Integer),
    sa.Column("copy_size", sa.Integer),
    sa.Column("digests", RawBytes),
    sa.Column("existed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("stage", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("errno", sa.Integer),
    sa.Column("failed_offset", sa.Integer),
    sa.Column("message", sa.Text),
    sa.Column("failed_at", sa.Text),
    sa.Column("standing", sa.Text),
    sa.Column("standing_at", sa.Integer),
    sa.Index("transfers_work", "job", "kind", "state", "ordinal"),
)

READ_MODEL_TABLES: Final = (batches, jobs, transfers)
LEDGER_TABLES: Final = (entries, head, checkpoints, tracking, documents, meta)


def create_tables(connection: sa.Connection) -> None:
    """Create all tables and the empty head, and mark the database as a ledger."""
    metadata.create_all(connection)
    connection.execute(head.insert().values(id=1, size=0, frontier=bytes(8), previous=bytes(32)))
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def create_read_model_tables(connection: sa.Connection) -> None:
    """Create the read models' tables alone, with their indexes."""
    metadata.create_all(connection, tables=list(READ_MODEL_TABLES))


def create_scratch_tables(connection: sa.Connection) -> None:
    """Create the read models' tables for a replay beside the ledger: nobody searches them, so no indexes."""
    for table in READ_MODEL_TABLES:
        connection.execute(CreateTable(table))
