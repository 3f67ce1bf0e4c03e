"""Whether the ledger came to an end, and how much of it nobody but its own key vouches for.

Knows what a policy allows. Deliberately finds nothing false: what is missing is not refuted, it cannot be
told. A ledger that was cut is the checkpoints' business.
"""

from custody.domain.audit.findings import Findings
from custody.domain.audit.policy import AuditPolicy


def judge_completeness(
    findings: Findings, policy: AuditPolicy, *, unclosed: int | None, unanchored: int
) -> None:
    """Judge the end of the ledger.

    ``unclosed`` is where a session began that was never closed, ``unanchored`` the number of entries that no
    anchor covers.
    """
    findings.carry_out("completeness")
    if unclosed is not None and not policy.open_session_allowed:
        message = f"the policy allows no open session; the one begun at {unclosed} was not closed"
        findings.leave_open("completeness", message)
    limit = policy.max_unanchored_entries
    if limit is not None and unanchored > limit:
        message = f"the policy allows {limit} entries behind the last anchor; there are {unanchored}"
        findings.leave_open("completeness", message)


def not_anchored(size: int, unanchored: int) -> str:
    """Return what an audit does not show of entries that no anchor covers; nothing if there are none."""
    if not unanchored:
        return ""
    which = "the entries" if unanchored == size else f"the last {unanchored} entries"
    return f"that {which} were not written anew with the key: no stamp or cosignature covers them"
