"""What is held elsewhere of this ledger: checkpoints that others stamped or cosigned.

Knows how many of them a policy asks for, and how much of the ledger they cover. Deliberately verifies none:
only an anchor that was found good, on a checkpoint that this ledger extends, is handed in.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, Self, TypeAlias, TypeVar

from custody.domain.audit.findings import Findings
from custody.domain.audit.policy import AuditPolicy

AnchorKind: TypeAlias = Literal["stamp", "cosignature"]

_MAKERS: Final = {"stamp": ("authority", "authorities"), "cosignature": ("witness", "witnesses")}
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A good stamp or cosignature of the checkpoint of ``size`` entries, made at ``at`` (aware).

    ``by`` is what a policy names its maker by: of an authority the SHA-256 (hex) of its certificate (DER), of
    a witness its verifier key.
    """

    kind: AnchorKind
    by: str
    size: int
    at: datetime


class _Ordered(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


Value = TypeVar("Value", bound=_Ordered)


class Anchors:
    """Takes the anchors of one ledger; of each maker it keeps the farthest and the newest."""

    def __init__(self, policy: AuditPolicy) -> None:
        """Begin with none; which ones count, the policy says."""
        self._policy = policy
        self._demands: dict[AnchorKind, tuple[int, Collection[str]]] = {
            "stamp": (policy.min_stamps, policy.stamp_authorities),
            "cosignature": (policy.min_cosignatures, policy.cosignature_witnesses),
        }
        self._sizes: dict[AnchorKind, dict[str, int]] = {kind: {} for kind in self._demands}
        self._times: dict[AnchorKind, dict[str, datetime]] = {kind: {} for kind in self._demands}

    def admit(self, anchor: Anchor) -> None:
        """Take one that was found good; of makers whom the policy does not name only that it is there."""
        sizes, times = self._sizes[anchor.kind], self._times[anchor.kind]
        sizes[anchor.by] = max(anchor.size, sizes.get(anchor.by, 0))
        times[anchor.by] = max(anchor.at, times.get(anchor.by, anchor.at))

    def covered(self) -> int:
        """Return how many entries are covered by as many anchors as the policy asks for, at least by one."""
        return self._by_all(self._sizes) or 0

    def judge(self, findings: Findings, now: datetime | None) -> None:
        """Say what the policy asks for and is not there; ``now`` is the auditor's time."""
        if any(self._sizes.values()):
            findings.carry_out("anchors")
        elif "anchors" in self._policy.required:
            message = "there is none: no checkpoint of this ledger was shown to be stamped or cosigned"
            findings.leave_open("anchors", message)
        for kind, (number, _) in self._demands.items():
            have = len(self._counting(kind, self._sizes[kind]))
            if have < number:
                makers = _MAKERS[kind][number > 1]
                message = (
                    f"the policy requires a {kind} by {number} {makers} that count; there is one by {have}"
                )
                findings.leave_open("anchors", message)
        self._judge_age(findings, now)

    def _judge_age(self, findings: Findings, now: datetime | None) -> None:
        days, newest = self._policy.max_anchor_age_days, self._by_all(self._times)
        if days is None or newest is None:  # that there is none has been said
            return
        if now is None or (now - newest) / _DAY > days:
            message = f"the policy requires anchors of the last {days} days; the newest that suffice are of "
            findings.leave_open("anchors", f"{message}{newest:%Y-%m-%d}")

    def _by_all(self, values: dict[AnchorKind, dict[str, Value]]) -> Value | None:
        """Return the value that as many makers reach as the policy asks for of each kind; None if too few.

        Without such numbers one maker of either kind suffices.
        """
        wanted = {kind: number for kind, (number, _) in self._demands.items() if number}
        if not wanted:
            return max((value for kind in values.values() for value in kind.values()), default=None)
        reached = [_nth(number, self._counting(kind, values[kind])) for kind, number in wanted.items()]
        return None if None in reached else min(value for value in reached if value is not None)

    def _counting(self, kind: AnchorKind, values: dict[str, Value]) -> list[Value]:
        names = self._demands[kind][1]
        return [value for by, value in values.items() if not names or by in names]


def _nth(number: int, values: list[Value]) -> Value | None:
    """Return the greatest value that so many reach."""
    return sorted(values, reverse=True)[number - 1] if len(values) >= number else None
