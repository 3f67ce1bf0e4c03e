"""The crash loop, in a process of its own: SIGKILL before and after every call of the engine.

Prints ``N fault points, 0 false good``; exits 1 and says where otherwise. After each death: nothing torn
stands under a final name and the source is untouched; then the interrupted copy is taken up again and ends
with an equal tree.
"""

import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

from custody.domain.copying import CopyItem, Operation, ReadBack, Window
from custody.infrastructure.files.engine import CopyEngine
from tests.faults.evidence import (
    FILES,
    contents,
    dishonesties,
    items_for,
    make_destination,
    make_source,
    state_of,
)
from tests.faults.faulty_calls import FaultyCalls


def die_at(calls: FaultyCalls, items: tuple[CopyItem, ...], share_from: int) -> bool:
    """Copy in a child that is killed at the call in question; False when it lived."""
    child = os.fork()
    if not child:
        engine = CopyEngine(calls, share_from=share_from)
        for _ in engine.work(Window(items)):
            pass
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        sys.exit(f"the child ended with {status}")
    return False


def after_death(destination: Path) -> list[str]:
    return [
        f"torn: {p!r}" for p, content in contents(destination).items() if FILES.get(p, content) != content
    ]


def take_up(items: tuple[CopyItem, ...], destination: Path) -> list[str]:
    again = []
    for item in items:
        folder = os.path.dirname(os.path.join(os.fsencode(destination), item.path))
        leftover = os.path.join(folder, item.temporary)
        if os.path.lexists(leftover):
            os.unlink(leftover)
        stands = os.path.lexists(os.path.join(os.fsencode(destination), item.path))
        operation = Operation.ADOPT if stands else Operation.COPY
        again.append(replace(item, operation=operation, temporary=item.temporary.replace(b".1.", b".2.")))
    engine = CopyEngine(FaultyCalls())
    reports = list(engine.work(Window(tuple(again))))
    engine.close()
    good = sum(isinstance(report, ReadBack) for report in reports)
    found = dishonesties(items, reports, destination)
    if good != len(items) or contents(destination) != FILES:
        found.append(f"taken up again: {good} of {len(items)} proved, {sorted(contents(destination))}")
    return found


def main(folder: Path) -> None:
    source = make_source(folder / "source")
    untouched, points = state_of(source), 0
    for kind in ("kill-before", "kill-after"):
        for share_from in (1, 100):
            k, died = 0, True
            while died:
                k += 1
                destination = make_destination(folder / "destination")
                items = items_for(source, destination)
                died = die_at(FaultyCalls(k, kind), items, share_from)
                found = after_death(destination) + take_up(items, destination)
                if state_of(source) != untouched:
                    found.append("the source was changed")
                if found:
                    sys.exit(f"{kind} call {k}, share from {share_from}: {found}")
                shutil.rmtree(destination)
            points += k - 1
    print(f"{points} fault points, 0 false good")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
