"""How rows of the read models become values; a tampered row is named as damage, never a crash.

Knows the order of the columns. Deliberately runs no query.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

import sqlalchemy as sa

from custody.domain.canonical import MAX_INTEGER
from custody.domain.digest import Digests
from custody.domain.errors import MalformedData
from custody.domain.identifiers import JobId, Position, Stream, TransferId
from custody.domain.paths import RawPath
from custody.domain.projections.rows import BatchRow, JobRow, TransferRow
from custody.infrastructure.event_store.read_model_schema import REBUILD

_STORED: Final = ((sa.Integer, int), (sa.LargeBinary, bytes), (sa.Text, str))
_WIDE_DIGITS: Final = 20  # of a signed 64-bit number, or an unsigned one

Row: TypeAlias = sa.Row[*tuple[Any, ...]]
Value = TypeVar("Value")


@contextmanager
def naming_damaged_values() -> Iterator[None]:
    """Raise MalformedData when a row within holds what no entry could have put there."""
    try:
        yield
    except (TypeError, ValueError) as error:
        message = f"a read model holds a value that is none of its own: {error}"
        raise MalformedData(message, hint=REBUILD) from error


def values_of(rows: Iterable[Row], convert: Callable[[Row], Value]) -> list[Value]:
    """Convert all rows. Raises MalformedData as ``naming_damaged_values``."""
    with naming_damaged_values():
        return [convert(row) for row in rows]


def require_kinds(query: sa.Select[*tuple[object, ...]], rows: Iterable[Row]) -> None:
    """Raise MalformedData unless every value is of its column's type: SQLite lets any column hold any."""
    kinds = [_kinds(column) for column in query.selected_columns]
    numbers = [place for place, column in enumerate(query.selected_columns) if _is_number(column)]
    good: set[tuple[type, ...]] = set()
    with naming_damaged_values():
        for row in rows:
            types = tuple(map(type, row))
            if types not in good:
                _require_types(query, types, kinds)
                good.add(types)
            for place in numbers:
                if row[place] is not None and abs(row[place]) > MAX_INTEGER:
                    message = f"{query.selected_columns[place].name} is a number beyond 2^53-1"
                    raise ValueError(message)


def _require_types(
    query: sa.Select[*tuple[object, ...]], types: Iterable[type], kinds: Iterable[frozenset[type]]
) -> None:
    for column, found, allowed in zip(query.selected_columns, types, kinds, strict=True):
        if found not in allowed:
            message = f"{column.name} is of the type {found.__name__}"
            raise ValueError(message)


def _kinds(column: "sa.ColumnElement[object]") -> frozenset[type]:
    """Return the types that a value of a column may have; sums and counts may be of nothing at all."""
    stored = next(kind for form, kind in _STORED if isinstance(column.type, form))
    return frozenset({stored} if getattr(column, "nullable", True) is False else {stored, type(None)})


def _is_number(column: "sa.ColumnElement[object]") -> bool:
    return isinstance(column, sa.Column) and isinstance(column.type, sa.Integer)


def uuid_of(value: object) -> UUID:
    """Return the id of a row. Raises ValueError for what is none."""
    if not isinstance(value, bytes):
        message = "an id that is no bytes"
        raise ValueError(message)  # noqa: TRY004 - the fault of the data, not of the caller
    return UUID(bytes=value)


def batch_row(row: Row) -> BatchRow:
    """Return a row of ``select(batches)`` as a value."""
    return BatchRow(
        stream=Stream("batch", uuid_of(row.id)),
        batch=row.batch,
        name=row.name,
        state=row.state,
        run=row.run,
        revision=row.revision,
        queued_at=row.queued_at,
        jobs=row.jobs,
    )


def job_row(row: Row) -> JobRow:
    """Return a row of ``select(jobs)`` as a value."""
    return JobRow(
        id=JobId(uuid_of(row.id)),
        batch=row.batch,
        index=row.job_index,
        name=row.name,
        case_number=row.case_number,
        exhibit=row.exhibit,
        destination=RawPath(row.destination),
        state=row.state,
        run=row.run,
        inventoried_run=row.inventoried_run,
        revision=row.revision,
    )


def transfer_row(row: Row) -> TransferRow:
    """Return a row of ``select(transfers)``; taken apart by place, since there are many thousands of them."""
    (
        transfer, job, run, ordinal, kind, path, source, _copy, size, mtime_ns, ctime_ns, atime_ns, mode,
        device, inode, state, revision, attempt, temporary, proved, copy_size, digests, existed,
        stage, error, errno, _offset, message, failed_at, standing, standing_at,
    ) = row  # fmt: skip
    return TransferRow(
        id=TransferId(uuid_of(transfer)),
        job=JobId(uuid_of(job)),
        run=run,
        ordinal=ordinal,
        kind=kind,
        path=RawPath(path),
        source=RawPath(source),
        size=size,
        mtime_ns=_wide(mtime_ns),
        ctime_ns=_wide(ctime_ns),
        atime_ns=_wide(atime_ns),
        mode=mode,
        device=_wide(device),
        inode=_wide(inode),
        state=state,
        revision=revision,
        attempt=attempt,
        temporary=temporary,
        proved=None if proved is None else Position(proved),
        copy_size=copy_size,
        digests=None if digests is None else _digests(digests),
        existed=bool(existed),
        refuted=standing == "refuted" and standing_at > (proved or -1),
        stage=stage,
        error=error,
        errno=errno,
        message=message,
        failed_at=failed_at,
    )


def _wide(text: str) -> int:
    if len(text) > _WIDE_DIGITS:
        message = f"a number of {len(text)} digits"
        raise ValueError(message)
    return int(text)


def _digests(stored: bytes) -> Digests:
    try:
        digests = json.loads(stored)
    except ValueError as error:
        message = f"the read model holds hash values that are no JSON: {error}"
        raise MalformedData(message, hint=REBUILD) from error
    if not isinstance(digests, dict) or not all(isinstance(value, str) for value in digests.values()):
        message = "the read model holds hash values that are none"
        raise MalformedData(message, hint=REBUILD)
    return digests
