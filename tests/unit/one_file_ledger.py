"""The verifier in one file beside the auditor: both judge the same ledger, and find the same in it."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from unittest.mock import patch

from custody.domain.audit.stamps import _CODES
from custody.domain.errors import MalformedData
from custody.domain.identifiers import KeyId
from custody.domain.proofs.cosignature import NOBODY, TrustedWitnesses
from custody.domain.proofs.time_stamp import ReadToken, StampEvidence, judge_token
from custody.domain.use_cases.audit_ledger import AuditResult
from custody.reports.bundle_files import verify_custody
from tests.unit.signed_ledger import TRUSTED, SignedLedger

SAME_CODES: Final = {
    "answer-by-another", "answer-differs", "answer-without-offer", "citation-unfounded", "claim-unfounded",
    "claimed-time-outside-window", "cosignature-forged", "cosignature-malformed",
    "cosignature-of-another-checkpoint", "cosignature-too-early", "cosignature-without-checkpoint",
    "cosigned-otherwise", "exhibit-released", "exhibit-unregistered", "forged-hand-over", "malformed-event",
    "manifest-differs", "not-by-custodian", "offer-lapsed", "offer-open", "receiver-key-mismatch",
    "second-answer", "second-registration", "stamp-certificate", "stamp-differs", "stamp-malformed",
    "stamp-of-another-checkpoint", "stamp-outside-validity", "stamp-revoked", "stamp-signature", "stamp-size",
    "stamp-without-checkpoint", "stamps-contradict", "wrong-exhibit-stream",
}  # fmt: skip
"""What is found of claims, hand-overs and anchors; of the rest each names the place in its own way."""


def judged_by_both(
    ledger: SignedLedger,
    trusted: Mapping[KeyId, bytes] = TRUSTED,
    extra: Sequence[bytes] = (),
    witnesses: TrustedWitnesses = NOBODY,
    read_token: ReadToken | None = None,
) -> AuditResult:
    """Return the auditor's result, after the verifier in one file has found the same."""
    result = ledger.audit(dict(trusted), extra, witnesses, read_token)
    report = by_one_file(ledger, trusted, extra, witnesses, read_token)
    ours = [(one.code, one.position) for one in result.findings if one.code in SAME_CODES]
    theirs = [(code, position) for position, code, _ in report.findings if code in SAME_CODES]
    assert sorted(ours, key=str) == sorted(theirs, key=str)
    judged = "anchors" in report.judged | report.failed | report.undecided
    assert (report.verdict("anchors") if judged else None) == result.verdicts.get("anchors")
    return result


def by_one_file(
    ledger: SignedLedger,
    trusted: Mapping[KeyId, bytes],
    extra: Sequence[bytes],
    witnesses: TrustedWitnesses,
    read_token: ReadToken | None,
) -> verify_custody.Report:
    """What the verifier in one file finds in the ledger's entries, notes and documents."""
    report = verify_custody.Report()
    trust = verify_custody.Trust(
        {str(key): raw for key, raw in trusted.items()},
        {name: key.public_raw for name, key in witnesses.items()},
    )
    notes = {raw.where: raw.note for raw in ledger.notes if isinstance(raw.note, bytes)}
    notes |= {f"the note {number}": note for number, note in enumerate(extra)}
    with tempfile.TemporaryDirectory() as name, patch.object(verify_custody, "Token", token_by(read_token)):
        folder = Path(name)
        write(ledger, folder)
        read = verify_custody.read_notes(notes, report)
        judging = verify_custody.Ledger(report, trust, read, folder)
        judging.admit(folder / "entries.ndjson", folder / "leaves.txt")
        judging.conclude()
    return report


def write(ledger: SignedLedger, folder: Path) -> None:
    entries = [row.entry for row in ledger.rows if isinstance(row.entry, bytes)]
    leaves = [(row.position, row.withheld) for row in ledger.rows if row.withheld is not None]
    (folder / "entries.ndjson").write_bytes(b"".join(entry + b"\n" for entry in entries))
    (folder / "leaves.txt").write_text("".join(f"{position} {leaf.hex()}\n" for position, leaf in leaves))
    (folder / "documents").mkdir()
    for sha256, content in ledger.documents.items():
        if isinstance(content, bytes):
            (folder / "documents" / sha256).write_bytes(content)


def token_by(read_token: ReadToken | None) -> type[object]:
    """A token of the verifier in one file whose facts somebody else gives."""

    class Given:
        def __init__(self, token: bytes, certificates: list[bytes], lists: list[bytes]) -> None:
            if read_token is None:
                raise verify_custody.Unknown("nothing here can take it apart")
            try:
                evidence = StampEvidence(
                    token=token, certificates=tuple(certificates), revocation_lists=tuple(lists)
                )
                self.facts = read_token(evidence)
            except MalformedData as error:
                raise ValueError(error.what) from error
            self.at, self.microseconds = self.facts.generated_at, self.facts.accuracy_microseconds
            self.accuracy = self.facts.latest - self.facts.generated_at
            self.authority, self.serial, self.policy = (
                self.facts.authority, self.facts.serial, self.facts.policy
            )  # fmt: skip

        def refusal(self, imprint: bytes, _: object) -> tuple[str, str]:
            judged = judge_token(self.facts, imprint)
            if judged.verdict == "indeterminate":
                raise verify_custody.Unknown(judged.message)
            return ("" if judged.verdict == "passed" else _CODES[judged.outcome]), judged.message

    return Given
