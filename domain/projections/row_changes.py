"""The kinds of change that events make to the rows of the read models.

Knows the read models' columns by name. Deliberately knows no event (see ``projections``) and no SQL: a
shape says what an existing row keeps, the adapter does the merging.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

Value: TypeAlias = "str | int | bytes | None"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """One kind of change: the columns it sets from values, and those it sets to something fixed.

    With ``inserts`` the row is made when there is none; an existing row then keeps the columns in ``keeps``,
    and those in ``keeps_in_run`` if it already belongs to the same run.
    """

    table: str
    columns: tuple[str, ...]
    fixed: Mapping[str, str | int | None] = field(default_factory=dict)
    inserts: bool = False
    keeps: frozenset[str] = frozenset()
    keeps_in_run: frozenset[str] = frozenset()


class RowChange(NamedTuple):
    """One row's change: the values of the shape's columns, then the row's id (16 bytes).

    A named tuple: there is one for each event, and it is made in a third of a frozen dataclass's time.
    """

    shape: Shape
    values: tuple[Value, ...]

    @property
    def key(self) -> Value:
        """The row's id."""
        return self.values[-1]


_NO_FAILURE: Final[Mapping[str, str | int | None]] = dict.fromkeys(
    ("stage", "error", "errno", "failed_offset", "message", "failed_at")
)
_SETTLED: Final = {"temporary": None, **_NO_FAILURE}
PLACE: Final = ("revision", "job", "run", "ordinal", "path", "source", "copy")
_ORDINAL: Final = frozenset({"ordinal"})

FILE_QUEUED: Final = Shape(
    table="transfers",
    columns=(*PLACE, "size", "mtime_ns", "ctime_ns", "atime_ns", "mode", "device", "inode"),
    fixed={"kind": "file", "state": "queued", "attempt": 0, "temporary": None, "existed": 0, **_NO_FAILURE},
    inserts=True,
)
FILE_COPYING: Final = Shape(
    table="transfers", columns=("revision", "attempt", "temporary"), fixed={"state": "copying"}
)
FILE_PROGRESSED: Final = Shape(table="transfers", columns=("revision",))
FILE_FSYNCED: Final = Shape(
    table="transfers", columns=("revision", "attempt", "copy_size", "digests"), fixed={"state": "fsynced"}
)
FILE_VERIFIED: Final = Shape(
    table="transfers",
    columns=("revision", "proved", "copy_size", "digests"),
    fixed={"state": "verified", **_SETTLED},
)
FILE_QUALIFIED: Final = Shape(
    table="transfers",
    columns=("revision", "proved", "copy_size", "digests"),
    fixed={"state": "qualified", **_SETTLED},
)
FILE_STILL_QUALIFIED: Final = Shape(
    table="transfers", columns=("revision", "run", "ordinal"), fixed={"state": "qualified"}
)
FILE_FAILED: Final = Shape(
    table="transfers",
    columns=(*PLACE, "stage", "error", "errno", "failed_offset", "message", "failed_at", "attempt"),
    fixed={"kind": "file", "state": "failed"},
    inserts=True,
    keeps=frozenset({"job", "kind", "path", "source", "copy"}),
    keeps_in_run=_ORDINAL,
)
# The temporary name stays: it says that the copying was begun in this run, so that a copy found is ours.
FILE_REQUEUED: Final = Shape(table="transfers", columns=("revision", "run"), fixed={"state": "queued"})
FILE_STILL_FSYNCED: Final = Shape(
    table="transfers", columns=("revision", "run"), fixed={"state": "fsynced", "temporary": None}
)
FILE_SKIPPED: Final = Shape(
    table="transfers",
    columns=(*PLACE, "size", "mtime_ns", "ctime_ns", "proved", "copy_size", "digests"),
    fixed={"kind": "file", "state": "skipped", "existed": 0, **_SETTLED},
    inserts=True,
    keeps_in_run=_ORDINAL,
)


def _recorded_shape(kind: str, *columns: str) -> Shape:
    return Shape(
        table="transfers",
        columns=(*PLACE, *columns),
        fixed={"kind": kind, "state": "recorded", **_SETTLED},
        inserts=True,
        keeps_in_run=_ORDINAL,
    )


LINK: Final = _recorded_shape("link", "mtime_ns")
SPECIAL: Final = _recorded_shape("special", "mode")
DIRECTORY: Final = _recorded_shape("directory", "mode", "mtime_ns", "existed")
STANDING: Final = Shape(table="transfers", columns=("revision", "standing", "standing_at"))

BATCH_QUEUED: Final = Shape(
    table="batches",
    columns=("revision", "position", "batch", "name", "queued_at", "jobs"),
    fixed={"state": "queued"},
    inserts=True,
)
JOB_QUEUED: Final = Shape(
    table="jobs",
    columns=("revision", "batch", "job_index", "name", "case_number", "exhibit", "destination"),
    fixed={"state": "queued"},
    inserts=True,
)
JOB_INVENTORIED: Final = Shape(table="jobs", columns=("revision", "inventoried_run"))
JOB_TOUCHED: Final = Shape(table="jobs", columns=("revision",))


def _state_shapes(table: str, *states: str) -> Mapping[str, Shape]:
    return {
        state: Shape(table=table, columns=("revision", "run"), fixed={"state": state}) for state in states
    }


BATCH_IN: Final = _state_shapes("batches", "running", "paused", "stopped", "incomplete", "completed")
JOB_IN: Final = _state_shapes("jobs", "running", "completed", "failed")
