"""What counts as proof that a copy is what it should be: one rule for skipping, surveying and resuming.

The read model only says where to look. It is not signed, so what is claimed anew rests on the signed entry.
"""

from collections.abc import Iterable, Mapping, Sequence

from custody.domain.copying.failure_words import DIFFERENCES
from custody.domain.copying.reports import ListedEntry
from custody.domain.entries.entry import Recorded
from custody.domain.events import (
    CopyRefuted,
    CopyReverified,
    FileFsynced,
    FileQualified,
    FileSkipped,
    FileVerified,
)
from custody.domain.identifiers import Position
from custody.domain.paths import RawPath
from custody.domain.ports import LedgerWriter, Standing
from custody.domain.projections.rows import TransferRow


def is_proved(row: TransferRow) -> bool:
    """Tell whether the row holds the source as it was when its copy was proved, unrefuted since.

    A row that was queued again holds what the source is now, but the digests of what it was.
    """
    return row.state in {"verified", "skipped"} and row.proved is not None and not row.refuted


def proves(proof: TransferRow | None, entry: ListedEntry, standing: Standing | None) -> bool:
    """Tell whether nothing needs copying: proved, the source unchanged, the copy standing."""
    return (
        proof is not None
        and is_proved(proof)
        and (entry.size, entry.mtime_ns, entry.ctime_ns) == (proof.size, proof.mtime_ns, proof.ctime_ns)
        and standing is not None
        and (standing.kind, standing.size, standing.mtime_ns) == ("file", proof.size, proof.mtime_ns)
    )


def signed_proofs(ledger: LedgerWriter, proofs: Mapping[RawPath, TransferRow]) -> dict[RawPath, TransferRow]:
    """Return those of the proofs, by absolute path of the copy, that their signed entry bears out."""
    positions = [row.proved for row in proofs.values() if row.proved is not None]
    entries = ledger.vouched(positions)
    return {
        copy: row
        for copy, row in proofs.items()
        if row.proved is not None and _bears_out(entries.get(row.proved), copy, row)
    }


def _bears_out(entry: Recorded | None, copy: RawPath, row: TransferRow) -> bool:
    event = entry.event if entry is not None else None
    if isinstance(event, FileSkipped) and event.cites is not None:
        return False  # hearsay: it names the entry that proves
    return (
        isinstance(event, FileVerified | FileSkipped)
        and copy.endswith(b"/" + event.path)
        and (event.size, event.digests) == (row.copy_size, row.digests)
    )


def is_signed_claim(ledger: LedgerWriter, history: Sequence[Recorded], row: TransferRow) -> bool:
    """Tell whether a flushed file's row says what the signed entry of its flush says."""
    claims = [recorded for recorded in history if isinstance(recorded.event, FileFsynced)]
    if not claims:
        return False
    position = Position(claims[-1].position)
    recorded = ledger.vouched([position]).get(position)
    event = recorded.event if recorded is not None else None
    return isinstance(event, FileFsynced) and (event.size, event.digests) == (row.copy_size, row.digests)


def found_different(history: Iterable[Recorded]) -> bool:
    """Tell whether a pass since the last good reading found a difference: one that could not look is none."""
    different = False
    for recorded in history:
        match recorded.event:
            case CopyRefuted(finding=finding):
                different = different or finding in DIFFERENCES
            case CopyReverified() | FileVerified() | FileQualified():
                different = False
            case _:
                continue
    return different
