from custody.domain.events import EVENT_TYPES
from custody.domain.keys.roles import LONG_TERM_ONLY, MAY_RECORD


def test_every_event_type_has_its_row_in_the_table_of_roles() -> None:
    assert EVENT_TYPES.keys() <= MAY_RECORD.keys()
    assert EVENT_TYPES.keys() >= LONG_TERM_ONLY
