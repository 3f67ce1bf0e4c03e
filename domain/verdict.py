"""What a check says of the thing it looked at."""

from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["passed", "failed", "indeterminate"]
"""``indeterminate``: it could not be decided, or nothing was looked at. That is never a pass."""
