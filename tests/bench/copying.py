"""How fast a verified copy is, beside other tools: ``python -m tests.bench.copying``.

Runs each workload in rounds, Custody and every installed peer in turn, prints what each cost and whether the
targets were met. Exits 0 if all were, 1 if one was missed, not measured, or a copy of ours went wrong.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.contestants import CONTESTANTS, Contestant, Role, entered
from tests.bench.limits import measure_limits
from tests.bench.machine import cores, describe
from tests.bench.measuring import adopt_orphans
from tests.bench.racing import KEPT_BYTES, Course, race
from tests.bench.results import Results, load, save
from tests.bench.tables import growth_table, markdown, round_table, verdict_table
from tests.bench.targets import Outcome, verdicts
from tests.bench.workloads import MAKERS, Workload, make


def options(arguments: list[str]) -> argparse.Namespace:
    beside = Path(sys.executable).with_name("custody")
    parser = argparse.ArgumentParser(prog="python -m tests.bench.copying", description=__doc__)
    parser.add_argument("workload", nargs="?", default="all", choices=[*MAKERS, "all"])
    parser.add_argument("--rounds", type=int, default=3, help="how often each contestant runs (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the bytes and files (1.0)")
    parser.add_argument(
        "--work", type=Path, default=Path("build/bench-copy"), help="a folder on the disk to measure"
    )
    parser.add_argument("--tools", type=Path, help="look for peers in this folder and its bin before PATH")
    parser.add_argument("--custody", type=Path, default=beside, help="another installation's command")
    parser.add_argument("--only", metavar="A,B", help="only custody and names that hold A or B")
    parser.add_argument(
        "--source-cache", choices=["cold", "warm"], default="cold", help="before every run (cold)"
    )
    parser.add_argument(
        "--read-back", choices=["disk", "cache"], default="disk", help="whence peers hash their copy (disk)"
    )
    parser.add_argument("--json", type=Path, help="write the results here, after every run")
    parser.add_argument(
        "--markdown", type=Path, nargs="+", metavar="JSON", help="print saved results as Markdown"
    )
    return parser.parse_args(arguments)


def course_of(chosen: argparse.Namespace) -> Course:
    tools = [chosen.tools.resolve() / "bin", chosen.tools.resolve()] if chosen.tools else []
    return Course(
        folder=chosen.work.resolve(),
        custody=chosen.custody.absolute(),
        search_path=os.pathsep.join([*map(str, tools), os.environ["PATH"]]),
        warm_source=chosen.source_cache == "warm",
        cached_read_back=chosen.read_back == "cache",
    )


def settings_of(chosen: argparse.Namespace) -> dict[str, str]:
    source = "read once before every run" if chosen.source_cache == "warm" else "evicted before every run"
    copy = (
        "left in the page cache" if chosen.read_back == "cache" else "evicted, untimed, before it is hashed"
    )
    return {"scale": f"{chosen.scale:g}", "source": source, "copies of the peers": copy}


def require_space(workload: Workload, folder: Path, runs: int) -> None:
    """``runs``: how many copies lie on the disk at one time."""
    made = (folder / "data" / workload.name).is_dir()
    copy = workload.size_bytes + len(workload.files) * 3 * 4096
    needed = copy * runs + (0 if made else workload.size_bytes)
    if shutil.disk_usage(folder).free < needed * 1.1:
        sys.exit(f"{folder}: not enough space for workload {workload.name}, {needed / 2**30:.1f} GiB needed")


class Benchmark:
    """Runs the rounds, prints as it goes and keeps the results."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._course = course_of(chosen)
        self._course.folder.mkdir(parents=True, exist_ok=True)
        machine = describe(self._course.folder, self._course.search_path, self._course.custody)
        self.results = Results(machine=machine, settings=settings_of(chosen))

    def run(self) -> None:
        self._say_who_is_missing()
        kinds = list(MAKERS) if self._chosen.workload == "all" else [self._chosen.workload]
        for kind in kinds:
            workloads = MAKERS[kind](self._chosen.scale)
            for workload in workloads:
                require_space(workload, self._course.folder, self._copies_kept(kind, workload))
                say(f"making {workload.name}, unless it is there: {workload.size_bytes / 1e6:,.0f} MB")
                make(workload, self._data())
            try:
                for number in range(self._chosen.rounds):
                    self._round(kind, workloads, number)
            finally:
                self._course.end()

    def _copies_kept(self, kind: str, workload: Workload) -> int:
        if workload.size_bytes > KEPT_BYTES:
            return 1
        contestants = [one for one in self._entered(kind, 0) if not self._course.missing(one)]
        return self._chosen.rounds * len(contestants)

    def _entered(self, kind: str, number: int) -> Sequence[Contestant]:
        only = frozenset(self._chosen.only.split(",")) if self._chosen.only else frozenset()
        return entered(kind, only, number)

    def _round(self, kind: str, workloads: list[Workload], number: int) -> None:
        print(
            f"\nWorkload {kind}, round {number + 1} of {self._chosen.rounds}: {workloads[0].title}",
            flush=True,
        )
        if kind == "A":
            self._measure_limits(workloads[0], number)
        for contestant in self._entered(kind, number):
            if not self._course.missing(contestant):
                for workload in workloads:
                    self._race(contestant, workload, number)
        runs = self.results.runs_of(kind, number)
        limits = next((one for one in self.results.limits if one.round == number and kind == "A"), None)
        print(*(growth_table(runs) if kind == "growth" else round_table(runs, limits)), sep="\n", flush=True)

    def _race(self, contestant: Contestant, workload: Workload, number: int) -> None:
        source = self._data() / workload.name
        run = race(self._course, contestant, workload, source, number)
        say(f"{run.wall_seconds:8.2f} s  {contestant.name}, {workload.name} {run.problem}")
        self.results.runs.append(run)
        self._keep()

    def _measure_limits(self, workload: Workload, number: int) -> None:
        found = measure_limits(self._course.folder, workload.size_bytes, number, cores())
        if found is None:
            say("the disk takes no direct I/O: its limit is not measured")
            return
        self.results.limits.append(found)

    def _say_who_is_missing(self) -> None:
        for contestant in CONTESTANTS:
            program = self._course.missing(contestant)
            if program and contestant.role in {Role.PEER, Role.FLOOR}:
                self.results.missing.append(contestant.name)
                print(f"not installed: {program} (so no {contestant.name})")

    def _data(self) -> Path:
        data = self._course.folder / "data"
        data.mkdir(exist_ok=True)
        return data

    def _keep(self) -> None:
        if self._chosen.json:
            save(self.results, self._chosen.json)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def show(saved: list[Path]) -> int:
    try:
        results = load(saved)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    print(*markdown(results), sep="\n")
    return 0


def main(arguments: list[str]) -> int:
    chosen = options(arguments)
    if chosen.markdown:
        return show(chosen.markdown)
    adopt_orphans()
    benchmark = Benchmark(chosen)
    print(*(f"{name}: {value}" for name, value in benchmark.results.machine.items()), sep="\n")
    print(*(f"{name}: {value}" for name, value in benchmark.results.settings.items()), sep="\n")
    benchmark.run()
    found = list(verdicts(benchmark.results))
    print("\nTargets", *verdict_table(found), sep="\n")
    return 0 if found and all(verdict.outcome is Outcome.MET for verdict in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
