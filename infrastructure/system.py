"""This workstation: its clock, its randomness, its name, and how far its clock can be believed.

The one place that asks for the time and for random ids. What it says of the clock is a claim by the machine.
"""

import ctypes
import importlib.metadata
import os
import platform
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from custody.domain.identifiers import LedgerId

TOOL: Final = "custody"

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNCD_MARK: Final = Path("/run/systemd/timesync/synchronized")
_ZONE_LINK: Final = Path("/etc/localtime")
_ZONE_FILES: Final = "zoneinfo/"

_NONCE_BYTES: Final = 8  # RFC 3161 section 2.4.1
_TIMEX_BYTES: Final = 256  # struct timex of adjtimex(2) has 208 bytes on 64-bit Linux
_TIME_ERROR: Final = 5  # adjtimex(2): the system clock is not synchronised


class SystemClock:
    """The clock of this machine (``ports.Clock``)."""

    def now(self) -> datetime:
        """Return the time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """What a session records of the machine and the tool."""

    host: str
    system: str
    tool: str
    version: str
    boot_id: str | None
    zone: str
    utc_offset_seconds: int
    clock_synchronised: bool | None


def workstation() -> Workstation:
    """Return the facts of this machine as they are now."""
    local = datetime.now(UTC).astimezone()
    offset = local.utcoffset()
    return Workstation(
        host=platform.node(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        tool=TOOL,
        version=version(),
        boot_id=boot_id(),
        zone=_zone(local),
        utc_offset_seconds=int(offset.total_seconds()) if offset else 0,
        clock_synchronised=clock_synchronised(),
    )


def version() -> str:
    """Return the version of this tool as installed; ``unknown`` when it is not installed."""
    try:
        return importlib.metadata.version(TOOL)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def boot_id() -> str | None:
    """Return the id of this boot of the machine; None where the system has none."""
    try:
        return _BOOT_ID.read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def clock_synchronised() -> bool | None:
    """Tell whether the system says that its clock is set by a time service; None when it does not say.

    The kernel's own flag (adjtimex, STA_UNSYNC) is what every time service sets; the file of
    systemd-timesyncd speaks for systems that hide the call.
    """
    state = _adjtimex()
    if state is not None:
        return state != _TIME_ERROR
    return True if _TIMESYNCD_MARK.exists() else None


def new_ledger_id() -> LedgerId:
    """Return a random id for a ledger (UUID version 4, RFC 9562 section 5.4)."""
    return LedgerId(uuid.uuid4())


def new_stream_id() -> uuid.UUID:
    """Return a random id for the stream of a session or a report."""
    return uuid.uuid4()


def new_name() -> str:
    """Return eight random hex digits, for the name of a folder or file that must be new."""
    return os.urandom(4).hex()


def new_nonce() -> int:
    """Return a random number of exactly 64 bits, for a request whose answer must repeat it."""
    return int.from_bytes(os.urandom(_NONCE_BYTES), "big") | 1 << (8 * _NONCE_BYTES - 1)


def _adjtimex() -> int | None:
    """Read the kernel's clock state without changing it (modes = 0); None where there is no such call."""
    try:
        call = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    state = int(call(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return state if state >= 0 else None


def _zone(local: datetime) -> str:
    """Return the zone's name as in the tz database where the system shows it, else its abbreviation."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name and _ZONE_LINK.is_symlink():
        name = os.fsdecode(_ZONE_LINK.readlink()).rpartition(_ZONE_FILES)[2]
    return name or local.tzname() or "UTC"
