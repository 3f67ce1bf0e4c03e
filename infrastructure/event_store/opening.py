"""Making, opening and finding a ledger in its workspace.

Knows files, the order of the checks, and how the parts of a writer fit together. Deliberately does not know
the other contents of a workspace; keys are handed in, never looked for.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from custody.domain.errors import LedgerUnreadable, MalformedData, Refused
from custody.domain.identifiers import KeyId, LedgerId
from custody.domain.ports import Clock
from custody.domain.proofs.merkle import Frontier
from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.application import LedgerApplication
from custody.infrastructure.event_store.checkpointing import CheckpointBook
from custody.infrastructure.event_store.delegations import Delegations
from custody.infrastructure.event_store.engine import (
    reading,
    require_durable,
    require_ledger,
    room_to_write,
    writing,
    writing_engine,
)
from custody.infrastructure.event_store.ledger import LedgerParts, SqlLedger, refuse_foreign_head
from custody.infrastructure.event_store.lock import take_lock
from custody.infrastructure.event_store.note_files import read_notes
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.event_store.reading_engine import reading_engine
from custody.infrastructure.event_store.recorder import Head, SqlApplicationRecorder
from custody.infrastructure.event_store.sealing import EntrySealer, EntrySigner
from custody.infrastructure.event_store.tail import TailCheck, Trust, TrustedKeys, refuted, verify_tail


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPaths:
    """Where the parts of a ledger lie."""

    database: Path
    checkpoints: Path
    lock: Path

    @classmethod
    def within(cls, workspace: Path) -> Self:
        """Return the usual places in a workspace."""
        return cls(
            database=workspace / "ledger.db",
            checkpoints=workspace / "checkpoints",
            lock=workspace / "ledger.lock",
        )


def create_ledger(paths: LedgerPaths, ledger: LedgerId) -> None:
    """Make an empty ledger; the first entry is the caller's to append.

    A database that a crash left without tables is taken over. Raises Refused when there is a ledger or
    another database, LedgerFailed when the disk does not take it, Busy.
    """
    lock = take_lock(paths.lock)
    engine = writing_engine(paths.database)
    try:
        with writing(engine) as connection:
            if connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar():
                message = f"there is a database at {paths.database} already"
                raise Refused(message, done="It was left as it is.")
            schema.create_tables(connection)
            connection.execute(schema.meta.insert().values(name="ledger", value=str(ledger)))
        require_durable(engine)
    finally:
        engine.dispose()
        lock.release()


def open_for_reading(paths: LedgerPaths) -> SqlLedgerReader:
    """Open a ledger that will not be changed. Raises LedgerUnreadable."""
    _require_file(paths.database)
    engine = reading_engine(paths.database, paths.lock)
    try:
        require_ledger(engine)
    except LedgerUnreadable:
        engine.dispose()
        raise
    return SqlLedgerReader(engine, paths.checkpoints)


def open_for_writing(
    paths: LedgerPaths, signer: EntrySigner, trusted_keys: TrustedKeys, clock: Clock,
    *, session_signer: EntrySigner | None = None,
) -> SqlLedger:  # fmt: skip
    """Take the lock, verify what is there since the last signed checkpoint, and open the ledger.

    A session key, if there is one, signs what it may. Raises Busy when another process writes the ledger,
    LedgerUnreadable, LedgerFailed when its disk is not fit, and Tampered when the ledger contradicts what was
    signed: it is never extended then.
    """
    _require_file(paths.database)
    with ExitStack() as undo:
        lock = take_lock(paths.lock)
        undo.callback(lock.release)
        with room_to_write(paths.database):  # asked for first: a reader alone would do without
            reader = open_for_reading(paths)
            undo.callback(reader.close)
            engine = writing_engine(paths.database)
            undo.callback(engine.dispose)
            require_durable(engine)
        keys = {**trusted_keys, KeyId(signer.key_id): signer.public_raw}
        trust = Trust(reader.ledger, keys, Delegations(reader))
        book = CheckpointBook(trust.origin, signer, paths.checkpoints)
        head = _verified_head(reader, trust, book, paths.checkpoints)
        seal = EntrySealer(trust.ledger, signer, session_signer)
        recorder = SqlApplicationRecorder(engine, seal, head=head, vouch=refuse_foreign_head)
        parts = LedgerParts(
            ledger=trust.ledger,
            seal=seal,
            clock=clock,
            engine=engine,
            recorder=recorder,
            application=LedgerApplication(engine, seal, recorder),
            book=book,
            signer=signer,
            reader=reader,
            trust=trust,
            lock=lock,
        )
        opened = SqlLedger(parts)
        undo.pop_all()
    return opened


def _verified_head(reader: SqlLedgerReader, trust: Trust, book: CheckpointBook, folder: Path) -> Head:
    """Verify the ledger behind its last checkpoint; completes the file of that one after a crash."""
    with reading(reader.engine) as connection:
        head, row = _last_rows(connection)
    size, note, frontier = row
    notes = dict(chain([(size, note)] if size else [], read_notes(folder, first=size + 1)))
    check = TailCheck(trust, _frontier(size, frontier), notes)
    last = next(iter(reader.entries(size - 1, size - 1)), None) if size else None
    if size and last is None:
        raise refuted(f"the entry at position {size - 1} is missing")
    verified = verify_tail(check, last=last, behind=reader.entries(size), head=head)
    if notes:
        book.publish(max(notes), notes[max(notes)])
    return verified


def _last_rows(connection: sa.Connection) -> tuple[Head, tuple[int, bytes, bytes]]:
    """Return the head row and the checkpoint row of the largest size; size 0 when there is none."""
    found = connection.exec_driver_sql(
        "SELECT CAST(size AS INTEGER), CAST(note AS BLOB), CAST(frontier AS BLOB) FROM checkpoints "
        "ORDER BY size DESC LIMIT 1"
    ).one_or_none()
    try:
        head = Head.read(connection)
    except sa.exc.NoResultFound:
        raise refuted("the ledger's head is missing") from None
    size, note, frontier = found or (0, b"", bytes(8))
    return head, (size, note or b"", frontier or b"")


def _frontier(size: int, stored: bytes) -> Frontier:
    try:
        frontier = Frontier.from_bytes(stored)
    except MalformedData as error:
        raise refuted(f"the frontier of the checkpoint of size {size} is unreadable: {error.what}") from error
    if frontier.size != size:
        raise refuted(f"the frontier of the checkpoint of size {size} is that of another size")
    return frontier


def _require_file(path: Path) -> None:
    if not path.is_file():
        message = f"there is no ledger at {path}"
        raise LedgerUnreadable(message, hint="make one with custody init")
