"""What the auditor brings along besides keys: whom they trust to vouch, what they require, and their time.

Knows none of what is judged, and nothing of it is ever taken from there.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from custody.domain.audit.policy import DEFAULT_POLICY, AuditPolicy
from custody.domain.proofs.cosignature import NOBODY, TrustedWitnesses
from custody.domain.proofs.time_stamp import ReadToken


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTerms:
    """The terms of one audit.

    ``witnesses`` are those whose cosignatures count; others are left open. ``read_token`` takes time stamps
    apart and knows the authorities that are trusted; without it stamps are left open. ``now`` (aware) is the
    auditor's time, for a policy that sets an age.
    """

    witnesses: TrustedWitnesses = field(default_factory=lambda: NOBODY)
    read_token: ReadToken | None = None
    policy: AuditPolicy = DEFAULT_POLICY
    now: datetime | None = None


DEFAULT_TERMS: Final = AuditTerms()
"""Nobody is trusted to vouch for checkpoints, and nothing is required of that."""
