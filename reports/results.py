"""What can have become of a file, and what each outcome means for the report: one table.

Knows every outcome with its words and its weight. A new outcome is a new row here; whoever counts, lists or
judges files asks this table and names no outcome of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from custody.reports.wording import number


class Result(StrEnum):
    """What the ledger says, in the end, about one file of the source."""

    VERIFIED = "verified"
    PRESENT = "already there"  # an equal file stood at the destination and was compared
    EARLIER = "verified earlier"  # proved by another entry of the ledger; not read again in this run
    QUALIFIED = "qualified"  # copied, but parts of the source could not be read: zeros in the copy
    FAILED = "failed"
    REFUTED = "refuted"  # a later pass found the copy changed or missing
    UNREADABLE = "unreadable"  # a later pass could not read the copy: neither proved nor refuted by it
    UNVERIFIED = "not verified"


class Verdict(StrEnum):
    """The whole report in one word, the worst last; only COMPLETE says that nothing is left to explain."""

    COMPLETE = "complete"
    REMARKS = "complete, with remarks"
    UNFINISHED = "unfinished"
    FAILED = "failed"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an outcome means; ``one`` and ``many`` are its words in the first sentence of the report."""

    verdict: Verdict = Verdict.COMPLETE  # the best that a report with such a file can say
    proved: bool = False
    caption: str  # under its number on the first page
    always: bool = False  # a zero is told as well
    cell: str  # in the list of files: capitals for what is not proved
    one: str = ""
    many: str = ""
    of_hashes: str = ""  # what must be said beside the hash values


STANDINGS: Final[Mapping[Result, Standing]] = {
    Result.VERIFIED: Standing(proved=True, caption="verified", always=True, cell="verified"),
    Result.PRESENT: Standing(proved=True, caption="already there", cell="already there"),
    Result.EARLIER: Standing(proved=True, caption="verified earlier", cell="verified earlier"),
    Result.QUALIFIED: Standing(
        verdict=Verdict.FAILED,
        caption="qualified",
        cell="QUALIFIED",
        one="copied with zeros in place of what could not be read of the source",
        many="copied with zeros in place of what could not be read of the sources",
        of_hashes="hash values of the copy, with zeros where the source could not be read",
    ),
    Result.FAILED: Standing(
        verdict=Verdict.FAILED, caption="failed", always=True, cell="FAILED", one="failed", many="failed"
    ),
    Result.REFUTED: Standing(
        verdict=Verdict.REFUTED,
        caption="refuted later",
        always=True,
        cell="REFUTED",
        one="copy later found changed or missing",
        many="copies later found changed or missing",
        of_hashes="hash values as recorded before; the copy was later found not to agree",
    ),
    Result.UNREADABLE: Standing(
        verdict=Verdict.FAILED,
        caption="unreadable later",
        cell="UNREADABLE",
        one="copy could not be read again",
        many="copies could not be read again",
        of_hashes="hash values as recorded before; the copy could not be read again",
    ),
    Result.UNVERIFIED: Standing(
        verdict=Verdict.UNFINISHED,
        caption="not verified",
        always=True,
        cell="NOT VERIFIED",
        one="not verified",
        many="not verified",
    ),
}
GOOD: Final = frozenset(result for result, standing in STANDINGS.items() if standing.proved)

FOREIGN: Final = "extra"

_SEVERITY: Final = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that keeps a report from being COMPLETE, in the words of its first sentence."""

    verdict: Verdict
    words: str


def worst(troubles: Iterable[Trouble]) -> Verdict:
    """Return the gravest verdict among the troubles; COMPLETE if there are none."""
    return max((trouble.verdict for trouble in troubles), key=_SEVERITY.index, default=Verdict.COMPLETE)


def by_gravity(troubles: Iterable[Trouble]) -> list[Trouble]:
    """Return the troubles, the gravest first."""
    return sorted(troubles, key=lambda trouble: -_SEVERITY.index(trouble.verdict))


def told(value: int, one: str, many: str) -> str:
    """Return the number with the words for one or for many."""
    return f"{number(value)} {one if value == 1 else many}"
