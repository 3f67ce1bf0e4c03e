"""The crash loop, in a process of its own: SIGKILL before and after every call of the engine.

Prints ``N fault points, 0 false good``; exits 1 and says where otherwise. After each death: nothing torn
stands under a final name and the source is untouched; then the interrupted copy is taken up again and ends
with an equal tree. The way of large files is gone thread by thread, and taken up at the last mark it told.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from custody.domain.copying.orders import CopyItem, Mark, Operation, Window
from custody.domain.copying.reports import Marked, ReadBack
from custody.infrastructure.files.arena import LargeFiles
from custody.infrastructure.files.engine import LARGE_FILES, CopyEngine
from tests.faults.evidence import (
    FILES,
    contents,
    dishonesties,
    items_for,
    make_destination,
    make_source,
    state_of,
)
from tests.faults.faulty_calls import ROLES, FaultyCalls, ThreadFaults
from tests.faults.large_files import TINY

MIN_RESUMED = 30


@dataclass(frozen=True)
class Route:
    share_from: int
    large: LargeFiles
    calls: Callable[[int, str], FaultyCalls]


ROUTES = {
    "shared flush": Route(1, LARGE_FILES, FaultyCalls),
    "own flushes": Route(100, LARGE_FILES, FaultyCalls),
    **{role: Route(100, TINY, partial(ThreadFaults, role)) for role in ROLES},
}


def die_at(calls: FaultyCalls, items: tuple[CopyItem, ...], route: Route, told: Path) -> bool:
    """Copy in a child that is killed at the call in question and notes its marks; False when it lived."""
    child = os.fork()
    if not child:
        engine = CopyEngine(calls, share_from=route.share_from, large=route.large)
        with told.open("w", buffering=1) as out:
            for report in engine.work(Window(items)):
                if isinstance(report, Marked):
                    print(json.dumps([report.transfer.hex, report.size, dict(report.digests)]), file=out)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        sys.exit(f"the child ended with {status}")
    return False


def marks_in(told: Path) -> dict[str, Mark]:
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    return {transfer: Mark(size, digests) for transfer, size, digests in lines}


def after_death(destination: Path) -> list[str]:
    return [
        f"torn: {p!r}" for p, content in contents(destination).items() if FILES.get(p, content) != content
    ]


def take_up(
    items: tuple[CopyItem, ...], destination: Path, route: Route, marks: dict[str, Mark]
) -> list[str]:
    again = [taken_up(item, marks.get(item.transfer.hex)) for item in items]
    engine = CopyEngine(FaultyCalls(), large=route.large)
    reports = list(engine.work(Window(tuple(again))))
    engine.close()
    good = sum(isinstance(report, ReadBack) for report in reports)
    found = dishonesties(items, reports, destination)
    if good != len(items) or contents(destination) != FILES:
        found.append(f"taken up again: {good} of {len(items)} proved, {sorted(contents(destination))}")
    return found


def taken_up(item: CopyItem, mark: Mark | None) -> CopyItem:
    final = os.path.join(os.fsencode(item.destination), item.path)
    leftover = os.path.join(os.path.dirname(final), item.temporary)
    stands = os.path.lexists(final)
    if mark and not stands:
        return replace(item, resume_at=mark)
    if os.path.lexists(leftover):
        os.unlink(leftover)
    operation = Operation.ADOPT if stands else Operation.COPY
    return replace(item, operation=operation, temporary=item.temporary.replace(b".1.", b".2."))


def main(folder: Path) -> None:
    source = make_source(folder / "source")
    untouched, points, resumed = state_of(source), 0, 0
    for kind in ("kill-before", "kill-after"):
        for name, route in ROUTES.items():
            k, died = 0, True
            while died:
                k += 1
                destination = make_destination(folder / "destination")
                items = items_for(source, destination)
                died = die_at(route.calls(k, kind), items, route, folder / "told")
                marks = marks_in(folder / "told")
                resumed += died and bool(marks)
                found = after_death(destination) + take_up(items, destination, route, marks)
                if state_of(source) != untouched:
                    found.append("the source was changed")
                if found:
                    sys.exit(f"{kind} call {k}, {name}: {found}")
                shutil.rmtree(destination)
            points += k - 1
    if resumed < MIN_RESUMED:
        sys.exit(f"only {resumed} deaths left a mark to go on from")
    print(f"{points} fault points, 0 false good")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
