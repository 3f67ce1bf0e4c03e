"""Following a ledger as it grows, by asking again and again.

Knows the library's subscription interface. SQLite tells nobody of a commit, hence the polling.
"""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

_PAGE: Final = 500
_POLL_SECONDS: Final = 0.05


class PollingSubscription(Subscription[ApplicationRecorder]):
    """An endless iterator over notifications; ends when stopped, from whatever thread."""

    def __init__(self, recorder: ApplicationRecorder, gt: int | None, topics: Sequence[str]) -> None:
        """Take the recorder to follow, the notification id to start after, and the event types wanted."""
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._pending: deque[Notification] = deque()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the iteration, also one that waits."""
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        """Return the next notification, waiting for it if need be."""
        while not self._stopped.is_set():
            if self._pending:
                return self._pending.popleft()
            self._pending.extend(
                self._recorder.select_notifications(
                    self._last_notification_id, _PAGE, topics=self._topics, inclusive_of_start=False
                )
            )
            if self._pending:
                self._last_notification_id = self._pending[-1].id
            else:
                self._stopped.wait(_POLL_SECONDS)
        raise StopIteration
