"""Whether a temporary file of a lost lane is still held by its last call, which the kernel may not end.

Whoever asks for such a file waits for ever, and with a name to be removed, everybody who works in its folder
waits too. So a lane is asked to try the file alone: a lane can be given up. Removes nothing.
"""

from dataclasses import replace
from typing import Final

from custody.domain.copying.orders import CopyItem, Operation, Window
from custody.domain.identifiers import TransferId
from custody.domain.paths import RawPath
from custody.domain.use_cases.acquisition.job_site import JobSite
from custody.domain.use_cases.lane_feed import LaneFeed, LaneLost
from custody.domain.use_cases.workshop import Workshop

ANSWER_SECONDS: Final = 5.0  # a slow disk has answered by then


class StuckFiles:
    """Tells of one job's temporary files whether they can be touched. Nothing else may be under way."""

    def __init__(self, workshop: Workshop, site: JobSite) -> None:
        """Take the job's site."""
        self._workshop = workshop
        self._site = site

    def is_stuck(self, transfer: TransferId, path: RawPath, temporary: bytes) -> bool:
        """Tell whether the temporary file beside ``path`` does not answer.

        Raises Interrupted when a stop is asked for.
        """
        workshop = self._workshop
        timeout = min(ANSWER_SECONDS, workshop.settings.stall_timeout_seconds)
        settings = replace(workshop.settings, stall_timeout_seconds=timeout)
        feed = LaneFeed(workshop.lane, workshop.clock, workshop.stop, settings)
        feed.submit(Window((self._item(transfer, path, temporary),)))
        try:
            for _ in feed.reports():
                pass
        except LaneLost as lost:
            return lost.stalled  # one that died holds nothing any more
        return False

    def _item(self, transfer: TransferId, path: RawPath, temporary: bytes) -> CopyItem:
        return CopyItem(
            transfer=transfer,
            operation=Operation.TRY_TEMPORARY,
            source_root=RawPath(b""),
            destination=self._site.destination_path,
            destination_identity=self._site.destination.identity,
            path=path,
            temporary=temporary,
            size=0,
            mtime_ns=0,
            atime_ns=0,
            mode=0,
            device=0,
            inode=0,
            algorithms=self._site.algorithms,
        )
