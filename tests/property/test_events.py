"""Every event comes back from its stored form; whatever is accepted has exactly one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.domain import canonical
from custody.domain.errors import MalformedData
from custody.domain.events import EVENT_TYPES, Event, decode, to_data, to_text, type_name
from tests.fakes.any_event import EVENTS, events_of


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@given(data=st.data())
def test_every_event_comes_back_from_its_stored_bytes(name: str, data: st.DataObject) -> None:
    event = data.draw(events_of(EVENT_TYPES[name]))
    stored = canonical.encode(to_data(event))
    assert decode(type_name(event), canonical.decode(stored)) == event


@given(event=EVENTS)
def test_the_text_of_an_event_is_canonical(event: Event) -> None:
    assert canonical.encode(to_data(event)).decode() == to_text(event)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["path", "path_b64", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(event=EVENTS, data=st.data())
def test_changed_data_is_refused_or_is_an_event_that_keeps_every_field(
    event: Event, data: st.DataObject
) -> None:
    stored = to_data(event)
    names = sorted(stored.keys() | {f"{name}_b64" for name in stored} | {"more"})
    name = data.draw(st.sampled_from(names))
    if data.draw(st.booleans()):
        stored.pop(name, None)
    else:
        stored[name] = data.draw(JSON)
    try:
        found = decode(type_name(event), stored)
    except MalformedData:
        return
    written = to_data(found)
    assert decode(type_name(event), written) == found
    assert {key: value for key, value in written.items() if not _is_path(key, stored | written)} == {
        key: value for key, value in stored.items() if not _is_path(key, stored | written)
    }


def _is_path(name: str, data: dict[str, object]) -> bool:
    """The text of a path need not be ours: what is printable changes with Unicode's versions."""
    return name in {
        "path",
        "source",
        "temporary",
        "moved_to",
        "target",
        "destination",
        "instruction",
        "sources",
    } or (name.endswith("_b64") and name.removesuffix("_b64") in data)
