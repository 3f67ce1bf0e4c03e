import gc
from contextlib import suppress

from custody.infrastructure.collecting import COLLECT_AFTER, collecting_seldom


def test_cycles_are_looked_for_seldom_within_and_as_before_behind_it_also_after_an_error() -> None:
    before = gc.get_threshold()
    within = None
    with suppress(ValueError), collecting_seldom():
        within = gc.get_threshold()
        raise ValueError
    assert (within, gc.get_threshold()) == ((COLLECT_AFTER, *before[1:]), before)
