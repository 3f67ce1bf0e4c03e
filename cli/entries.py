"""Entries as people read them, and their export byte by byte.

Knows how an entry is laid out on a terminal. Verifies nothing: that is the audit's work.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from custody.cli.exit_codes import ExitCode
from custody.cli.output import Answer, Output
from custody.cli.wording import counted
from custody.domain import canonical
from custody.domain.entries import dsse, entry
from custody.domain.entries.entry import Recorded
from custody.domain.errors import CustodyError, MalformedData, NotFound
from custody.domain.events import to_data
from custody.domain.identifiers import FIRST_REVISION, Stream
from custody.domain.paths import escape_text, to_json

MAX_SHOWN: Final = 10_000  # entries of one answer; the export has no limit
_TYPE_WIDTH: Final = 18  # of the longest common name
_NAMING: Final = (
    "path", "name", "command", "exhibit", "case_number", "examiner", "kind", "witness", "origin",
)  # fmt: skip
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


History = Callable[[Stream], Iterable[Recorded]]


def entries_answer(
    source: EntrySource, first: int, last: int, *, brief: bool, latest: bool = False, history: History
) -> Answer:
    """Return the answer that shows a range of entries; ``history`` gives those of a stream, in order.

    Of more than can be shown the first ones are, with ``latest`` the last; how many are not is said.
    Raises NotFound when the range has none.
    """
    size = source.size()
    end = min(last, size - 1)
    begin = max(first, end - MAX_SHOWN + 1) if latest else first
    found = list(source.entries(begin, min(end, begin + MAX_SHOWN - 1)))
    if not found:
        raise NotFound(
            f"there is no entry at position {first}",
            done="Nothing was changed.",
            hint=f"the ledger has {counted(size, 'entry', 'entries')}; positions count from 0",
        )
    shown = _brief if brief else _full
    about = _Things(history)
    lines = [line for stored in found for line in shown(stored, about)]
    hidden = max(0, end - first + 1 - MAX_SHOWN)
    if hidden:
        lines.insert(0 if latest else len(lines), _hidden(hidden))
    return Answer(lines=lines, fields={"entries": [_fields(stored) for stored in found], "not_shown": hidden})


def _hidden(number: int) -> str:
    entries = counted(number, "entry of this range is", "entries of this range are")
    return f"  … {entries} not shown; 'custody log export' gives all"


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


class _Things:
    """What entries are about: the first of a stream names its file, job or batch, the later ones do not."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._named: dict[str, str] = {}

    def of(self, body: entry.Entry) -> str:
        named = _name_in(body.data)
        if not named and body.revision > FIRST_REVISION:
            stream = str(body.stream)
            if stream not in self._named:
                self._named[stream] = self._first_name(body.stream)
            named = self._named[stream]
        return named

    def _first_name(self, stream: Stream) -> str:
        try:
            first = next(iter(self._history(stream)), None)
        except CustodyError:  # a damaged ledger is shown as far as it can be
            return ""
        return "" if first is None else _name_in(to_data(first.event))


def _name_in(data: Mapping[str, object]) -> str:
    return next((str(data[key]) for key in _NAMING if data.get(key)), "")


def _brief(stored: StoredEntry, about: _Things) -> Iterator[str]:
    body = _body(stored)
    if body is None:
        yield f"{stored.position:>8}  CANNOT TELL  not an entry"
        return
    what = escape_text(about.of(body))
    yield f"{body.position:>8}  {body.at[:19]}Z  {body.type:<{_TYPE_WIDTH}}  {what}".rstrip()


def _full(stored: StoredEntry, about: _Things) -> Iterator[str]:
    body = _body(stored)
    if body is None:
        yield f"{stored.position}  CANNOT TELL  not an entry: {stored.entry[:200]!r}"
        return
    yield f"{body.position}  {body.type}"
    yield f"  at        {body.at}"
    yield f"  stream    {body.stream}, revision {body.revision}"
    if (thing := about.of(body)) and not _name_in(body.data):
        yield f"  about     {thing}"
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
