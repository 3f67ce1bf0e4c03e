"""Batch files in TOML 1.0: ``[batch]``, ``[defaults]`` and one ``[[job]]`` for each job."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from custody.domain.instructions.draft import Draft, DraftJob, Mistake
from custody.domain.instructions.jobs import JOB_KEYS

_TABLES: Final = frozenset({"batch", "defaults", "job"})


def read_toml(text: str) -> Draft:
    """Return what the file says; a syntax error is the file's one mistake."""
    try:
        # Decimal keeps 0.5 what was written; a float would have to be rounded again.
        content = tomllib.loads(text, parse_float=Decimal)
    except InvalidOperation:
        return Draft(mistakes=(Mistake("TOML", "a number cannot be read"),))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return Draft(mistakes=(Mistake("TOML", str(error)),))
    mistakes = [Mistake(key, _astray(key)) for key in sorted(content.keys() - _TABLES)]
    tables: dict[str, Mapping[str, object]] = {}
    for key in ("batch", "defaults"):
        table = content.get(key, {})
        if not isinstance(table, dict):
            mistakes.append(Mistake(key, f"is not a table; write [{key}]"))
            table = {}
        tables[key] = table
    jobs = content.get("job", [])
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        mistakes.append(Mistake("job", "is not a list of tables; write [[job]]"))
        jobs = []
    return Draft(
        batch=tables["batch"],
        defaults=tables["defaults"],
        jobs=tuple(DraftJob(f"job {number}", job) for number, job in enumerate(jobs, 1)),
        mistakes=tuple(mistakes),
    )


def _astray(key: str) -> str:
    if key in JOB_KEYS:
        return "stands in no table; put it below [[job]], or below [defaults] for all jobs"
    return "is not a table of a batch file"
