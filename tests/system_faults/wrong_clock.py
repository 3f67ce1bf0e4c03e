"""The real command on a workstation whose clock is wrong by the seconds in a file, read anew at each look.

Only the port of the clock is replaced: libraries that fake the time of a whole process break its sleep.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from custody.cli.main import main
from custody.infrastructure.system import SystemClock

WRONG_BY = "WRONG_CLOCK"


def now(self: SystemClock) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=int(Path(os.environ[WRONG_BY]).read_text()))


if __name__ == "__main__":
    SystemClock.now = now  # type: ignore[method-assign]
    sys.exit(main())
