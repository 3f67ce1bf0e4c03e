"""The targets of the copy engine, and what a benchmark's results say about each, round by round. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.bench.contestants import Role
from tests.bench.results import Limits, Results, Run

MEMORY_LIMIT_BYTES: Final = 200_000_000
FLAT_WITHIN: Final = 1.25  # the largest growth run's peak over the smallest one's


class Outcome(StrEnum):
    """Whether a target was met; what was not measured was not met either, but is named so."""

    MET = "met"
    MISSED = "MISSED"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One target in one round: the value found, and the highest that meets it."""

    target: str
    round: int
    value: float | None
    at_most: float
    detail: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.value is None:
            return Outcome.UNKNOWN
        return Outcome.MET if self.value <= self.at_most else Outcome.MISSED


Judge = Callable[[list[Run], Limits | None], tuple[float | None, str]]


@dataclass(frozen=True, slots=True)
class Target:
    """A value to be found in a round's runs, and its bound."""

    workload: str
    words: str
    at_most: float
    judge: Judge


def verdicts(results: Results) -> Iterator[Verdict]:
    """Yield every target's verdict for every round in which its workload ran."""
    for target in TARGETS:
        for number in results.rounds_of(target.workload):
            limits = next((one for one in results.limits if one.round == number), None)
            value, detail = target.judge(results.runs_of(target.workload, number), limits)
            yield Verdict(
                target=target.words, round=number, value=value, at_most=target.at_most, detail=detail
            )


def one(runs: list[Run], role: Role) -> Run | None:
    """Return the sound run with that role, if there is one."""
    return next((run for run in runs if run.role == role and not run.problem), None)


def fastest_peer(runs: list[Run]) -> Run | None:
    """Return the fastest of those peers whose copy was right and verified."""
    peers = [run for run in runs if run.role == Role.PEER and not run.problem]
    return min(peers, key=lambda run: run.wall_seconds, default=None)


def to_fastest_peer(runs: list[Run], _limits: Limits | None) -> tuple[float | None, str]:
    us, peer = one(runs, Role.US), fastest_peer(runs)
    if us is None or peer is None:
        return None, ""
    return us.wall_seconds / peer.wall_seconds, peer.contestant


def to_plain_copy(runs: list[Run], _limits: Limits | None) -> tuple[float | None, str]:
    us, floor = one(runs, Role.US), one(runs, Role.FLOOR)
    if us is None or floor is None:
        return None, ""
    return us.wall_seconds / floor.wall_seconds, ""


def to_machine(runs: list[Run], limits: Limits | None) -> tuple[float | None, str]:
    us = one(runs, Role.US)
    if us is None or limits is None:
        return None, ""
    bound = max(limits.disk_seconds, limits.hash_seconds)
    return us.wall_seconds / bound, "disk" if bound == limits.disk_seconds else "hash"


def both_hashes(runs: list[Run], _limits: Limits | None) -> tuple[float | None, str]:
    us, variant = one(runs, Role.US), one(runs, Role.VARIANT)
    if us is None or variant is None:
        return None, ""
    return variant.wall_seconds / us.wall_seconds, ""


def peak_memory(runs: list[Run], _limits: Limits | None) -> tuple[float | None, str]:
    ours = [run for run in runs if run.role in {Role.US, Role.VARIANT}]
    if not ours or any(run.problem for run in ours):
        return None, ""
    return max(run.peak_bytes for run in ours) / 1e6, "MB"


def memory_growth(runs: list[Run], _limits: Limits | None) -> tuple[float | None, str]:
    ours = sorted((run for run in runs if run.role == Role.US), key=lambda run: run.files)
    if len(ours) < 2 or any(run.problem for run in ours) or not ours[0].peak_bytes:
        return None, ""
    return ours[-1].peak_bytes / ours[0].peak_bytes, f"{ours[0].files:,} to {ours[-1].files:,} files"


_MEMORY_MB: Final = MEMORY_LIMIT_BYTES / 1e6
TARGETS: Final = (
    Target("A", "A: time to the fastest verifying peer", 0.5, to_fastest_peer),
    Target("A", "A: time to cp + sync, which verifies nothing", 1.0, to_plain_copy),
    Target("A", "A: time to the slower of disk and hashing", 1.25, to_machine),
    Target("A", "A: SHA-256 + MD5 to SHA-256 alone", 1.6, both_hashes),
    Target("A", "A: peak memory, MB", _MEMORY_MB, peak_memory),
    Target("B", "B: time to the fastest verifying peer", 0.6, to_fastest_peer),
    Target("B", "B: peak memory, MB", _MEMORY_MB, peak_memory),
    Target("C", "C: time to the fastest verifying peer", 0.7, to_fastest_peer),
    Target("C", "C: peak memory, MB", _MEMORY_MB, peak_memory),
    Target("growth", "growth: peak memory, MB", _MEMORY_MB, peak_memory),
    Target("growth", "growth: peak memory, most files to fewest", FLAT_WITHIN, memory_growth),
)
