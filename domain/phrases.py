"""Parts of the sentences in which events are told: those of a file's copying, sizes, counts and digests.

Knows the words. Does not know who did it, nor where an event stands.
"""

from collections.abc import Mapping

from custody.domain.events import (
    BundleExported,
    CheckpointCosigned,
    CheckpointStamped,
    CosignatureGiven,
    FileCopying,
    FileFailed,
    FileFsynced,
    FileProgressed,
    FileQualified,
    FileSkipped,
    FileVerified,
    MetadataLost,
)
from custody.domain.paths import printable
from custody.domain.proofs.cosignature import moment


def copying(event: FileCopying | FileProgressed | FileFsynced) -> str:
    """Return the sentence of a step from the first byte to the flushed copy."""
    match event:
        case FileCopying():
            name = printable(event.temporary)
            kept = "" if event.resumed_at is None else f", going on behind {bytes_text(event.resumed_at)}"
            return f"copying began (attempt {event.attempt}) under the temporary name {name}{kept}"
        case FileProgressed():
            durable = f"the first {bytes_text(event.size)} are durable under the temporary name"
            return f"{durable}; as read: {digests_text(event.digests)}"
        case _:
            written = f"{bytes_text(event.size)} written and flushed to the device"
            again = "" if event.source_readings is None else f" {event.source_readings} times alike"
            return f"{written}; as read{again}: {digests_text(event.digests)}{_zeros(event)}"


def _zeros(event: FileFsynced) -> str:
    """Return what there is to say of zeros in the source: they may be a gap that a tool filled."""
    if event.zeros is None:
        return ""
    if event.zeros_bytes == event.size:
        return "; it is nothing but zeros"
    stretches = ", ".join(f"{length:,} at {offset:,}" for offset, length in event.zeros)
    more = (event.zeros_count or 0) - len(event.zeros)
    rest = f" and {counted(more, 'more run', 'more runs')}" if more > 0 else ""
    return f"; long runs of zeros, {bytes_text(event.zeros_bytes or 0)} in all: {stretches}{rest}"


def anchoring(event: CheckpointCosigned | CosignatureGiven | CheckpointStamped, who: str) -> str:
    """Return the sentence of a stamp or cosignature that this ledger received, or that its keeper gave."""
    if isinstance(event, CheckpointStamped):
        return (
            f"the checkpoint of {counted(event.size, 'entry', 'entries')} stamped by {event.authority} "
            f"at {event.generated_at}, serial number {event.serial}"
        )
    entries = f"the first {counted(event.size, 'entry', 'entries')}"
    if isinstance(event, CosignatureGiven):
        return f"{who}, as a witness, cosigned {entries} of {event.origin}: root {event.root}"
    return (
        f"witness {event.witness} cosigned {entries} at {moment(event.time)} by its clock: root {event.root}"
    )


def loss(event: MetadataLost) -> str:
    """Return the sentence of attributes that a copy does not have."""
    names = ", ".join(event.attributes) or "all of them"
    more = event.count - len(event.attributes)
    rest = f" and {more} more" if more > 0 else ""
    return f"attributes of the source that could not be kept: {names}{rest} ({event.reason})"


def proved(event: FileVerified | FileQualified) -> str:
    """Return the sentence of a copy that was read back."""
    if isinstance(event, FileQualified):
        return _qualified(event)
    read = f"{bytes_text(event.size)} read back ({event.read_back}), equal to the source"
    return f"verified as {printable(event.path)}: {read}: {digests_text(event.digests)}"


def _qualified(event: FileQualified) -> str:
    stretches = ", ".join(f"{length:,} at {offset:,}" for offset, length in event.unreadable)
    more = event.unreadable_count - len(event.unreadable)
    rest = f" and {counted(more, 'more stretch', 'more stretches')}" if more > 0 else ""
    lost = f"{bytes_text(event.unreadable_bytes)} of the source could not be read and are zeros in the copy"
    return (
        f"qualified, not verified, as {printable(event.path)}: {lost} ({stretches}{rest}); the copy of "
        f"{bytes_text(event.size)} was read back ({event.read_back}) and is what was written: "
        f"{digests_text(event.digests)}"
    )


def failure(event: FileFailed) -> str:
    """Return the sentence of an attempt that failed."""
    number = "" if event.errno is None else f", errno {event.errno}"
    place = "" if event.offset is None else f" at byte {event.offset:,}"
    moved = "" if event.moved_to is None else f"; the bad copy was put aside as {printable(event.moved_to)}"
    what = f"{event.message} ({event.error}{number})"
    return f"failed at {event.stage}{place} (attempt {event.attempt}): {what}{moved}"


def skip(event: FileSkipped) -> str:
    """Return the sentence of a file that needed no copying."""
    proof = (
        "an equal file was there and was compared"
        if event.cites is None
        else f"entry {event.cites} proves the copy that is there"
    )
    return (
        f"not copied again ({event.reason}): {proof}: {bytes_text(event.size)}, {digests_text(event.digests)}"
    )


def exported(event: BundleExported, who: str) -> str:
    """Return the sentence of a bundle that was written for somebody."""
    exhibit = "" if event.exhibit is None else f"exhibit {event.exhibit} of "
    about = "the whole ledger" if event.case_number is None else f"{exhibit}case {event.case_number}"
    entries = f"{event.disclosed:,} of {counted(event.size, 'entry', 'entries')} disclosed"
    return f"bundle of {about} exported by {who}, {entries}: SHA-256 of its SHA256SUMS {event.sums_sha256}"


def digests_text(digests: Mapping[str, str]) -> str:
    """Return digests with the names of their algorithms."""
    return ", ".join(f"{name} {value}" for name, value in sorted(digests.items()))


def bytes_text(size: int) -> str:
    """Return a size in words."""
    return f"{size:,} byte{'' if size == 1 else 's'}"


def counted(number: int, noun: str, many: str | None = None) -> str:
    """Return a number of things in words."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"
