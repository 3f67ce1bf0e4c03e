"""Stable words of failures which say that something was looked at and is not what it should be.

Knows the words and what they mean together; asked by whoever gives a verdict and by whoever words it.
"""

from typing import Final

from custody.domain.copying.reports import Stage

DIFFERENCES: Final = frozenset({"read-back-differs", "changed", "missing", "not-a-regular-file"})
"""Of a reading of a copy: it was looked at and is not what was recorded. Others: an inability to look."""

GONE: Final = frozenset({"missing", "vanished", "copy-missing"})
"""Nothing stands there any more."""

_REFUTED_LATER: Final = frozenset(
    {"copy-changed", "copy-refuted"}
)  # of a look at a copy that had been proved
_DIFFERENT: Final = frozenset(
    {"changed", "collision"}
)  # at any stage: it is other than what it is compared with


def is_refuting(stage: str | None, error: str | None) -> bool:
    """Tell whether a failed entry's copy was looked at and is not what it was claimed to be.

    The word ``changed`` is also said of a source, at another stage.
    """
    if stage == Stage.FINAL_CHECK.value:
        return error in _REFUTED_LATER
    return stage == Stage.READ_BACK.value and error in DIFFERENCES


def is_difference(stage: str, error: str) -> bool:
    """Tell whether something stands there, copy or source, and is other than what it is compared with."""
    return error not in GONE and (error in _DIFFERENT or is_refuting(stage, error))
