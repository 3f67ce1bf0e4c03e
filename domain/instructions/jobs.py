"""From one job of a batch file to its part of the plan: form, algorithms, sources, destination.

Knows every key of a job and what may stand under it. Goes on after a mistake, so that all are found.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from custody.domain import canonical, digest
from custody.domain.copying.plan import JobPlan
from custody.domain.copying.template import fill, require_fields
from custody.domain.errors import UsageError
from custody.domain.form import FIELDS, BadValue, field_value, text_value
from custody.domain.instructions.draft import JobValues, Mistakes
from custody.domain.paths import RawPath, join, name, printable

OPTIONS: Final = ("salvage", "read_source_twice")
JOB_KEYS: Final = frozenset(
    {"name", "files", "folders", "output", "template", "hashes", "zip", *OPTIONS, *FIELDS}
)
MAX_FORM_BYTES: Final = 24 * 1024  # as JSON: with paths and names it must fit into one entry
_NO: Final = frozenset({"false", "no", "none"})  # what people and spreadsheets write
_YES: Final = frozenset({"true", "yes"})


def compile_job(found: Mistakes, values: JobValues, folder: RawPath) -> JobPlan | None:
    """Return the plan of a job; None when it has mistakes, which are then among those found."""
    before = len(found)
    form = _form(found, values)
    title = text(found, values.where("name"), "name", values.get("name"), values.place)
    if values.get("case_number") is None:
        found.at(values.place, "case_number", "is missing")
    if not _is_no(values.get("zip")):
        found.at(values.where("zip"), "zip", "archives cannot be made yet; set it to false")
    algorithms = _algorithms(found, values)
    options = {key: _is_chosen(found, values, key) for key in OPTIONS}
    sources = tuple(sorted(set(_sources(found, values, folder))))
    destination = _destination(found, values, folder, form | {"name": title})
    if len(found) > before or destination is None:
        return None
    return JobPlan(
        name=title, case_number=form["case_number"], exhibit=form.get("exhibit"), destination=destination,
        sources=sources, algorithms=algorithms, form=form, **options,
    )  # fmt: skip


def text(found: Mistakes, where: str, key: str, value: object, otherwise: str) -> str:
    """Return a text; ``otherwise`` when there is none."""
    try:
        return otherwise if value is None else text_value(value)
    except BadValue as bad:
        found.at(where, key, bad.reason)
        return otherwise


def _form(found: Mistakes, values: JobValues) -> dict[str, str]:
    form = {}
    for key in FIELDS:
        value = values.get(key)
        if value is None:
            continue
        try:
            form[key] = field_value(key, value)
        except BadValue as bad:
            found.at(values.where(key), key, bad.reason)
    if len(canonical.encode(dict(form))) > MAX_FORM_BYTES:
        found.at(values.place, "form", f"is longer than {MAX_FORM_BYTES >> 10} KiB in all")
    return form


def _is_no(value: object) -> bool:
    return value is None or value is False or (isinstance(value, str) and value.strip().lower() in _NO)


def _is_chosen(found: Mistakes, values: JobValues, key: str) -> bool:
    value = values.get(key)
    if _is_no(value):
        return False
    if value is not True and not (isinstance(value, str) and value.strip().lower() in _YES):
        found.at(values.where(key), key, "is neither true nor false")
    return True


def _algorithms(found: Mistakes, values: JobValues) -> tuple[str, ...]:
    names = _strings(values.get("hashes"))
    if names is None:
        found.at(values.where("hashes"), "hashes", "is not a list of names")
        return ()
    known: list[str] = []
    for algorithm in names:
        try:
            known += digest.algorithms([algorithm])
        except UsageError as error:
            found.at(values.where("hashes"), "hashes", f"{error.what}; {error.hint}")
    return digest.algorithms(known)


def _strings(value: object) -> tuple[str, ...] | None:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
        return None
    return tuple(value)


def _sources(found: Mistakes, values: JobValues, folder: RawPath) -> Iterator[RawPath]:
    named = 0
    for key in ("files", "folders"):
        items = _strings(values.get(key))
        if items is None:
            named += 1
            found.at(values.where(key), key, "is not a list of paths")
        for item in items or ():
            named += 1
            path = _absolute(found, values.where(key), key, item, folder)
            if path is not None:
                yield path
    if not named:
        found.at(values.place, "files", "there are no files and no folders to copy")


def _absolute(found: Mistakes, where: str, key: str, given: str, folder: RawPath) -> RawPath | None:
    if "\0" in given:
        found.at(where, key, "holds a NUL character")
        return None
    raw = given.encode("utf-8", "surrogateescape")
    whole = raw if raw.startswith(b"/") else join(folder, raw)
    parts = [part for part in whole.split(b"/") if part not in {b"", b"."}]
    if b".." in parts:
        found.at(where, key, f"has a '..' part: {printable(raw)}")
        return None
    path = RawPath(b"/" + b"/".join(parts))
    if not name(path):
        found.at(where, key, "is the root of the file system")
        return None
    return path


def _destination(
    found: Mistakes, values: JobValues, folder: RawPath, form: Mapping[str, str]
) -> RawPath | None:
    below = _filled(found, values, form)
    output = values.get("output")
    if not isinstance(output, str):
        found.at(values.where("output"), "output", "is missing or not a path")
        return None
    base = _absolute(found, values.where("output"), "output", output, folder)
    return base if base is None or below is None else join(base, below)


def _filled(found: Mistakes, values: JobValues, form: Mapping[str, str]) -> RawPath | None:
    """Return the path that the template makes; None without a template, or with mistakes in it."""
    template = values.get("template")
    if template is None:
        return None
    if not isinstance(template, str):
        found.at(values.where("template"), "template", "is not text")
        return None
    where = values.where("template")
    try:
        require_fields(template)
        where = values.place  # what is wrong from here on comes from the job's own values
        return fill(template, form)
    except UsageError as error:
        found.at(where, "template", f"{error.what}; {error.hint}")
        return None
