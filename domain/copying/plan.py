"""The plan: what a batch is to do, as one canonical value whose SHA-256 is the batch's id.

Knows absolute paths, form data and limits. Does not know whether a path exists, nor any file format.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from custody.domain import canonical, digest
from custody.domain.canonical import JsonObject, JsonValue
from custody.domain.copying.template import fill
from custody.domain.errors import MalformedData, UsageError
from custody.domain.form import BadValue, text_value
from custody.domain.identifiers import BatchId
from custody.domain.paths import RawPath, from_json, join, name, printable, to_json

PLAN_VERSION: Final = 1
NEVER_STOP: Final = 1000  # permille of the files tried
COPY_NAME: Final = "copy"
_PLAN_KEYS: Final = frozenset({"v", "name", "stop_when_failed_over_permille", "jobs"})
_JOB_KEYS: Final = frozenset({"name", "case_number", "destination", "sources", "algorithms", "form"})
_OPTIONS: Final = (
    "salvage",
    "read_source_twice",
)  # in a plan only where they are chosen: ids stay what they were
_OPTIONAL: Final = frozenset({"exhibit", *_OPTIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """One acquisition: sources, destination folder, algorithms and form data."""

    name: str
    case_number: str
    exhibit: str | None
    destination: RawPath
    sources: tuple[RawPath, ...]
    algorithms: tuple[str, ...]
    form: Mapping[str, str]
    salvage: bool = False  # what cannot be read of a source becomes zeros and is listed
    read_source_twice: bool = False  # the second time past the cache, and compared

    def landings(self) -> tuple[RawPath, ...]:
        """Return where each source will stand: its own name below the destination."""
        return tuple(join(self.destination, name(source)) for source in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All jobs of a batch. ``stop_when_failed_over_permille`` of the files tried; 1000 never stops."""

    name: str
    stop_when_failed_over_permille: int
    jobs: tuple[JobPlan, ...]

    @property
    def id(self) -> BatchId:
        """Return the batch id: hex SHA-256 of the plan's bytes."""
        return BatchId(hashlib.sha256(self.to_bytes()).hexdigest())

    def to_bytes(self) -> bytes:
        """Return the canonical JSON (RFC 8785) of the plan."""
        value: JsonObject = {
            "v": PLAN_VERSION,
            "name": self.name,
            "stop_when_failed_over_permille": self.stop_when_failed_over_permille,
            "jobs": [_job_to_json(job) for job in self.jobs],
        }
        return canonical.encode(value)

    @staticmethod
    def from_bytes(content: bytes) -> "Plan":
        """Read a plan back; raises MalformedData."""
        value = canonical.decode(content, max_bytes=len(content))
        try:
            return _plan_from_json(_object(value, _PLAN_KEYS))
        except (KeyError, TypeError) as error:
            message = "a kept plan does not have the form of a plan"
            raise MalformedData(message) from error


def _job_to_json(job: JobPlan) -> JsonObject:
    value: JsonObject = {
        "name": job.name,
        "case_number": job.case_number,
        "destination": _path_to_json(job.destination),
        "sources": [_path_to_json(source) for source in job.sources],
        "algorithms": list(job.algorithms),
        "form": dict(job.form),
    }
    if job.exhibit is not None:
        value["exhibit"] = job.exhibit
    value |= {option: True for option in _OPTIONS if getattr(job, option)}
    return value


def _path_to_json(path: RawPath) -> JsonValue:
    return cast("JsonObject", to_json("path", path))


def _path_from_json(value: JsonValue) -> RawPath:
    item = _object(value, frozenset({"path"}), frozenset({"path_b64"}))
    return from_json(item["path"], item.get("path_b64"))


def _plan_from_json(value: JsonObject) -> Plan:
    if _number(value["v"]) != PLAN_VERSION:
        raise TypeError(value["v"])
    return Plan(
        name=_text(value["name"]),
        stop_when_failed_over_permille=_number(value["stop_when_failed_over_permille"]),
        jobs=tuple(_job_from_json(_object(job, _JOB_KEYS, _OPTIONAL)) for job in _list(value["jobs"])),
    )


def _job_from_json(value: JsonObject) -> JobPlan:
    return JobPlan(
        name=_text(value["name"]),
        case_number=_text(value["case_number"]),
        exhibit=_text(value["exhibit"]) if "exhibit" in value else None,
        destination=_path_from_json(value["destination"]),
        sources=tuple(_path_from_json(source) for source in _list(value["sources"])),
        algorithms=tuple(_text(item) for item in _list(value["algorithms"])),
        form={field: _text(item) for field, item in _object(value["form"]).items()},
        **{option: _chosen(value[option]) for option in _OPTIONS if option in value},
    )


def _object(
    value: JsonValue, keys: frozenset[str] | None = None, optional: frozenset[str] = frozenset()
) -> JsonObject:
    if not isinstance(value, dict) or (keys is not None and value.keys() - optional != keys):
        raise TypeError(value)
    return value


def _list(value: JsonValue) -> Sequence[JsonValue]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _chosen(value: JsonValue) -> bool:
    """Return True, the only form of an option: one that is not chosen is not there."""
    if value is not True:
        raise TypeError(value)
    return True


def _number(value: JsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def shared_landings(jobs: Iterable[tuple[str, JobPlan]]) -> Iterator[tuple[RawPath, str, str]]:
    """Yield the places where two sources would land, with the names of the jobs that bring them there.

    The first of them is named each time another one comes.
    """
    taken: dict[RawPath, str] = {}
    for where, job in jobs:
        for landing in job.landings():
            if landing in taken:
                yield landing, taken[landing], where
            else:
                taken[landing] = where


def copy_plan(
    sources: Sequence[RawPath], *, to: RawPath, case_number: str, exhibit: str | None = None,
    hashes: Iterable[str] = (), template: str | None = None,
    salvage: bool = False, read_source_twice: bool = False,
) -> Plan:  # fmt: skip
    """Return the one-job plan of ``custody copy``; paths are absolute. Raises UsageError."""
    form = {"case_number": _checked("--case", case_number)}
    if exhibit is not None:
        form["exhibit"] = _checked("--exhibit", exhibit)
    if not sources:
        message = "no source was given"
        raise UsageError(message, done="nothing was written", hint="name the files and folders to copy")
    if not all(name(source) for source in sources):
        message = "the root of the file system cannot be a source"
        raise UsageError(message, done="nothing was written", hint="name the folders in it")
    job = JobPlan(
        name=COPY_NAME,
        case_number=form["case_number"],
        exhibit=form.get("exhibit"),
        destination=join(to, fill(template, form | {"name": COPY_NAME})) if template else to,
        sources=tuple(sorted(set(sources))),
        algorithms=digest.algorithms(hashes),
        form=form,
        salvage=salvage,
        read_source_twice=read_source_twice,
    )
    for landing, *_ in shared_landings([(COPY_NAME, job)]):
        message = f"two sources have the same name and would both land at {printable(landing)}"
        raise UsageError(message, done="nothing was written", hint="copy them into different folders")
    return Plan(name=COPY_NAME, stop_when_failed_over_permille=NEVER_STOP, jobs=(job,))


def _checked(option: str, value: str) -> str:
    try:
        text = text_value(value)
    except BadValue as bad:
        message = f"the value of {option} {bad.reason}"
        raise UsageError(message, done="nothing was written") from bad
    if not text:
        message = f"the value of {option} is empty"
        raise UsageError(message, done="nothing was written")
    return text
