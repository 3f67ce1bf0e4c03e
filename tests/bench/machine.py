"""What a reader must know of the machine to compare figures; asks the system and the installed tools."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Final

VERSION_COMMANDS: Final = (
    ("rsync", "--version"), ("rclone", "version"), ("hashdeep", "-V"), ("b3sum", "--version"),
    ("openssl", "version"), ("sha256sum", "--version"), ("bagit.py", "--version"), ("ascmhl", "--version"),
)  # fmt: skip


def cores() -> int:
    return len(os.sched_getaffinity(0))


def describe(folder: Path, search_path: str, custody: Path) -> dict[str, str]:
    """Return the facts by name, in the order to be shown."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    versions = (_version([*command], search_path) for command in VERSION_COMMANDS)
    return {
        "processor": f"{cores()} cores, {_processor()}",
        "memory": f"{memory / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": _answer(["df", "--output=fstype", str(folder)], search_path)[-1],
        "load before": f"{os.getloadavg()[0]:.1f}",
        "Custody": _version([str(custody), "--version"], search_path),
        "tools": "; ".join(version for version in versions if version),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(command: list[str], search_path: str) -> str:
    first = _answer(command, search_path)[0]
    return first if not first or first[0].isalpha() else f"{Path(command[0]).name} {first}"


def _answer(command: list[str], search_path: str) -> list[str]:
    """Return the lines a program prints, at least one; an empty one if it is not installed."""
    environment = {"PATH": search_path, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    try:
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return [""]
    return [line.strip() for line in (run.stdout or run.stderr).strip().splitlines()] or [""]
