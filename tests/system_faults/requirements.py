"""What a fault test needs of the machine, and whether it is there."""

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache


def root() -> str | None:
    return None if os.geteuid() == 0 else "needs root"


def tool(name: str) -> str | None:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return None if shutil.which(name, path=path) else f"needs the command {name}"


@cache
def mounting() -> str | None:
    if lacking := root() or tool("mount"):
        return lacking
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=False, capture_output=True)
        if made.returncode:
            return "this machine lets nobody mount"
        subprocess.run(["umount", folder], check=True)
    return None


@cache
def fuse() -> str | None:
    if lacking := mounting() or tool("fusermount3"):
        return lacking
    if not ctypes.util.find_library("fuse3") or not importlib.util.find_spec("mfusepy"):
        return "needs libfuse3 and mfusepy"
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"there is no /dev/fuse that can be opened: {error.strerror}"
    return None


@cache
def loop() -> str | None:
    if lacking := mounting() or tool("losetup") or tool("mkfs.ext4"):
        return lacking
    found = subprocess.run(["losetup", "-f"], check=False, capture_output=True, text=True)
    if found.returncode:
        return f"there is no loop device: {found.stderr.strip()}"
    return None


@cache
def tracing() -> str | None:
    if lacking := tool("strace"):
        return lacking
    traced = subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, capture_output=True)
    return "this machine lets nobody trace" if traced.returncode else None


CHECKS: dict[str, Callable[[], str | None]] = {
    "root": root,
    "mount": mounting,
    "fuse": fuse,
    "loop": loop,
    "strace": tracing,
    "setpriv": lambda: root() or tool("setpriv"),
    "prlimit": lambda: tool("prlimit"),
}


def lacking(names: tuple[str, ...]) -> str | None:
    """Return why a test with these requirements cannot run here, or None."""
    return next((reason for name in names if (reason := CHECKS[name]())), None)


if __name__ == "__main__":
    for name in CHECKS:
        print(f"{name}: {lacking((name,)) or 'there'}")
