"""A ledger's database and checkpoint files as an audit meets them: any row may be anyone's work.

Knows how to read rows of any type and size without failing, in one consistent view. Deliberately judges
nothing, and uses no index whose rows the audit has not seen checked.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import sqlalchemy as sa

from custody.domain.audit.checkpoints import RawNote
from custody.domain.audit.head import RawHead
from custody.domain.audit.record import RawColumns, RawRecord
from custody.domain.audit.revisions import RawRevision
from custody.domain.canonical import MAX_DOCUMENT_BYTES
from custody.domain.entries.dsse import MAX_ENTRY_BYTES
from custody.domain.entries.entry import Recorded
from custody.domain.errors import LedgerUnreadable
from custody.domain.paths import escape_text, printable
from custody.domain.proofs.checkpoint import MAX_NOTE_BYTES
from custody.domain.use_cases.audit_ledger import ProjectionDifference
from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.engine import naming_read_errors, reading
from custody.infrastructure.event_store.note_files import note_sizes, read_note
from custody.infrastructure.event_store.opening import LedgerPaths, open_for_reading
from custody.infrastructure.event_store.read_model_schema import faults_of
from custody.infrastructure.event_store.replay import Difference, replay_into, table_differences

_PAGE: Final = 1_000
_SHOWN: Final = 100  # characters of a value in a message
_MAX_DAMAGE: Final = 20  # lines of SQLite's own check

Row: TypeAlias = "sa.Row[tuple[object, ...]]"


def _blob(column: str, limit_bytes: int) -> str:
    """Return SQL for a value that is NULL unless it is bytes, and zeros, one too many, if it is too long.

    SQLite knows the length of bytes without reading them.
    """
    fits = f"CASE WHEN length({column}) <= {limit_bytes} THEN {column} ELSE zeroblob({limit_bytes + 1}) END"
    return f"CASE typeof({column}) WHEN 'blob' THEN {fits} END"


def _integer(column: str) -> str:
    return f"CASE typeof({column}) WHEN 'integer' THEN {column} END"


def _text(column: str) -> str:
    """Return SQL for the bytes of a text: the driver fails on text that is not UTF-8."""
    return f"CASE typeof({column}) WHEN 'text' THEN substr(CAST({column} AS BLOB), 1, 200) END"


_STREAM: Final = _blob("stream", 16)
_REVISION: Final = _integer("revision")
_POSITION: Final = _integer("position")
_FRONTIER: Final = _blob("frontier", 8 + 32 * 64)
# Everything put together here is a constant of this module.
_RECORDS: Final = (
    f"SELECT {_POSITION}, {_blob('entry', MAX_ENTRY_BYTES)}, {_STREAM}, {_REVISION}, {_text('type')} "  # noqa: S608
    "FROM entries ORDER BY position"
)
_COLUMNS_AGAIN: Final = f"SELECT {_POSITION}, {_blob('entry', MAX_ENTRY_BYTES)} FROM entries WHERE"  # noqa: S608
_BEFORE: Final = f"{_COLUMNS_AGAIN} stream = ? AND revision < ? ORDER BY revision DESC"
_REVISIONS: Final = f"SELECT {_STREAM}, {_REVISION}, {_POSITION} FROM entries ORDER BY stream, revision"  # noqa: S608
_CHECKPOINTS: Final = (
    f"SELECT {_integer('size')}, {_blob('note', MAX_NOTE_BYTES)}, coalesce({_FRONTIER}, x'') "  # noqa: S608
    "FROM checkpoints ORDER BY size"
)
_HEAD: Final = f"SELECT {_integer('size')}, {_FRONTIER}, {_blob('previous', 32)} FROM head WHERE id = 1"  # noqa: S608
_LEDGER: Final = f"SELECT {_text('value')} FROM meta WHERE name = 'ledger'"  # noqa: S608
_DOCUMENT: Final = (
    f"SELECT coalesce({_blob('content', MAX_DOCUMENT_BYTES)}, x'') FROM documents WHERE sha256 = ?"  # noqa: S608
)
_DAMAGE: Final = f"PRAGMA integrity_check({_MAX_DAMAGE})"


class SqlAuditSource:
    """Implements ``use_cases.audit_ledger.AuditSource``."""

    def __init__(self, connection: sa.Connection, folder: Path, file_sizes: Iterable[int]) -> None:
        """Take a connection with one view of the ledger, and the checkpoint files there were before it."""
        self._connection = connection
        self._folder = folder
        self._file_sizes = tuple(file_sizes)

    def damage(self) -> Iterator[str]:
        """Yield what SQLite's own check says, and what was put in or altered among the ledger's tables.

        A damaged index would hide entries from every query; a trigger would write beside an honest program.
        """
        yield from (str(line) for (line,) in self._rows(_DAMAGE) if line != "ok")
        with naming_read_errors():
            yield from list(islice(faults_of(self._connection, schema.LEDGER_TABLES), _MAX_DAMAGE))

    def checkpoints(self) -> Iterator[RawNote]:
        """Yield the checkpoints of the table, then those of the folder; an unreadable file has no note."""
        for size, note, frontier in self._rows(_CHECKPOINTS):
            yield RawNote(where=f"checkpoint row of size {size}", note=note, size=size, frontier=frontier)
        for size in self._file_sizes:
            yield RawNote(where=f"checkpoint file {size}.note", note=self._file(size), size=size)

    def records(self) -> Iterator[RawRecord]:
        """Yield all rows by position."""
        for position, entry, stream, revision, name in self._rows(_RECORDS):
            columns = RawColumns(stream, revision, _decoded(name))
            yield RawRecord(position=position, entry=entry, columns=columns)

    def records_at(self, positions: Sequence[int]) -> Iterator[RawRecord]:
        """Yield the entries at these positions once more, without their columns."""
        marks = ", ".join("?" * len(positions))
        query = f"{_COLUMNS_AGAIN} position IN ({marks})"
        return (RawRecord(position=row[0], entry=row[1]) for row in self._rows(query, *positions))

    def records_before(self, stream: bytes, revision: int) -> Iterator[RawRecord]:
        """Yield the entries of a stream below a revision once more, the latest first."""
        return (RawRecord(position=row[0], entry=row[1]) for row in self._rows(_BEFORE, stream, revision))

    def head(self) -> RawHead:
        """Return the head row and the ledger's id; None in place of what is missing."""
        size, frontier, previous = next(self._rows(_HEAD), (None, None, None))
        (ledger,) = next(self._rows(_LEDGER), (None,))
        return RawHead(size=size, frontier=frontier, previous=previous, ledger=_decoded(ledger))

    def revisions(self) -> Iterator[RawRevision]:
        """Yield all rows by stream and revision."""
        return (RawRevision(*row) for row in self._rows(_REVISIONS))

    def document(self, sha256: str) -> object:
        """Return the document kept under a SHA-256; None when there is none."""
        (content,) = next(self._rows(_DOCUMENT, sha256), (None,))
        return content

    @contextmanager
    def replayed(self, events: Iterable[Recorded]) -> Iterator[Iterable[ProjectionDifference]]:
        """Build the read models anew in a temporary file, then compare the kept ones with them."""
        with TemporaryDirectory(prefix="custody-audit-") as folder, ExitStack() as undo:
            engine = replay_into(Path(folder) / "replay.db", events)
            undo.callback(engine.dispose)
            with reading(engine) as fresh:
                yield self._differences(fresh)

    def _differences(self, fresh: sa.Connection) -> Iterator[ProjectionDifference]:
        with naming_read_errors():
            faults = list(faults_of(self._connection))
        yield from (ProjectionDifference(row="read models", message=fault) for fault in faults)
        if not faults:
            yield from self._row_differences(fresh)

    def _row_differences(self, fresh: sa.Connection) -> Iterator[ProjectionDifference]:
        for table in schema.READ_MODEL_TABLES:
            query = f"SELECT count(*) FROM {table.name} WHERE typeof(id) <> 'blob'"  # noqa: S608 - a constant
            ((odd,),) = self._rows(query)
            if odd:
                yield ProjectionDifference(row=table.name, message=f"{odd} rows have no id of theirs")
                continue
            with naming_read_errors():
                for difference in table_differences(table, self._connection, fresh):
                    yield _worded(difference)

    def _file(self, size: int) -> bytes | None:
        try:
            return read_note(self._folder, size)
        except LedgerUnreadable:
            return None

    def _rows(self, query: str, *parameters: str | int | bytes) -> "Iterator[tuple[object, ...]]":
        """Yield rows a page at a time. Raises LedgerUnreadable when the file is damaged."""
        # The driver's own cursor: SQLAlchemy's rows cost as much again, for every entry of the ledger.
        with naming_read_errors(), closing(self._connection.connection.cursor()) as cursor:
            cursor.arraysize = _PAGE
            cursor.execute(query, parameters)
            while page := cursor.fetchmany():
                yield from page


@contextmanager
def open_for_audit(paths: LedgerPaths) -> Iterator[SqlAuditSource]:
    """Give one consistent view of a ledger, which may be written meanwhile. Raises LedgerUnreadable."""
    # Before the view is taken: a checkpoint file made after it would look like a cut.
    sizes = note_sizes(paths.checkpoints)
    reader = open_for_reading(paths)
    try:
        with reading(reader.engine) as connection:
            connection.begin()  # what is read past SQLAlchemy is of the same view
            yield SqlAuditSource(connection, paths.checkpoints, sizes)
    finally:
        reader.close()


def _decoded(name: object) -> str | None:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else None


def _worded(difference: Difference) -> ProjectionDifference:
    row = f"{difference.table} {difference.key.hex()}"
    if difference.column is None:
        missing = (
            "no row is kept" if difference.live is None else "a row is kept that the ledger does not make"
        )
        return ProjectionDifference(row=row, message=missing)
    kept, made = _shown(difference.live), _shown(difference.replayed)
    return ProjectionDifference(row=row, message=f"{difference.column} is {kept}; the ledger makes it {made}")


def _shown(value: object) -> str:
    text = printable(value[:_SHOWN]) if isinstance(value, bytes) else escape_text(str(value)[:_SHOWN])
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
