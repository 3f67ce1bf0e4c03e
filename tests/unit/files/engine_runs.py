"""Running the engine over a few requests, with single calls replaced."""

import errno
import os
from collections.abc import Callable
from typing import Any

from custody.domain.copying.orders import CopyItem, Request, Window
from custody.domain.copying.reports import Failed, Report
from custody.infrastructure.files.arena import LargeFiles
from custody.infrastructure.files.engine import LARGE_FILES, CopyEngine
from tests.faults.faulty_calls import EXT4, FaultyCalls

TMPFS = 0x01021994


class ChangedCalls(FaultyCalls):
    """Real calls, but for those replaced by name; a replacement gets the real call first."""

    def __init__(self, *, filesystem: int | None = EXT4, **replaced: Callable[..., Any]) -> None:
        super().__init__(filesystem=filesystem)
        self._replaced = replaced

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = super().__getattr__(name)
        if name in self.__dict__.get("_replaced", {}):
            replacement = self._replaced[name]
            return lambda *a, **k: replacement(real, *a, **k)
        return real


def refusing(code: int) -> Callable[..., Any]:
    def refuse(real: Any, *arguments: Any, **named: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return refuse


def without_direct(real: Any, path: bytes, flags: int, *more: Any, **named: Any) -> int:
    if flags & os.O_DIRECT:
        raise OSError(errno.EINVAL, "Invalid argument")
    return real(path, flags, *more, **named)


def work(
    request: Request,
    calls: FaultyCalls | None = None,
    *,
    share_from: int = 8,
    large: LargeFiles = LARGE_FILES,
) -> list[Report]:
    engine = CopyEngine(calls or ChangedCalls(), share_from=share_from, large=large)  # type: ignore[arg-type]
    try:
        return list(engine.work(request))
    finally:
        engine.close()


def copy(
    *items: CopyItem,
    calls: FaultyCalls | None = None,
    share_from: int = 8,
    large: LargeFiles = LARGE_FILES,
) -> list[Report]:
    return work(Window(items), calls, share_from=share_from, large=large)


def only_failure(reports: list[Report]) -> Failed:
    (failure,) = [report for report in reports if isinstance(report, Failed)]
    return failure


def of_kind(kind: type, reports: list[Report]) -> list[Any]:
    return [report for report in reports if isinstance(report, kind)]
