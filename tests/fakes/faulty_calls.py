"""File calls that fail where a test says so."""

import os
from collections.abc import Callable, Sequence

from custody.infrastructure.files.linux_calls import LinuxFileCalls

Trouble = Callable[[str, bytes], int | None]


class FaultyCalls:
    """The real calls; ``trouble`` gets the name of each call and the name of its file and may give an errno.

    A listing is the call ``list`` of the folder's name.
    """

    def __init__(self, trouble: Trouble = lambda call, name: None) -> None:
        self.trouble = trouble
        self._real = LinuxFileCalls()
        self._names: dict[int, bytes] = {}

    def __getattr__(self, call: str) -> Callable[..., object]:
        real = getattr(self._real, call)

        def wrapped(*given: object, **options: object) -> object:
            name = self._name(given, options)
            code = self.trouble("list" if call == "open" and given[0] == b"." else call, name)
            if code is not None:
                raise OSError(code, os.strerror(code))
            result = real(*given, **options)
            if call == "open":
                self._names[result] = name
            return result

        return wrapped

    def _name(self, given: Sequence[object], options: dict[str, object]) -> bytes:
        names = [one for one in given if isinstance(one, bytes)]
        if names and names[-1] != b".":
            return names[-1]
        fd = options.get("dir_fd") if names else given[0] if given else None
        return self._names.get(fd, b"") if isinstance(fd, int) else b""


def failing(call: str, names: Sequence[bytes], code: int, *, times: int = 1_000_000) -> Trouble:
    """Return the trouble that one call has with files of these names, the first few times each."""
    left = dict.fromkeys(names, times)

    def trouble(seen: str, name: bytes) -> int | None:
        if seen != call or not left.get(name):
            return None
        left[name] -= 1
        return code

    return trouble
