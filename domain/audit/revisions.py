"""The order within each stream, as an index of the store gives it.

Knows revisions and positions and nothing of what the entries say.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from custody.domain.audit.findings import Findings


@dataclass(frozen=True, slots=True)
class RawRevision:
    """One stored record by its stream, as an index sorted by stream and revision gives it."""

    stream: object
    revision: object
    position: object


def check_revisions(
    revisions: Iterable[RawRevision], findings: Findings, *, some_withheld: bool = False
) -> None:
    """Judge the order within each stream: revisions 1, 2, 3, … at rising positions.

    The records come sorted by stream and revision, so that any number of streams needs no memory. Where some
    entries are withheld, a gap may be one of them, and decides nothing.
    """
    stream: object = None
    revision, position = 0, -1
    for row in revisions:
        if row.stream != stream:
            stream, revision, position = row.stream, 0, -1
        # The columns are those of the entries by now, or there is a finding about them.
        if type(row.revision) is not int or type(row.position) is not int:
            continue
        if row.revision > revision + 1 and some_withheld:
            findings.leave_open("structure")
        elif row.revision != revision + 1:
            message = f"revision {row.revision} of its stream comes after revision {revision}"
            findings.note("structure", "revision-gap", row.position, message)
        elif row.position < position:
            message = f"revision {row.revision} of its stream stands before revision {revision}"
            findings.note("structure", "revision-order", row.position, message)
        revision, position = row.revision, row.position
