"""What the results of long commands carry when the command failed before there was anything to tell.

A program that reads a field must find it, on failure too (the interface: streams, progress, JSON).
"""

from collections.abc import Mapping
from typing import Final

_NO_FILES: Final = {"queued": 0, "verified": 0, "qualified": 0, "skipped": 0, "failed": 0, "special": 0}
_NO_RUN: Final[Mapping[str, object]] = {
    "batch": None,
    "run": None,
    "jobs": [],
    "files": _NO_FILES,
    "bytes": 0,
    "seconds": 0,
    "refuted": False,
    "reason": None,
    "metadata_lost": 0,
    "failures": [],
    "failures_not_listed": 0,
}
_NOTHING_READ: Final[Mapping[str, object]] = {
    "checked": 0,
    "bytes": 0,
    "seconds": 0,
    "changed": [],
    "missing": [],
    "extra": [],
    "unreadable": [],
}

EMPTY_RESULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "copy": _NO_RUN,
    "batch run": _NO_RUN,
    "batch resume": _NO_RUN,
    "batch retry": _NO_RUN,
    "verify": _NOTHING_READ,
    "audit": {
        "entries": 0,
        "unanchored_entries": 0,
        "withheld": 0,
        "verdicts": {},
        "not_required": [],
        "undecided": [],
        "findings": [],
        "findings_not_listed": 0,
        "notes": [],
        "not_shown": [],
    },
}
