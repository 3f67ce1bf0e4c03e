"""Entries as people read them, and their export byte by byte.

Knows how an entry is laid out on a terminal. Verifies nothing: that is the audit's work.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

from custody.cli.exit_codes import ExitCode
from custody.cli.output import Answer, Output
from custody.cli.wording import counted
from custody.domain import canonical, dsse, entry
from custody.domain.errors import MalformedData, NotFound
from custody.domain.paths import escape_text, to_json

MAX_SHOWN: Final = 10_000  # entries of one answer; the export has no limit
BRIEF_WIDTH: Final = 79
_CHUNK_BYTES: Final = 1 << 20


class StoredEntry(Protocol):
    """An entry as the ledger gives it out."""

    @property
    def position(self) -> int:
        """Its place, from 0."""

    @property
    def entry(self) -> bytes:
        """Its bytes as signed."""


class EntrySource(Protocol):
    """Where entries come from."""

    def size(self) -> int:
        """Return the number of entries."""

    def entries(self, first: int = 0, last: int | None = None) -> Iterable[StoredEntry]:
        """Yield the entries of a range of positions, both ends included."""


def entries_answer(source: EntrySource, first: int, last: int, *, brief: bool) -> Answer:
    """Return the answer that shows a range of entries. Raises NotFound when the range has none."""
    found = list(source.entries(first, min(last, first + MAX_SHOWN - 1)))
    if not found:
        size = source.size()
        raise NotFound(
            f"there is no entry at position {first}",
            done="Nothing was changed.",
            hint=f"the ledger has {counted(size, 'entry', 'entries')}; positions count from 0",
        )
    lines = [line for stored in found for line in (_brief(stored) if brief else _full(stored))]
    return Answer(lines=lines, fields={"entries": [_fields(stored) for stored in found]})


def export_entries(source: EntrySource, output: Output, out: str | None) -> Answer:
    """Write every entry and a newline, to a new file or to stdout; memory does not grow with the ledger."""
    if out is None:
        return Answer(fields={"entries": _write_lines(source.entries(), output.data)})
    from custody.infrastructure.files.new_file import new_file

    path = Path(out)
    with new_file(path) as stream:
        count = _write_lines(source.entries(), stream.write)
    where = to_json("out", bytes(path))
    return Answer(
        code=ExitCode.OK,
        verdict=f"OK  {counted(count, 'entry', 'entries')} written to {where['out']}",
        fields={"entries": count, **where},
    )


def _write_lines(entries: Iterable[StoredEntry], write: Callable[[bytes], object]) -> int:
    """Write a line for each entry, in pieces of about a megabyte; returns how many there were."""
    pending = bytearray()
    count = 0
    for stored in entries:
        pending += stored.entry + b"\n"
        count += 1
        if len(pending) >= _CHUNK_BYTES:
            write(bytes(pending))
            pending.clear()
    write(bytes(pending))
    return count


def _body(stored: StoredEntry) -> entry.Entry | None:
    try:
        return entry.parse(dsse.open_envelope(stored.entry).body)
    except MalformedData:
        return None


def _brief(stored: StoredEntry) -> Iterator[str]:
    body = _body(stored)
    if body is None:
        yield f"{stored.position:>8}  CANNOT TELL  not an entry"
        return
    what = str(body.data.get("path") or body.data.get("name") or body.data.get("command") or "")
    line = f"{body.position:>8}  {body.at[:19]}Z  {body.type}  {escape_text(what)}"
    yield line if len(line) <= BRIEF_WIDTH else line[: BRIEF_WIDTH - 1] + "…"


def _full(stored: StoredEntry) -> Iterator[str]:
    body = _body(stored)
    if body is None:
        yield f"{stored.position}  CANNOT TELL  not an entry: {stored.entry[:200]!r}"
        return
    yield f"{body.position}  {body.type}"
    yield f"  at        {body.at}"
    yield f"  stream    {body.stream}, revision {body.revision}"
    yield f"  signed by {body.actor}"
    for name, value in sorted(body.data.items()):
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"  {name}: {shown}"


def _fields(stored: StoredEntry) -> dict[str, object]:
    try:
        body: object = canonical.decode(dsse.open_envelope(stored.entry).body)
    except MalformedData:
        body = None
    return {"position": stored.position, "body": body, "entry_b64": base64.b64encode(stored.entry).decode()}
