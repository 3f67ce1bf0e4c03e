"""The error threshold of a batch: past it, going on would only waste the time that evidence may not have."""


class MayGoOn:
    """The batch's own error threshold, over all its jobs in this process."""

    def __init__(self, permille: int, *, least_tried: int = 10) -> None:
        """Count nothing yet; ``least_tried`` files must have been tried before a share means anything."""
        self._permille = permille
        self._least = least_tried
        self.tried = 0
        self.failed = 0

    def __call__(self, tried: int, failed: int) -> bool:
        """Tell whether work may go on, with this job's counts added to those of the jobs before."""
        return not self._over(self.tried + tried, self.failed + failed, self._least)

    def add(self, tried: int, failed: int) -> bool:
        """Count a finished job; tells whether the next may begin, however few files were tried."""
        self.tried += tried
        self.failed += failed
        return not self._over(self.tried, self.failed, 1)

    def _over(self, tried: int, failed: int, least: int) -> bool:
        return tried >= least and failed * 1000 > self._permille * tried
