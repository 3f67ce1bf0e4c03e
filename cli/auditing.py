"""The audit from the command line: the ledger as it lies there, the workspace's keys, and the verdicts.

Knows how findings are shown. Judges nothing; see ``domain.audit``.
"""

from collections.abc import Sequence

from custody.cli.adapters import ledger_paths
from custody.cli.brought_files import brought_keys, file_content, own_keys, raw_keys
from custody.cli.exit_codes import VERDICT_CODES, VERDICT_WORDS
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.render import finding_fields, limited
from custody.cli.wording import counted
from custody.cli.workspace import open_workspace
from custody.domain.use_cases.audit_ledger import AuditResult, audit
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.event_store.audit_source import open_for_audit


def audit_workspace(run: Invocation, *, checkpoints: Sequence[str], keys: Sequence[str]) -> Answer:
    """Audit the ledger of the invocation's workspace, also against the checkpoints in the files given.

    The keys in the files given are trusted instead of the workspace's. Raises LedgerUnreadable for a damaged
    ledger, CannotTell for a file that cannot be read, UsageError for one without a sound key.
    """
    workspace = open_workspace(run)
    brought = [file_content(file) for file in checkpoints]
    trusted = raw_keys(brought_keys(keys)) if keys else own_keys(workspace)
    with open_for_audit(ledger_paths(workspace)) as source, verifying_in_parallel() as verify_many:
        return audit_answer(audit(source, trusted, verify_many, extra_checkpoints=brought))


def audit_answer(result: AuditResult) -> Answer:
    """Return the answer of an audit: every finding, a verdict line each, and what it does not show."""
    findings = [
        f"  {_place(finding.position)}  {finding.code}: {finding.message}" for finding in result.findings
    ]
    number = len(result.findings) + result.findings_not_listed
    return Answer(
        code=VERDICT_CODES[result.verdict],
        verdict=f"{VERDICT_WORDS[result.verdict]}  {counted(result.entries, 'entry', 'entries')} audited, "
        f"{counted(number, 'finding')}",
        lines=[
            *limited(findings, further=result.findings_not_listed),
            *(f"  {check:<12}  {verdict}" for check, verdict in result.verdicts.items()),
            *(f"  note: {note}" for note in result.notes),
            "  an audit does not show:",
            *(f"   - {limit}" for limit in result.not_shown),
        ],
        fields={
            "entries": result.entries,
            "verdicts": dict(result.verdicts),
            "findings": [finding_fields(finding) for finding in result.findings],
            "findings_not_listed": result.findings_not_listed,
            "notes": list(result.notes),
            "not_shown": list(result.not_shown),
        },
    )


def _place(position: int | None) -> str:
    return "at no one position" if position is None else f"position {position}"
