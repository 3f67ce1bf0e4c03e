"""The standing texts of a custody report: method, clock, how to check it, what it does not prove.

Knows what the software can and cannot promise, in plain words. Knows nothing of a single file.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from custody.domain.paths import escape_text
from custody.reports.anchors import AnchorLine
from custody.reports.custody_report import CheckStep, JobSection, SessionLine
from custody.reports.scope import CODE_DIGITS, LedgerHead, Scope
from custody.reports.wording import algorithm, count, listed, offset

_METHOD: Final = """
First the sources are listed completely: every file, folder, link and special file. The sources are only
read; nothing is moved, renamed or written there.

Each file is read from beginning to end, and while it is read, its bytes are counted and its hash values
({names}) are computed. A hash value is a fingerprint of the content: change one bit and the SHA-256 value
is a different one. Where the list of files says that a source was read twice, both readings were compared.

The copy is written under a temporary name and flushed to the device. A file that already stands there is
never replaced.

The copy is read back, and its size and SHA-256 value are compared with those of the source as it was read:
of small files after the copy was given its own name, of large ones before. Only if both are equal is the
file recorded as verified. How each file was read back is given in the list: “direct” reads from the
device; “dropped” first asks the system to forget the file; “cached” may have been answered from the memory
of the system and is the weakest.

A file whose source could not be read whole is recorded as failed. If the examiner asked to save what could
be read of it, the copy has zeros in place of the rest, and is recorded as qualified, never as verified.

Each step is written into an event log (the ledger) as a signed entry, after it is true and not before.
Each entry names the hash of the one before it. The ledger is tamper-evident: a later change of an entry
does not agree with the signatures and hashes that follow.

After the last file the sources are listed a second time and differences are recorded. Then the job is
checked as a whole: every entry of the first listing has one outcome, and the sums agree. Only then is
the job recorded as complete.
"""

_ENTRY_TIMES: Final = "All times of entries are those of the clock of the machine that did the work, in UTC."
_FILE_TIMES: Final = (
    "Times of files are those that the source's file system reported. A recorder's own clock may have been "
    "wrong; values given for that stand in the form data as they were entered."
)

_LIMITS: Final = """
It is made from the ledger alone. The copies were not read again when it was printed, and printing it is
no audit of the ledger: whether both are still as they were is for the checks of the section before.

It does not say that the source was genuine, complete or unchanged before it was listed, nor who made the
recordings on it.

It describes a copy of files, not an image of a medium: deleted files and unused space were not copied.
Extended attributes and access lists were not verified; those that are known to be lost are named.

The times are those of the clock of the machine that did the work. What others signed of the ledger, time
stamps and cosignatures of witnesses, is repeated in “Ledger and keys” as it is recorded there; none of it
was judged for this report.

The signatures show that the holder of the key signed these entries, and that none was changed after a
checkpoint was given to somebody else. Alone they do not stop the holder of the key from writing a
different ledger before that. Keep the checkpoint code of this page apart from the ledger.

The examiner's name is the one given when the key was made. That the key belongs to that person is for
the agency to confirm, by the fingerprint.

A copy read back well may be lost or damaged later: by the medium, by accident or by intent.

The report itself bears no signature. What identifies it is its SHA-256 in the ledger.

Whether the evidence is admitted is for a court to decide.
"""


def method(jobs: Sequence[JobSection]) -> tuple[str, ...]:
    """Return how the copies were made, for a reader who is no technician."""
    names = listed(algorithm(name) for name in sorted({name for job in jobs for name in job.algorithms}))
    return _paragraphs(_METHOD.replace("{names}", names or "SHA-256"))


def clock(sessions: Sequence[SessionLine]) -> tuple[str, ...]:
    """Return what is known of the clocks that gave the times in this report."""
    if not sessions:
        return ("No session of this report is recorded; its times cannot be judged.",)
    states = {session.clock_synchronised for session in sessions}
    if states == {True}:
        state = "In every session the system said that its clock was synchronised with a time server (NTP)."
    elif False in states:
        state = (
            "In at least one session the system said that its clock was NOT synchronised with a time server."
        )
    else:
        state = "For at least one session the system did not say whether its clock was synchronised."
    zones = listed(
        dict.fromkeys(
            f"{escape_text(session.zone)} ({offset(session.utc_offset_seconds)})" for session in sessions
        )
    )
    return (
        f"{_ENTRY_TIMES} The machine's own time zone: {zones}.",
        state,
        _FILE_TIMES,
    )


def checks(scope: Scope, head: LedgerHead, anchors: Sequence[AnchorLine]) -> tuple[CheckStep, ...]:
    """Return the ways to check the report, from the quickest to the most thorough."""
    return (
        *_of_the_report(scope, head),
        _of_the_ledger(anchors),
        *_of_the_copies(scope),
        _without_this_software(head),
    )


def _of_the_report(scope: Scope, head: LedgerHead) -> Iterator[CheckStep]:
    batch = f" {scope.batch}" if scope.batch is not None else ""
    job = f" --job {scope.job}" if scope.job is not None else ""
    yield CheckStep(
        "Is this file the one that was issued? Compute its SHA-256 and compare it with the entry of "
        "type ReportIssued in the ledger, which records the SHA-256 of the whole file.",
        "sha256sum REPORT.pdf",
    )
    yield CheckStep(
        "Does the ledger really say this? Print the report again from the ledger, up to the same "
        "position: with the same version of the software the new file is the same, byte for byte. "
        "Compare the two with sha256sum.",
        f"custody report custody{batch}{job} --at {head.position} --out AGAIN.pdf",
    )


def _of_the_ledger(anchors: Sequence[AnchorLine]) -> CheckStep:
    stamped = any(anchor.is_stamp for anchor in anchors)
    cosigned = not all(anchor.is_stamp for anchor in anchors)
    trusted = " --authority AUTHORITY.pem" * stamped + " --witness WITNESS.vkey" * cosigned
    return CheckStep(
        "Is the ledger whole? Check every signature, the chain and the tree against every checkpoint; "
        "give it a checkpoint and the public keys that were kept elsewhere, if there are any"
        + (", and those of the authorities and witnesses in section 6." if anchors else "."),
        f"custody audit --checkpoint KEPT.note --key EXAMINER.pem{trusted}",
    )


def _of_the_copies(scope: Scope) -> Iterator[CheckStep]:
    verified = scope.job if scope.job is not None else scope.batch
    yield CheckStep(
        "Is a file still the one in this report? Compute its SHA-256 with any software and compare.",
        "sha256sum PATH/OF/COPY",
    )
    yield CheckStep(
        "Are all copies still as recorded? Read them all again.",
        f"custody verify {verified}" if verified is not None else "custody verify",
    )


def _without_this_software(head: LedgerHead) -> CheckStep:
    return CheckStep(
        "Without this software: export the log. The RFC 6962 tree hash over its first "
        f"{count(head.size, 'line')}, each without its line end being one leaf, is the root in “Ledger "
        f"and keys”. The first {CODE_DIGITS} digits, {head.code}, are the checkpoint code on every page.",
        "custody log export --out LEDGER.jsonl",
    )


def limits() -> tuple[str, ...]:
    """Return what the report does not prove."""
    return _paragraphs(_LIMITS)


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
