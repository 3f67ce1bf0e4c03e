import json

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from custody.domain import canonical
from custody.domain.errors import MalformedData

NAMES = st.text(st.characters(max_codepoint=0x7F), max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)
LOOSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_encoding_equals_the_reference_implementation(value: canonical.JsonValue) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(VALUES)
def test_decoding_returns_what_was_encoded(value: canonical.JsonValue) -> None:
    assert canonical.decode(canonical.encode(value)) == value


@given(st.binary(max_size=200) | LOOSE.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")))
def test_whatever_is_read_is_written_back_unchanged(data: bytes) -> None:
    try:
        value = canonical.decode(data)
    except MalformedData:
        return
    assert canonical.encode(value) == data


@given(LOOSE)
def test_encoding_refuses_in_one_way_only(value: object) -> None:
    try:
        data = canonical.encode(value)
    except MalformedData:
        return
    assert json.loads(data) == value
