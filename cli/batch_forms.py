"""Batch files to fill in.

Knows the keys of a batch file and an example for each. Reads none; see ``domain.instructions``.
"""

import csv as csv_format
import io
from pathlib import Path
from typing import Final

from custody.cli.output import Answer
from custody.domain.errors import UsageError
from custody.domain.form import FIELDS, TIME_FIELDS
from custody.domain.paths import printable, to_json

_EXAMPLES: Final = {
    "name": "Camera 1",
    "files": "/mnt/card/DCIM/cam01.mov",
    "folders": "/mnt/card/AUDIO",
    "output": "/mnt/evidence",
    "template": "{case_number}/{business_name} @ {location_address}/{video_start:%d%b%y_%H%M}",
    "hashes": "sha256",
    "case_number": "2026-0147",
    "exhibit": "A-001",
    "business_name": "Corner Store",
    "location_address": "12 Main Street",
    "technician_name": "J. Ortiz",
    "badge_number": "4411",
    "notes": "",
    "video_start": "2026-03-01T21:10:00",
    "video_end": "2026-03-01T22:40:00",
    "dvr_time": "2026-03-02T10:00:00",
    "real_time": "2026-03-02T10:07:30",
}
_COLUMNS: Final = ("name", "files", "folders", "output", "template", "hashes", *FIELDS)
_LISTS: Final = frozenset({"files", "folders", "hashes"})
_DEFAULTS: Final = ("output", "template", "hashes")


def write_form(out: str, *, csv: bool, toml: bool) -> Answer:
    """Write a form to a new file. Raises UsageError when its kind is unclear, Refused when it exists."""
    from custody.infrastructure.files.new_file import new_file

    path = Path(out)
    with new_file(path) as stream:
        stream.write((csv_form() if _is_csv(path, csv=csv, toml=toml) else toml_form()).encode())
    shown = printable(bytes(path))
    return Answer(
        verdict=f"OK  batch file to fill in: {shown}",
        lines=(f"  then      custody batch check {shown}",),
        fields=to_json("out", bytes(path)),
    )


def toml_form() -> str:
    """Return the form in TOML, filled with an example."""
    jobs = [f"{name} = {_toml(name)}" for name in ("name", "files", "folders", *FIELDS)]
    return "\n".join([
        "# Batch file of Custody. Paths are absolute, or relative to this file's folder.",
        "[batch]",
        'name = "Main Street robbery"',
        "stop_when_failed_over = 1.0  # share of the files tried; 1.0 = never stop",
        "",
        "[defaults]  # any key of a job may stand here",
        *(f"{name} = {_toml(name)}" for name in _DEFAULTS),
        "",
        "[[job]]  # one for each acquisition",
        *jobs,
        "",
    ])  # fmt: skip


def csv_form() -> str:
    """Return the form as a table: a header, and one row as an example."""
    text = io.StringIO()
    writer = csv_format.writer(text, lineterminator="\r\n")  # RFC 4180 section 2
    writer.writerow(_COLUMNS)
    writer.writerow(_EXAMPLES[name] for name in _COLUMNS)
    return text.getvalue()


def _is_csv(path: Path, *, csv: bool, toml: bool) -> bool:
    ending = path.suffix.lower()
    wanted = ".csv" if csv else ".toml" if toml else ending
    if (csv and toml) or wanted not in {".csv", ".toml"} or ending != wanted:
        raise UsageError(
            f"not clear which kind of batch file to write: {printable(bytes(path))}",
            hint="let the name end with .toml or .csv, as the option says",
        )
    return wanted == ".csv"


def _toml(name: str) -> str:
    example = _EXAMPLES[name]
    if name in _LISTS:
        return f'["{example}"]'
    return example if name in TIME_FIELDS else f'"{example}"'
