"""Current state, read from the tables that are folded from the ledger.

Knows how rows become the values of ``domain.ports``. Deliberately changes nothing: ``row_writer`` does, in
the transaction of the entries.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

import sqlalchemy as sa

from custody.domain.errors import LedgerUnreadable
from custody.domain.identifiers import JobId, Position, TransferId
from custody.domain.paths import RawPath
from custody.domain.projections.rows import BatchRow, JobRow, Tally, TransferRow
from custody.infrastructure.event_store.engine import reading
from custody.infrastructure.event_store.read_model_rows import (
    Row,
    batch_row,
    job_row,
    naming_damaged_values,
    require_kinds,
    transfer_row,
    uuid_of,
    values_of,
)
from custody.infrastructure.event_store.read_model_schema import require_read_models
from custody.infrastructure.event_store.schema import batches, jobs, transfers

_ALL_COLUMNS: Final = tuple(transfers.c)
_IDS_AT_ONCE: Final = 500  # SQLite takes 32,766 variables in a statement; some builds 999


class SqlReadModel:
    """Implements ``ports.ReadModel``."""

    def __init__(self, engine: sa.Engine) -> None:
        """Take the engine to read with."""
        self._engine = engine

    def batch(self, batch: str) -> BatchRow | None:
        """Return a batch by its whole id."""
        rows = values_of(self._all(sa.select(batches).where(batches.c.batch == batch)), batch_row)
        return rows[0] if rows else None

    def batches(self) -> Sequence[BatchRow]:
        """Return all batches, the one queued last first."""
        return values_of(self._all(sa.select(batches).order_by(batches.c.position.desc())), batch_row)

    def jobs(self, batch: str) -> Sequence[JobRow]:
        """Return the jobs of a batch in order."""
        query = sa.select(jobs).where(jobs.c.batch == batch).order_by(jobs.c.job_index)
        return values_of(self._all(query), job_row)

    def destinations(self) -> Mapping[JobId, RawPath]:
        """Return the destination of every job of the ledger."""
        rows = self._all(sa.select(jobs.c.id, jobs.c.destination))
        return dict(values_of(rows, lambda row: (JobId(uuid_of(row.id)), RawPath(row.destination))))

    def tallies(self, job: JobId, run: int) -> Sequence[Tally]:
        """Return the sums by kind and state over the entries last seen in this run."""
        column = transfers.c
        query = (
            sa.select(
                column.kind,
                column.state,
                sa.func.count().label("number"),
                sa.func.sum(column.size).label("bytes"),
            )
            .where(column.job == job.bytes, column.run == run)
            .group_by(column.kind, column.state)
            .order_by(column.kind, column.state)
        )
        return [Tally(row.kind, row.state, row.number, row.bytes) for row in self._all(query)]

    def transfers(
        self, job: JobId, *, states: Iterable[str], kind: str = "file", after: int = -1, limit: int = 1000
    ) -> Sequence[TransferRow]:
        """Return one page of entries in the given states, ordered by ordinal, beyond ``after``."""
        column = transfers.c
        # A page of each state from the index, then the first of them all: no sort of a million rows.
        pages = [
            sa.select(transfers)
            .where(
                column.job == job.bytes, column.kind == kind, column.state == state, column.ordinal > after
            )
            .order_by(column.ordinal)
            .limit(limit)
            for state in sorted(set(states))
        ]
        rows = [row for page in pages for row in self._all(page)]
        rows.sort(key=lambda row: row.ordinal)
        return values_of(rows[:limit], transfer_row)

    def sample(self, job: JobId, *, run: int, state: str, step: int) -> Sequence[TransferRow]:
        """Return every ``step``-th file of this state and run, by ordinal, from the first on."""
        column = transfers.c
        number = sa.func.row_number().over(order_by=column.ordinal).label("number")
        counted = (
            sa.select(column.id, number)
            .where(column.job == job.bytes, column.kind == "file", column.state == state, column.run == run)
            .subquery()
        )
        query = (
            sa.select(transfers)
            .join(counted, counted.c.id == column.id)
            .where(counted.c.number % step == 1 % step)
            .order_by(column.ordinal)
        )
        return values_of(self._all(query), transfer_row)

    def find(self, transfers: Sequence[TransferId]) -> Mapping[TransferId, TransferRow]:
        """Return the rows that exist among these ids."""
        rows = self._among("id", [transfer.bytes for transfer in transfers])
        return {row.id: row for row in values_of(rows, transfer_row)}

    def proved_copies(self, copies: Sequence[RawPath]) -> Mapping[RawPath, TransferRow]:
        """Return, by the absolute path of the copy, the row that proves it, whatever job it belongs to.

        Of several the one proved last counts; it is refuted when the last pass over the copy after that proof
        refuted it, under whichever row.
        """
        rows = self._among("copy", copies, transfers.c.kind == "file")
        with naming_damaged_values():
            proofs = {row.copy: row for row in sorted(rows, key=_proved) if row.proved is not None}
            passes = {row.copy: row for row in sorted(rows, key=_standing_at) if row.standing_at is not None}
            return {RawPath(copy): _with_last_pass(row, passes.get(copy)) for copy, row in proofs.items()}

    def placed_at(self, path: RawPath, *, after: int = -1, limit: int) -> Sequence[TransferRow]:
        """Return the entries of jobs whose copy or whose source is this absolute path, by their ordinals."""
        at = sa.or_(transfers.c.copy == path, transfers.c.source == path)
        return values_of(self._all(_in_order(at, after, limit)), transfer_row)

    def ending_with(self, ending: RawPath, *, after: int = -1, limit: int) -> Sequence[TransferRow]:
        """Return the entries of jobs whose path below the destination ends in these whole names."""
        if not ending:
            return []
        tail = b"/" + ending
        named = sa.or_(
            transfers.c.path == ending, sa.func.substr(transfers.c.path, -len(tail), len(tail)) == tail
        )
        return values_of(self._all(_in_order(named, after, limit)), transfer_row)

    def known_copies(self, copies: Sequence[RawPath]) -> frozenset[RawPath]:
        """Return those of these absolute paths that any job has an entry for."""
        column = transfers.c.copy
        rows = self._among("copy", copies, columns=(column,))
        return frozenset(RawPath(cast("bytes", row.copy)) for row in rows)

    def proved_within(
        self, folder: RawPath, *, after: int = -1, limit: int = 1000
    ) -> Sequence[tuple[int, TransferRow]]:
        """Return one page of proved files whose copy is ``folder`` or lies below it, each with its cursor.

        The cursor is the position of the entry that proved the copy. Of several rows for one copy the one
        proved last counts.
        """
        column, later = transfers.c, transfers.alias("later")
        query = sa.select(transfers).where(column.kind == "file", column.proved > after)
        if folder:
            below = folder.rstrip(b"/")
            # "0" is the character after "/": all names that begin with the folder and a separator.
            inside = sa.and_(column.copy > below + b"/", column.copy < below + b"0")
            query = query.where(sa.or_(column.copy == folder, inside))
        same_proof = sa.and_(later.c.proved == column.proved, later.c.id > column.id)
        superseded = sa.select(later.c.id).where(
            later.c.copy == column.copy, sa.or_(later.c.proved > column.proved, same_proof)
        )
        query = query.where(~superseded.exists()).order_by(column.proved).limit(limit)
        return values_of(self._all(query), lambda row: (int(row.proved), transfer_row(row)))

    def _among(
        self,
        column: str,
        values: Sequence[bytes],
        condition: sa.ColumnElement[bool] | None = None,
        columns: Sequence[sa.ColumnElement[Any]] = _ALL_COLUMNS,
    ) -> list[Row]:
        rows: list[Row] = []
        for at in range(0, len(values), _IDS_AT_ONCE):
            query = sa.select(*columns).where(transfers.c[column].in_(values[at : at + _IDS_AT_ONCE]))
            rows += self._all(query if condition is None else query.where(condition))
        return rows

    def _all(self, query: sa.Select[*tuple[object, ...]]) -> Sequence[Row]:
        try:
            with reading(self._engine) as connection:
                rows = connection.execute(query).all()
        except LedgerUnreadable:
            require_read_models(self._engine)  # says what can be mended; else the ledger itself is damaged
            raise
        require_kinds(query, rows)
        return rows


def _proved(row: Row) -> int:
    return -1 if row.proved is None else int(row.proved)


def _standing_at(row: Row) -> int:
    return -1 if row.standing_at is None else int(row.standing_at)


def _with_last_pass(proof: Row, last: Row | None) -> TransferRow:
    """Return the row of a proof as the last pass over its copy left it."""
    refuted = last is not None and last.standing == "refuted" and last.standing_at > proof.proved
    at = Position(last.standing_at) if last is not None and refuted else None
    return replace(transfer_row(proof), refuted=refuted, refuted_at=at)


def _in_order(condition: sa.ColumnElement[bool], after: int, limit: int) -> sa.Select[*tuple[object, ...]]:
    column = transfers.c.ordinal
    return sa.select(transfers).where(condition, column > after).order_by(column).limit(limit)
