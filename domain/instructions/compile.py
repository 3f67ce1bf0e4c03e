"""From what a batch file says to the plan: defaults, values, paths, templates, collisions.

Knows neither TOML nor CSV: a reader hands over a draft with the place of each job in its file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

from custody.domain import canonical, digest
from custody.domain.errors import UsageError
from custody.domain.form import FIELDS, BadValue, field_value, text_value
from custody.domain.paths import RawPath, join, name, printable
from custody.domain.plan import NEVER_STOP, JobPlan, Plan, collisions
from custody.domain.template import fill

JOB_KEYS: Final = frozenset({"name", "files", "folders", "output", "template", "hashes", "zip", *FIELDS})
MAX_FORM_BYTES: Final = 24 * 1024  # as JSON: with paths and names it must fit into one entry
BATCH_KEYS: Final = frozenset({"name", "stop_when_failed_over"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with a batch file, and where."""

    where: str
    message: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.where}: {self.message}"


class BadInstruction(UsageError):
    """A batch file has mistakes; all of them are listed."""

    code = "batch-file"

    def __init__(self, file_name: str, mistakes: Sequence[Mistake]) -> None:
        """Keep every mistake; the message names the first."""
        count = len(mistakes)
        super().__init__(
            f"{count} mistake{'s' if count != 1 else ''} in {file_name}; {mistakes[0]}",
            done="nothing was written",
            hint="correct the batch file; 'custody batch check' lists every mistake",
        )
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class DraftJob:
    """A job as its file gives it, with the name of its place in that file."""

    where: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader found; ``mistakes`` are those of the file format itself."""

    batch: Mapping[str, object] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    jobs: tuple[DraftJob, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


@dataclass(slots=True)
class _Collected:
    mistakes: list[Mistake]

    def add(self, where: str, key: str, message: str) -> None:
        self.mistakes.append(Mistake(f"{where}, {key}", message))


def compile_plan(file_name: str, draft: Draft, *, folder: RawPath) -> Plan:
    """Return the plan of a draft; raises BadInstruction with every mistake found."""
    found = _Collected(list(draft.mistakes))
    if not draft.jobs and not found.mistakes:
        found.mistakes.append(Mistake(file_name, "has no job"))
    for key in sorted(draft.batch.keys() - BATCH_KEYS):
        found.add("[batch]", key, "is not a key of [batch]")
    title = _text(found, "[batch]", "name", draft.batch.get("name", file_name))
    limit = _limit(found, draft.batch.get("stop_when_failed_over", 1))
    for key in sorted(draft.defaults.keys() - JOB_KEYS):
        found.add("[defaults]", key, "is not a key of a job")
    jobs = [job for job in (_job(found, draft, item, folder) for item in draft.jobs) if job is not None]
    for landing in collisions(jobs):
        found.add(file_name, "sources", f"two of them would land at {printable(landing)}")
    if found.mistakes:
        raise BadInstruction(file_name, found.mistakes)
    return Plan(name=title, stop_when_failed_over_permille=limit, jobs=tuple(jobs))


def _text(found: _Collected, where: str, key: str, value: object) -> str:
    try:
        return text_value(value)
    except BadValue as bad:
        found.add(where, key, bad.reason)
        return ""


def _limit(found: _Collected, value: object) -> int:
    message = "is not a number from 0 to 1"
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        found.add("[batch]", "stop_when_failed_over", message)
        return NEVER_STOP
    try:
        share = Decimal(value if isinstance(value, int) else str(value))
    except InvalidOperation:
        found.add("[batch]", "stop_when_failed_over", message)
        return NEVER_STOP
    if not share.is_finite() or not 0 <= share <= 1:
        found.add("[batch]", "stop_when_failed_over", message)
        return NEVER_STOP
    return int(share * NEVER_STOP)


def _job(found: _Collected, draft: Draft, item: DraftJob, folder: RawPath) -> JobPlan | None:
    before = len(found.mistakes)
    for key in sorted(item.values.keys() - JOB_KEYS):
        found.add(item.where, key, "is not a key of a job")
    values = {**draft.defaults, **item.values}
    form = _form(found, item.where, values)
    title = _text(found, item.where, "name", values.get("name", item.where))
    if values.get("case_number", "") == "":
        found.add(item.where, "case_number", "is missing")
    if values.get("zip", False) not in (False, "", "false", "no"):
        found.add(item.where, "zip", "archives cannot be made yet; set it to false")
    algorithms = _algorithms(found, item.where, values.get("hashes", ()))
    sources = tuple(sorted(set(_sources(found, item.where, values, folder))))
    destination = _destination(found, item.where, values, folder, form | {"name": title})
    if len(found.mistakes) > before or destination is None:
        return None
    return JobPlan(
        name=title, case_number=form["case_number"], exhibit=form.get("exhibit"), destination=destination,
        sources=sources, algorithms=algorithms, form=form,
    )  # fmt: skip


def _form(found: _Collected, where: str, values: Mapping[str, object]) -> dict[str, str]:
    form = {}
    for key in FIELDS:
        if key not in values or values[key] == "":
            continue
        try:
            form[key] = field_value(key, values[key])
        except BadValue as bad:
            found.add(where, key, bad.reason)
    if len(canonical.encode(dict(form))) > MAX_FORM_BYTES:
        found.add(where, "form", f"is longer than {MAX_FORM_BYTES >> 10} KiB in all")
    return form


def _algorithms(found: _Collected, where: str, value: object) -> tuple[str, ...]:
    names = _strings(value)
    if names is None:
        found.add(where, "hashes", "is not a list of names")
        return (digest.PRIMARY,)
    try:
        return digest.algorithms(names)
    except UsageError as error:
        found.add(where, "hashes", f"{error.what}; {error.hint}")
        return (digest.PRIMARY,)


def _strings(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
        return None
    return tuple(value)


def _sources(
    found: _Collected, where: str, values: Mapping[str, object], folder: RawPath
) -> Iterator[RawPath]:
    listed = 0
    for key in ("files", "folders"):
        items = _strings(values.get(key, ()))
        if items is None:
            found.add(where, key, "is not a list of paths")
            return
        for item in items:
            listed += 1
            path = _absolute(found, where, key, item, folder)
            if path is not None:
                yield path
    if not listed:
        found.add(where, "files", "there are no files and no folders to copy")


def _absolute(found: _Collected, where: str, key: str, text: str, folder: RawPath) -> RawPath | None:
    if "\0" in text:
        found.add(where, key, "holds a NUL character")
        return None
    raw = text.encode("utf-8", "surrogateescape")
    whole = raw if raw.startswith(b"/") else join(folder, raw)
    parts = [part for part in whole.split(b"/") if part not in {b"", b"."}]
    if b".." in parts:
        found.add(where, key, f"has a '..' part: {printable(raw)}")
        return None
    path = RawPath(b"/" + b"/".join(parts))
    if not name(path):
        found.add(where, key, "is the root of the file system")
        return None
    return path


def _destination(
    found: _Collected, where: str, values: Mapping[str, object], folder: RawPath, form: Mapping[str, str]
) -> RawPath | None:
    output = values.get("output")
    if not isinstance(output, str) or not output:
        found.add(where, "output", "is missing or not a path")
        return None
    base = _absolute(found, where, "output", output, folder)
    template = values.get("template")
    if base is None or template is None or template == "":
        return base
    if not isinstance(template, str):
        found.add(where, "template", "is not text")
        return None
    try:
        return join(base, fill(template, form))
    except UsageError as error:
        found.add(where, "template", f"{error.what}; {error.hint}")
        return None
