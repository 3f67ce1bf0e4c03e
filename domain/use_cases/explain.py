"""The story of one thing: a file, an exhibit or an entry, each sentence with its entry.

Knows how to find what a person means. Deliberately words nothing (``domain.story``) and checks no
signature: a story is as good as the ledger it comes from, which ``audit`` judges.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from custody.domain.entries.entry import Recorded
from custody.domain.errors import NotFound, UsageError
from custody.domain.events import ExhibitRegistered, JobQueued, KeyEnrolled, NoteAdded, SessionOpened
from custody.domain.identifiers import (
    KeyId,
    LedgerId,
    Stream,
    case_stream,
    delegation_stream,
    exhibit_stream,
    key_stream,
)  # fmt: skip
from custody.domain.paths import RawPath, escape_text, printable
from custody.domain.ports import LedgerReader, ReadModel
from custody.domain.projections.rows import JobRow, TransferRow
from custody.domain.story import tell

_PAGE: Final = 1000
_ENOUGH: Final = 20  # files of one ending that are told apart before a person is asked which is meant
_NAMED: Final = 5  # of several that fit, in a hint
_MAX_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one entry says. ``at`` is what the writer's clock claimed, RFC 3339 UTC."""

    position: int
    at: str
    text: str


class StoryReader(LedgerReader, Protocol):
    """The ledger, also by position."""

    @property
    def ledger(self) -> LedgerId:
        """Return the ledger's id."""

    def recorded(
        self, first: int = 0, last: int | None = None, types: Collection[str] = ()
    ) -> Iterator[Recorded]:
        """Return the events of a range of positions, both ends included."""


class StoryModel(ReadModel, Protocol):
    """The read models, also searched by name."""

    def placed_at(self, path: RawPath, *, after: int = -1, limit: int) -> Sequence[TransferRow]:
        """Return the entries of jobs whose copy or whose source is this absolute path, by their ordinals."""

    def ending_with(self, ending: RawPath, *, after: int = -1, limit: int) -> Sequence[TransferRow]:
        """Return the entries of jobs whose path below the destination ends in these whole names."""


def explain(reader: StoryReader, model: StoryModel, target: str, *, path: RawPath) -> Iterator[Sentence]:
    """Tell the story of ``target``; ``path`` is the same, taken as a path and made absolute.

    Tried in this order: digits are a position; a copy's or source's path; an exhibit's number, also as
    ``case/exhibit``; the end of a path. Raises NotFound, and UsageError when several things fit.
    """
    events = _at_position(reader, target) if target.isdecimal() else _history_of(reader, model, target, path)
    who = _Examiners(reader)
    for recorded in events:
        text = tell(recorded.event, who(recorded.actor))
        yield Sentence(recorded.position, recorded.at, escape_text(text))


class _Examiners:
    """The names that keys were enrolled under."""

    def __init__(self, reader: StoryReader) -> None:
        self._reader = reader
        self._names: dict[KeyId, str] = {}

    def __call__(self, key: KeyId) -> str:
        if key not in self._names:
            self._names[key] = next(self._named(key), f"the holder of key {key}")
        return self._names[key]

    def _named(self, key: KeyId) -> Iterator[str]:
        """Return the name that a key was enrolled under, or that of who opened the session made for it."""
        ledger = self._reader.ledger
        streams = (key_stream(ledger, key), delegation_stream(ledger, key))
        events = (recorded.event for stream in streams for recorded in self._reader.history(stream))
        return (event.examiner for event in events if isinstance(event, KeyEnrolled | SessionOpened))


def _at_position(reader: StoryReader, target: str) -> Iterable[Recorded]:
    position = int(target) if target.isascii() and len(target) <= _MAX_DIGITS else None
    found = [] if position is None else list(reader.recorded(position, position))
    if not found:
        raise NotFound(f"the ledger has no entry {target[:_MAX_DIGITS]}")
    return found


def _history_of(reader: StoryReader, model: StoryModel, target: str, path: RawPath) -> Iterable[Recorded]:
    """Return the events that tell the story of a file or an exhibit, by position."""
    rows = _placed_at(model, path)
    if rows:
        return _histories(reader, _of_files(rows))
    jobs = [job for job in _jobs(model) if _is_called(target, job.case_number, job.exhibit)]
    names = {(job.case_number, job.exhibit or "") for job in jobs}
    if not names and not model.ending_with(_ending(target), limit=1):
        names = set(_registered(reader, target))  # exhibits without a job: the whole ledger is looked through
    if names:
        return _exhibit_history(reader, target, names, jobs)
    return _histories(reader, _of_files(files_ending_in(model, target)))


def _is_called(target: str, case_number: str, exhibit: str | None) -> bool:
    return exhibit is not None and target in {exhibit, f"{case_number}/{exhibit}"}


def _registered(reader: StoryReader, target: str) -> Iterator[tuple[str, str]]:
    for recorded in reader.recorded(types=("ExhibitRegistered",)):
        match recorded.event:
            case ExhibitRegistered(case_number=case, exhibit=exhibit) if _is_called(target, case, exhibit):
                yield case, exhibit
            case _:
                pass


def _ending(target: str) -> RawPath:
    return RawPath(target.encode("utf-8", "surrogateescape"))


def files_called(model: StoryModel, target: str, path: RawPath) -> Sequence[TransferRow]:
    """Return all that jobs did with one file: by its copy's or source's path, else by the end of a path.

    Raises NotFound, and UsageError when several files fit.
    """
    return _placed_at(model, path) or files_ending_in(model, target)


def files_ending_in(model: StoryModel, target: str) -> Sequence[TransferRow]:
    """Return all that jobs did with the one file whose path ends in these whole names. Raises as above."""
    ending = _ending(target)
    rows: list[TransferRow] = []
    names: set[RawPath] = set()
    for page in _pages(lambda after: model.ending_with(ending, after=after, limit=_PAGE)):
        rows += page
        names.update(row.path for row in page)
        if len(names) > _ENOUGH:
            break
    if len(names) > 1:
        raise UsageError(
            f"several files end in {escape_text(target)}",
            hint=f"say one of: {several(map(printable, sorted(names)))}",
        )
    if not rows:
        raise NotFound(
            f"no file, exhibit or entry is called {escape_text(target)}",
            hint="give the copy's full path, the exhibit's number, or the position of an entry",
        )
    return rows


def _placed_at(model: StoryModel, path: RawPath) -> Sequence[TransferRow]:
    pages = _pages(lambda after: model.placed_at(path, after=after, limit=_PAGE))
    return [row for page in pages for row in page]


def _pages(page_after: Callable[[int], Sequence[TransferRow]]) -> Iterator[Sequence[TransferRow]]:
    after = -1
    while page := page_after(after):
        yield page
        after = page[-1].ordinal


def _of_files(rows: Sequence[TransferRow]) -> Sequence[Stream]:
    jobs = [Stream("job", job) for job in dict.fromkeys(row.job for row in rows)]
    return [*jobs, *(Stream("file", row.id) for row in rows)]


def _exhibit_history(
    reader: StoryReader, target: str, names: Collection[tuple[str, str]], jobs: Sequence[JobRow]
) -> Iterator[Recorded]:
    """Return the events of one exhibit, its jobs and the notes on it. Raises UsageError when several fit."""
    if len(names) > 1:
        listed = several(f"{case}/{exhibit}" for case, exhibit in sorted(names))
        raise UsageError(f"several cases have an exhibit {escape_text(target)}", hint=f"say one of: {listed}")
    [(case_number, exhibit)] = names
    streams = [
        exhibit_stream(reader.ledger, case_number, exhibit),
        *(Stream("job", job.id) for job in jobs),
    ]
    notes = (
        recorded
        for recorded in reader.history(case_stream(reader.ledger, case_number))
        if isinstance(recorded.event, NoteAdded) and recorded.event.exhibit == exhibit
    )
    return heapq.merge(_histories(reader, streams), notes, key=lambda recorded: recorded.position)


def _jobs(model: ReadModel) -> Iterator[JobRow]:
    return (job for batch in model.batches() for job in model.jobs(batch.batch))


def _histories(reader: StoryReader, streams: Sequence[Stream]) -> Iterator[Recorded]:
    """Yield the events of several streams by position; of a job beside its files only how it was ordered."""
    beside_files = any(stream.kind == "file" for stream in streams)
    return heapq.merge(
        *(_history(reader, stream, only_order=beside_files and stream.kind == "job") for stream in streams),
        key=lambda recorded: recorded.position,
    )


def _history(reader: StoryReader, stream: Stream, *, only_order: bool) -> Iterator[Recorded]:
    for recorded in reader.history(stream):
        if not only_order or isinstance(recorded.event, JobQueued):
            yield recorded


def several(names: Iterable[str]) -> str:
    """Return the first of many names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(escape_text(name) for name in listed[:_NAMED]) + more
