"""Which batch a person means by the first characters of its id.

Knows how many characters it takes. Changes nothing.
"""

from typing import Final

from custody.domain.errors import NotFound, UsageError
from custody.domain.ports import ReadModel
from custody.domain.projections.rows import BatchRow

LEAST: Final = 6  # characters; fewer are too easily those of another batch
_SHOWN: Final = 5
_HINT: Final = "'custody batch list' shows all batches"


def named_batch(model: ReadModel, text: str) -> BatchRow:
    """Return the one batch whose id begins so. Raises UsageError when that is unclear, NotFound."""
    if len(text) < LEAST:
        raise UsageError(
            f"a batch is named by its id or at least {LEAST} first characters of it, not by {text!r}",
            hint=_HINT,
        )
    fitting = batches_beginning(model, text)
    if len(fitting) > 1:
        names = ", ".join(row.batch[: len(text) + LEAST] for row in fitting[:_SHOWN])
        raise UsageError(
            f"{len(fitting)} batches begin with {text!r}", hint=f"give more characters, for instance {names}"
        )
    if not fitting:
        raise NotFound(f"there is no batch {text!r}", done="Nothing was changed.", hint=_HINT)
    return fitting[0]


def batches_beginning(model: ReadModel, text: str) -> list[BatchRow]:
    """Return the batches whose ids begin so; none when that is too short to name one."""
    if len(text) < LEAST:
        return []
    return [row for row in model.batches() if row.batch.startswith(text.lower())]


def named_or_last_batch(model: ReadModel, text: str | None) -> BatchRow:
    """Return the named batch, by default the one queued last. Raises NotFound, UsageError."""
    if text is not None:
        return named_batch(model, text)
    last = next(iter(model.batches()), None)
    if last is None:
        raise NotFound("there is no batch yet", done="Nothing was changed.", hint=_HINT)
    return last


def named_or_unfinished_batch(model: ReadModel, text: str | None) -> BatchRow:
    """Return the named batch, by default the unfinished one queued last, else the last. Raises NotFound."""
    unfinished = (row for row in model.batches() if row.state != "completed")
    return (next(unfinished, None) if text is None else None) or named_or_last_batch(model, text)
