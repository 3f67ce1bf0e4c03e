"""Stable words of failures which say that something was looked at and is not what it should be.

Knows the words and what they mean together. Does not know at which stage one may be said.
"""

from typing import Final

NOT_AS_READ: Final = frozenset({"read-back-differs", "changed", "missing", "not-a-regular-file"})
"""Of a read-back: the copy was looked at and is not what was published."""

REFUTED_LATER: Final = frozenset({"copy-changed", "copy-refuted"})
"""Of a look at a copy that had been proved."""

DIFFERENT: Final = frozenset({"read-back-differs", "changed", "collision"}) | REFUTED_LATER
"""Something stands there, and it is other than what it is compared with."""

GONE: Final = frozenset({"missing", "vanished"})
"""Nothing stands there any more."""
