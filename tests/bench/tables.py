"""A benchmark's results as tables: for a terminal of 80 columns, and in Markdown for the documents. Pure."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from statistics import median
from typing import Final

from tests.bench.contestants import Role
from tests.bench.results import Limits, Results, Run
from tests.bench.targets import Verdict, one, verdicts

NAME_COLUMNS: Final = 26
ORDER: Final = {Role.US: 0, Role.VARIANT: 1, Role.FLOOR: 2, Role.PEER: 3}


def round_table(runs: list[Run], limits: Limits | None) -> Iterator[str]:
    """Yield one round of A, B or C, our ratio to each other contestant in the last column."""
    us = one(runs, Role.US)
    yield f"{'':{NAME_COLUMNS}}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}{'us/it':>8}"
    for run in sorted(runs, key=lambda run: (ORDER[Role(run.role)], run.wall_seconds)):
        if run.problem:
            yield f"{run.contestant:{NAME_COLUMNS}}failed: {run.problem}"[:80]
            continue
        ratio = f"{us.wall_seconds / run.wall_seconds:.2f}" if us else "-"
        yield (
            f"{run.contestant:{NAME_COLUMNS}}{run.wall_seconds:>10.2f}{run.cpu_seconds:>10.2f}"
            f"{run.peak_bytes / 1e6:>10.0f}{ratio:>8}"
        )
    if us and us.entries is not None:
        yield f"our time includes {us.entries:,} signed entries, {us.entries / us.files:.1f} a file"
    if limits:
        yield (
            f"limits: disk {limits.disk_seconds:.2f} s (write {limits.write_seconds:.2f}, "
            f"read {limits.read_seconds:.2f}), hashing {limits.hash_seconds:.2f} s"
        )


def growth_table(runs: Iterable[Run]) -> Iterator[str]:
    """Yield what a file costs as their number grows."""
    yield f"{'files':>10}{'wall s':>10}{'ms a file':>12}{'CPU ms a file':>16}{'peak MB':>10}"
    for run in sorted(runs, key=lambda run: run.files):
        if run.problem:
            yield f"{run.files:>10,}  failed: {run.problem}"[:80]
            continue
        yield (
            f"{run.files:>10,}{run.wall_seconds:>10.2f}{run.wall_seconds / run.files * 1e3:>12.3f}"
            f"{run.cpu_seconds / run.files * 1e3:>16.3f}{run.peak_bytes / 1e6:>10.0f}"
        )


def verdict_table(found: Iterable[Verdict]) -> Iterator[str]:
    """Yield each target once, with its value in every round."""
    for target, group in groupby(found, key=lambda verdict: verdict.target):
        rounds = list(group)
        values = "  ".join(value_of(verdict) for verdict in rounds)
        yield f"{target:<46}<= {rounds[0].at_most:<7g}{values}"
        yield f"{'':46}{', '.join(verdict.outcome for verdict in rounds)}"


def value_of(verdict: Verdict) -> str:
    if verdict.value is None:
        return "-"
    return f"{verdict.value:.0f}" if verdict.at_most >= 10 else f"{verdict.value:.2f}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def markdown(results: Results) -> Iterator[str]:
    """Yield the whole of the results as Markdown: machine, a table for each workload, the targets."""
    yield from (f"- {name}: {value}" for name, value in {**results.machine, **results.settings}.items())
    if results.missing:
        yield f"- not installed, so not measured: {', '.join(results.missing)}"
    for workload in ("A", "B", "C"):
        yield from _workload_markdown(results, workload)
    yield from _growth_markdown(results)
    yield from _targets_markdown(results)


def _workload_markdown(results: Results, workload: str) -> Iterator[str]:
    runs = [run for run in results.runs if run.workload == workload]
    if not runs:
        return
    rounds = results.rounds_of(workload)
    yield ""
    size = f"{counted(runs[0].files, 'file')}, {runs[0].size_bytes / 1e6:,.0f} MB"
    yield f"**{workload}**: {size}; medians of {counted(len(rounds), 'round')}"
    yield ""
    yield "| | wall s | each round | CPU s | peak MB | us / it |"
    yield "|---|---:|---|---:|---:|---:|"
    ours = [run.wall_seconds for run in runs if run.role == Role.US and not run.problem]
    rows = sorted(_by_contestant(runs), key=lambda group: (ORDER[Role(group[0].role)], _wall(group)))
    yield from (_markdown_row(group, median(ours) if ours else None) for group in rows)
    limits = [limit for limit in results.limits if workload == "A"]
    if limits:
        disk, hashing = (median(seconds) for seconds in _limit_seconds(limits))
        yield f"| limit: disk, write + read-back | {disk:.2f} | | | | |"
        yield f"| limit: SHA-256, two passes on the cores | {hashing:.2f} | | | | |"


def _markdown_row(runs: list[Run], ours: float | None) -> str:
    name, sound = runs[0].contestant, [run for run in runs if not run.problem]
    if not sound:
        return f"| {name} | failed: {runs[0].problem} | | | | |"
    wall = _wall(sound)
    each = " ".join(f"{run.wall_seconds:.2f}" for run in sound)
    ratio = f"{ours / wall:.2f}" if ours else "-"
    cpu, peak = median(run.cpu_seconds for run in sound), max(run.peak_bytes for run in sound) / 1e6
    return f"| {name} | {wall:.2f} | {each} | {cpu:.2f} | {peak:.0f} | {ratio} |"


def _growth_markdown(results: Results) -> Iterator[str]:
    runs = [run for run in results.runs if run.workload == "growth" and not run.problem]
    if not runs:
        return
    yield ""
    yield "**Growth**: files of 4 to 16 KiB; medians of the rounds"
    yield ""
    yield "| files | wall s | ms a file | CPU ms a file | peak MB |"
    yield "|---:|---:|---:|---:|---:|"
    for files, group in groupby(sorted(runs, key=lambda run: run.files), key=lambda run: run.files):
        same = list(group)
        wall, cpu = _wall(same), median(run.cpu_seconds for run in same)
        peak = max(run.peak_bytes for run in same) / 1e6
        yield f"| {files:,} | {wall:.2f} | {wall / files * 1e3:.3f} | {cpu / files * 1e3:.3f} | {peak:.0f} |"


def _targets_markdown(results: Results) -> Iterator[str]:
    yield ""
    yield "| target | at most | each round | |"
    yield "|---|---:|---|---|"
    for target, group in groupby(verdicts(results), key=lambda verdict: verdict.target):
        rounds = list(group)
        values = ", ".join(map(value_of, rounds))
        outcomes = ", ".join(verdict.outcome for verdict in rounds)
        yield f"| {target} | {rounds[0].at_most:g} | {values} | {outcomes} |"


def _by_contestant(runs: list[Run]) -> list[list[Run]]:
    names = dict.fromkeys(run.contestant for run in runs)
    return [[run for run in runs if run.contestant == name] for name in names]


def _wall(runs: list[Run]) -> float:
    return median(run.wall_seconds for run in runs)


def _limit_seconds(limits: list[Limits]) -> tuple[list[float], list[float]]:
    return [one.disk_seconds for one in limits], [one.hash_seconds for one in limits]
