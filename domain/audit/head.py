"""What a store says about its own end, against what its entries make. Reads nothing itself."""

from dataclasses import dataclass

from custody.domain.audit.findings import Findings
from custody.domain.identifiers import LedgerId


@dataclass(frozen=True, slots=True, kw_only=True)
class RawHead:
    """What a store says about its own end and id; any type, since anyone may have written it."""

    size: object
    frontier: object
    previous: object
    ledger: object


def check_head(
    head: RawHead, made: tuple[int, bytes, bytes], ledger: LedgerId | None, findings: Findings
) -> None:
    """Compare with what the entries make: their number, the tree's frontier, the last leaf; and their id."""
    size = made[0]
    if (head.size, head.frontier, head.previous) != made or type(head.size) is not int:
        cut = type(head.size) is int and head.size > size
        message = (
            f"the ledger's head speaks of {head.size} entries, but there are {size}"
            if cut
            else "the ledger's head is not the one that the entries make"
        )
        position = findings.first_position
        findings.note("tree", "head-differs", size if cut and position is None else position, message)
    if ledger is not None and head.ledger != str(ledger):
        message = "the store names another ledger than its entries do"
        findings.note("structure", "store-of-another-ledger", None, message)
