"""The audit from the command line: the ledger as it lies there, the workspace's keys, and the verdicts.

Knows how findings are shown. Judges nothing; see ``domain.audit``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from custody.cli.adapters import ledger_paths
from custody.cli.authorities import trusted_authorities
from custody.cli.brought_files import brought_keys, brought_witnesses, file_content, own_keys, raw_keys
from custody.cli.exit_codes import VERDICT_CODES, VERDICT_WORDS
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.render import finding_fields, limited
from custody.cli.verification import reread_for_audit
from custody.cli.wording import counted
from custody.cli.workspace import Workspace, open_workspace
from custody.domain.audit.findings import CHECKS, Check
from custody.domain.audit.policy import DEFAULT_POLICY, MAX_POLICY_BYTES, AuditPolicy, parse_policy
from custody.domain.audit.terms import AuditTerms
from custody.domain.use_cases.audit_bundle import audit_bundle
from custody.domain.use_cases.audit_ledger import AuditResult, audit
from custody.infrastructure.bundles.bundle_source import open_bundle
from custody.infrastructure.collecting import collecting_seldom
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.time_stamps import TokenReader
from custody.infrastructure.event_store.audit_source import open_for_audit
from custody.infrastructure.system import SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What the auditor brings along: files with checkpoints, keys, witnesses, authorities, and a policy."""

    checkpoints: Sequence[str] = ()
    keys: Sequence[str] = ()
    witnesses: Sequence[str] = ()
    authorities: Sequence[str] = ()
    policy: str | None = None


def audit_workspace(run: Invocation, brought: Brought, *, files: bool) -> Answer:
    """Audit the ledger of the invocation's workspace by what was brought along; ``files``: its copies, too.

    Keys and authorities that are brought are trusted instead of the workspace's, witnesses besides its own.
    Raises LedgerUnreadable for a damaged ledger, CannotTell for a file that cannot be read, UsageError for
    one without a sound key, certificate or policy.
    """
    workspace = open_workspace(run)
    terms = _terms(brought, workspace)
    notes = [file_content(file) for file in brought.checkpoints]
    trusted = raw_keys(brought_keys(brought.keys)) if brought.keys else own_keys(workspace)
    with (
        collecting_seldom(),
        open_for_audit(ledger_paths(workspace)) as source,
        verifying_in_parallel() as verify_many,
    ):
        result = audit(
            source, trusted, verify_many, extra_checkpoints=notes, terms=terms,
            read_copies=partial(reread_for_audit, run) if files else None,
        )  # fmt: skip
    return audit_answer(result)


def audit_of_bundle(bundle: str, brought: Brought) -> Answer:
    """Audit a bundle by what was brought along; without keys nothing is proved. Needs no workspace.

    Raises CannotTell for what is no bundle or refused, UsageError for a file without a sound key,
    certificate or policy.
    """
    terms = _terms(brought, None)
    notes = [file_content(file) for file in brought.checkpoints]
    trusted = raw_keys(brought_keys(brought.keys))
    with (
        collecting_seldom(),
        open_bundle(Path(bundle)) as source,
        verifying_in_parallel() as verify_many,
    ):
        result = audit_bundle(source, trusted, verify_many, extra_checkpoints=notes, terms=terms)
    return audit_answer(result)


def audit_answer(result: AuditResult) -> Answer:
    """Return the answer of an audit: every finding, a line for each check, and what it does not show."""
    number = len(result.findings) + result.findings_not_listed
    return Answer(
        code=VERDICT_CODES[result.verdict],
        verdict=f"{VERDICT_WORDS[result.verdict]}  {counted(result.entries, 'entry', 'entries')} audited, "
        f"{f'{result.withheld} withheld, ' if result.withheld else ''}"
        f"{counted(number, 'finding')}",
        lines=[
            *limited(list(_finding_lines(result)), further=result.findings_not_listed),
            *limited([f"  {reason.check}: {reason.message}" for reason in result.undecided]),
            *(f"  {check:<13}  {_verdict_of(check, result)}" for check in CHECKS),
            *(f"  note: {note}" for note in result.notes),
            "  an audit does not show:",
            *(f"   - {limit}" for limit in result.not_shown),
        ],
        fields={
            "entries": result.entries,
            "unanchored_entries": result.unanchored,
            "withheld": result.withheld,
            "verdicts": dict(result.verdicts),
            "not_required": list(result.not_required),
            "undecided": [{"check": one.check, "message": one.message} for one in result.undecided],
            "findings": [finding_fields(finding) for finding in result.findings],
            "findings_not_listed": result.findings_not_listed,
            "notes": list(result.notes),
            "not_shown": list(result.not_shown),
        },
    )


def _terms(brought: Brought, workspace: Workspace | None) -> AuditTerms:
    return AuditTerms(
        policy=_policy(brought.policy),
        witnesses=brought_witnesses(brought.witnesses, workspace),
        read_token=TokenReader(trusted_authorities(workspace, brought.authorities)),
        now=SystemClock().now(),
    )


def _policy(file: str | None) -> AuditPolicy:
    return DEFAULT_POLICY if file is None else parse_policy(file_content(file, MAX_POLICY_BYTES + 1))


def _finding_lines(result: AuditResult) -> Iterator[str]:
    for finding in result.findings:
        yield f"  {_place(finding.position)}  {finding.code}: {finding.message}"


def _verdict_of(check: Check, result: AuditResult) -> str:
    return result.verdicts.get(check, "not required")


def _place(position: int | None) -> str:
    return "at no one position" if position is None else f"position {position}"
