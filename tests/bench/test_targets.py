import pytest

from tests.bench.contestants import Role
from tests.bench.results import Limits, Results, Run
from tests.bench.sample_results import limits, run
from tests.bench.targets import Outcome, Verdict, verdicts

FASTEST = "A: time to the fastest verifying peer"
PLAIN = "A: time to cp + sync, which verifies nothing"
MACHINE = "A: time to the slower of disk and hashing"
HASHES = "A: SHA-256 + MD5 to SHA-256 alone"


def judged(target: str, runs: list[Run], bounds: list[Limits] | None = None) -> Verdict:
    found = verdicts(Results(runs=runs, limits=bounds or []))
    return next(verdict for verdict in found if verdict.target == target)


@pytest.mark.parametrize(("ours", "outcome"), [(5.0, Outcome.MET), (5.1, Outcome.MISSED)])
def test_half_the_time_of_the_fastest_peer_is_the_bound_on_a(ours: float, outcome: Outcome) -> None:
    peers = [run(Role.PEER, 10.0, name="quick"), run(Role.PEER, 30.0, name="slow")]

    verdict = judged(FASTEST, [run(Role.US, ours), *peers])

    assert (verdict.outcome, verdict.detail) == (outcome, "quick")


def test_a_peer_whose_run_failed_is_not_the_fastest() -> None:
    peers = [run(Role.PEER, 0.1, name="broken", problem="exit 1"), run(Role.PEER, 10.0, name="sound")]

    assert judged(FASTEST, [run(Role.US, 4.0), *peers]).detail == "sound"


def test_a_run_of_ours_that_failed_meets_nothing() -> None:
    runs = [run(Role.US, 0.1, problem="exit 1"), run(Role.PEER, 10.0), run(Role.FLOOR, 10.0)]

    found = list(verdicts(Results(runs=runs, limits=[limits(disk=1, hashing=1)])))

    assert {verdict.outcome for verdict in found} == {Outcome.UNKNOWN}


def test_without_a_peer_the_ratio_is_not_measured() -> None:
    assert judged(FASTEST, [run(Role.US, 4.0)]).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("ours", "outcome"), [(8.0, Outcome.MET), (8.1, Outcome.MISSED)])
def test_a_copy_without_verification_is_not_faster(ours: float, outcome: Outcome) -> None:
    assert judged(PLAIN, [run(Role.US, ours), run(Role.FLOOR, 8.0)]).outcome is outcome


@pytest.mark.parametrize(("disk", "hashing", "by"), [(8.0, 4.0, "disk"), (4.0, 8.0, "hash")])
def test_the_machine_s_slower_part_is_the_bound(disk: float, hashing: float, by: str) -> None:
    verdict = judged(MACHINE, [run(Role.US, 10.0)], [limits(disk=disk, hashing=hashing)])

    assert (verdict.value, verdict.detail) == (1.25, by)


def test_two_hashes_are_compared_with_one() -> None:
    assert judged(HASHES, [run(Role.US, 10.0), run(Role.VARIANT, 16.1)]).outcome is Outcome.MISSED


def test_memory_counts_the_hungriest_of_our_runs_and_none_of_the_peers() -> None:
    runs = [
        run(Role.US, 1.0, peak=90_000_000),
        run(Role.VARIANT, 1.0, peak=120_000_000),
        run(Role.PEER, 1.0, peak=9_000_000_000),
    ]

    assert judged("A: peak memory, MB", runs).value == 120


@pytest.mark.parametrize(("largest", "outcome"), [(125, Outcome.MET), (126, Outcome.MISSED)])
def test_memory_is_flat_if_it_grows_by_a_quarter_at_most(largest: int, outcome: Outcome) -> None:
    runs = [
        run(Role.US, 9.0, workload="growth", files=200_000, peak=largest),
        run(Role.US, 1.0, workload="growth", files=2_000, peak=100),
    ]

    assert judged("growth: peak memory, most files to fewest", runs).outcome is outcome


def test_each_round_is_judged_by_itself() -> None:
    runs = [
        run(Role.US, 4.0, number=0), run(Role.PEER, 10.0, number=0),
        run(Role.US, 9.0, number=1), run(Role.PEER, 10.0, number=1),
    ]  # fmt: skip

    found = [verdict for verdict in verdicts(Results(runs=runs)) if verdict.target == FASTEST]

    assert [(verdict.round, verdict.outcome) for verdict in found] == [(0, Outcome.MET), (1, Outcome.MISSED)]
