"""What a failed command's result carries is what a good one's does."""

from custody.cli.auditing import audit_answer
from custody.cli.empty_results import EMPTY_RESULTS
from custody.cli.render import batch_fields
from custody.cli.verification import _answer
from custody.domain.identifiers import BatchId
from custody.domain.use_cases.audit_ledger import AuditResult
from custody.domain.use_cases.verification.verify_copies import VerifyResult
from custody.domain.use_cases.workshop import BatchResult, Counts

RUN = BatchResult(
    batch=BatchId("0" * 64), run=1, status="completed", jobs=(), files=Counts(), bytes=0, seconds=0.0,
    failures=(), refuted=False,
)  # fmt: skip
AUDIT = AuditResult(
    entries=0, unanchored=0, withheld=0, verdicts={}, not_required=(), undecided=(), findings=(),
    findings_not_listed=0, notes=(), not_shown=(),
)  # fmt: skip


def test_a_run_that_failed_has_the_fields_of_one_that_did_not() -> None:
    for command in ("copy", "batch run", "batch resume", "batch retry"):
        assert EMPTY_RESULTS[command].keys() == batch_fields(RUN).keys()
    assert EMPTY_RESULTS["copy"]["files"] == batch_fields(RUN)["files"]


def test_a_verification_that_failed_has_the_fields_of_one_that_did_not() -> None:
    assert EMPTY_RESULTS["verify"].keys() == _answer(VerifyResult()).fields.keys()


def test_an_audit_that_failed_has_the_fields_of_one_that_did_not() -> None:
    assert EMPTY_RESULTS["audit"].keys() == audit_answer(AUDIT).fields.keys()
