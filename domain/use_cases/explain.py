"""The story of one thing: a file, an exhibit or an entry, each sentence with its entry.

Knows how to find what a person means. Deliberately words nothing (``domain.story``) and checks no
signature: a story is as good as the ledger it comes from, which ``audit`` judges.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from custody.domain.entry import Recorded
from custody.domain.errors import NotFound, UsageError
from custody.domain.events import JobQueued, KeyEnrolled
from custody.domain.identifiers import KeyId, LedgerId, Stream, exhibit_stream, key_stream
from custody.domain.paths import RawPath, escape_text, printable
from custody.domain.ports import LedgerReader, ReadModel
from custody.domain.rows import JobRow, TransferRow
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
    streams = None if target.isdecimal() else _streams(reader, model, target, path)
    events = _at_position(reader, target) if streams is None else _histories(reader, streams)
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
            enrolments = (
                recorded.event for recorded in self._reader.history(key_stream(self._reader.ledger, key))
            )
            names = [event.examiner for event in enrolments if isinstance(event, KeyEnrolled)]
            self._names[key] = names[0] if names else f"the holder of key {key}"
        return self._names[key]


def _at_position(reader: StoryReader, target: str) -> Iterable[Recorded]:
    position = int(target) if target.isascii() and len(target) <= _MAX_DIGITS else None
    found = [] if position is None else list(reader.recorded(position, position))
    if not found:
        raise NotFound(f"the ledger has no entry {target[:_MAX_DIGITS]}")
    return found


def _streams(reader: StoryReader, model: StoryModel, target: str, path: RawPath) -> Sequence[Stream]:
    """Return the streams that tell the story, the ones of jobs before those of files."""
    rows = _placed_at(model, path)
    if rows:
        return _of_files(rows)
    jobs = [job for job in _jobs(model) if target in {job.exhibit, f"{job.case_number}/{job.exhibit}"}]
    if jobs:
        return _of_exhibit(reader.ledger, target, jobs)
    return _of_files(files_ending_in(model, target))


def files_called(model: StoryModel, target: str, path: RawPath) -> Sequence[TransferRow]:
    """Return all that jobs did with one file: by its copy's or source's path, else by the end of a path.

    Raises NotFound, and UsageError when several files fit.
    """
    return _placed_at(model, path) or files_ending_in(model, target)


def files_ending_in(model: StoryModel, target: str) -> Sequence[TransferRow]:
    """Return all that jobs did with the one file whose path ends in these whole names. Raises as above."""
    ending = RawPath(target.encode("utf-8", "surrogateescape"))
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


def _of_exhibit(ledger: LedgerId, target: str, jobs: Sequence[JobRow]) -> Sequence[Stream]:
    cases = sorted({job.case_number for job in jobs})
    if len(cases) > 1:
        names = several(f"{case}/{jobs[0].exhibit}" for case in cases)
        raise UsageError(f"several cases have an exhibit {escape_text(target)}", hint=f"say one of: {names}")
    exhibit = exhibit_stream(ledger, cases[0], jobs[0].exhibit or "")
    return [exhibit, *(Stream("job", job.id) for job in jobs)]


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
