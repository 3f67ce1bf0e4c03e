import gc

import pytest

from custody.infrastructure.collecting import COLLECT_AFTER, collecting_seldom


def test_cycles_are_looked_for_seldom_within_and_as_before_behind_it_also_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="broken"), collecting_seldom():
        assert gc.get_threshold() == (COLLECT_AFTER, *before[1:])
        raise ValueError("broken")
    assert gc.get_threshold() == before
