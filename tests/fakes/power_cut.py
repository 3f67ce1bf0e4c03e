"""A workbench whose process can be killed at any call of a port, and comes up again from the disk."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from custody.domain.paths import RawPath
from custody.domain.ports import Destination
from custody.domain.use_cases.workshop import Workshop
from tests.fakes.workbench import Workbench


class PowerCut(BaseException):
    """The process is gone; nothing in it may catch this."""


class Fuse:
    """Counts the calls of all ports and cuts the power at one of them: before it is made, or after."""

    def __init__(self, calls: int | None, *, after: bool) -> None:
        self._left = calls
        self._after = after
        self.blown = False

    def wrap(self, port: object) -> "Fused":
        return Fused(port, self)

    def call(self, method: Callable[..., object], *given: object, **options: object) -> object:
        if self.blown:
            raise PowerCut
        if self._left is None:
            return method(*given, **options)
        self._left -= 1
        self.blown = self._left <= 0
        if not self.blown:
            return method(*given, **options)
        if self._after:
            method(*given, **options)
        raise PowerCut


class Fused:
    """A port behind a fuse; its plain attributes are given as they are."""

    def __init__(self, port: object, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> object:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        return lambda *given, **options: self._fuse.call(found, *given, **options)


class MortalBench(Workbench):
    """Runs until its fuse blows, then leaves what a killed process leaves."""

    def fused(self, fuse: Fuse) -> Workshop:
        opened: list[Destination] = []

        def open_destination(path: RawPath, *, create: bool) -> Fused:
            opened.append(self.open_destination(path, create=create))
            return fuse.wrap(opened[-1])

        self.opened = opened
        workshop = self.workshop()
        return Workshop(
            ledger=fuse.wrap(workshop.ledger),
            reader=workshop.reader,
            model=workshop.model,
            lane=fuse.wrap(workshop.lane),
            open_destination=lambda path, *, create: fuse.call(open_destination, path, create=create),
            clock=workshop.clock,
            stop=workshop.stop,
            progress=workshop.progress,
            settings=workshop.settings,
        )

    def die(self) -> None:
        """Close everything without a word; unfinished temporary files stay, as a kill leaves them."""
        with _kept(self.destination):
            self.lane.close()
        for destination in self.opened:
            with contextlib.suppress(OSError):
                destination.close()
        self.ledger.close()


@contextlib.contextmanager
def _kept(folder: Path) -> Iterator[None]:
    torn = {path: path.read_bytes() for path in folder.rglob("*.part")}
    yield
    for path, content in torn.items():
        if not path.exists():
            path.write_bytes(content)
