"""The file calls of the engine with a fault at the k-th of those that can meet it.

Kinds: a name of ``errno``; ``short`` (fewer bytes than asked for, which is legal); ``eof`` (an end that comes
too early, which is not); ``flip`` (one bit of what is read back differs); ``kill-before`` and ``kill-after``.
"""

import errno
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from custody.infrastructure.files.linux_calls import LinuxFileCalls

EXT4 = 0xEF53
ERRNOS = ("EIO", "ENOSPC", "EROFS", "EINTR", "EMFILE", "ENOMEM", "EACCES", "ESTALE", "ENODEV", "EINVAL")
PERVERSIONS = ("short", "eof", "flip")


class FaultyCalls:
    def __init__(
        self, k: int = 0, kind: str = "", *, filesystem: int | None = EXT4, persistent: bool = False
    ) -> None:
        self.k = k
        self.kind = kind
        self.filesystem = filesystem  # None: the real one
        self.persistent = persistent
        self.trace: list[str] = []
        self.points = 0  # calls so far that can meet this kind of fault: at any other it would be none
        self.met = ""  # the first call that met it
        self.writable: set[int] = set()
        self.read_back: set[int] = set()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = getattr(LinuxFileCalls(), name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.trace.append(name)
            if self._can_meet(name, arguments):
                self.points += 1
                if self.k and (self.points == self.k or (self.persistent and self.points > self.k)):
                    self.met = self.met or name
                    return self._fault(name, real, arguments, named)
            return self._carry_out(name, real, arguments, named)

        return call

    def _can_meet(self, name: str, arguments: Any) -> bool:
        match self.kind:
            case "short":
                return name in {"readv", "write"}
            case "eof":
                return name == "readv"
            case "flip":  # one on the way from the source cannot be seen by whoever reads it once
                return name == "readv" and arguments[0] in self.read_back
        return True

    def _carry_out(self, name: str, real: Any, arguments: Any, named: Any) -> Any:
        if name in {"fsync", "fdatasync", "syncfs"}:
            return None  # the order of flushes matters to these tests, not their time
        if name == "filesystem_type" and self.filesystem is not None:
            return self.filesystem
        result = real(*arguments, **named)
        if name == "open":
            self.read_back.discard(result)
            if arguments[1] & os.O_DIRECT:
                self.read_back.add(result)
        return result

    def _fault(self, name: str, real: Any, arguments: Any, named: Any) -> Any:
        match self.kind:
            case "kill-before":
                os.kill(os.getpid(), signal.SIGKILL)
            case "kill-after":
                self._carry_out(name, real, arguments, named)
                os.kill(os.getpid(), signal.SIGKILL)
            case "short" if name == "readv":
                fd, (view,) = arguments
                return real(fd, (view[: max(1, len(view) // 3)],))
            case "short":
                fd, data = arguments
                return real(fd, data[: max(1, len(data) // 3)])
            case "eof":
                return 0
            case "flip":
                read = real(*arguments)
                if read:
                    arguments[1][0][read // 2] ^= 1
                return read
            case _:
                if name == "close":  # the descriptor is gone even when close tells of an error
                    real(*arguments)
                code = getattr(errno, self.kind)
                raise OSError(code, os.strerror(code))
        return None


ROLES = ("main", "source reader", "source writer", "copy reader")
THREADS = (*ROLES, "hashing reader")


class ThreadFaults(FaultyCalls):
    """Counts, and fails, the calls of one of the engine's threads: the others cannot change their order."""

    def __init__(self, role: str, k: int = 0, kind: str = "", *, filesystem: int | None = EXT4) -> None:
        super().__init__(k, kind, filesystem=filesystem)
        self.role = role

    def __getattr__(self, name: str) -> Callable[..., Any]:
        counted = super().__getattr__(name)
        real = getattr(LinuxFileCalls(), name)

        def call(*arguments: Any, **named: Any) -> Any:
            thread = threading.current_thread().name
            if (thread if thread in THREADS else "main") == self.role:
                return counted(*arguments, **named)
            return self._carry_out(name, real, arguments, named)

        return call

    def _carry_out(self, name: str, real: Any, arguments: Any, named: Any) -> Any:
        result = super()._carry_out(name, real, arguments, named)
        if name == "open" and "/destination" not in os.readlink(f"/proc/self/fd/{result}"):
            self.read_back.discard(result)  # large sources are read directly, too
        return result
