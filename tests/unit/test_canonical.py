import enum
import json
import time

import pytest

from custody.domain import canonical
from custody.domain.errors import MalformedData


class Colour(enum.StrEnum):
    RED = "red"


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, b"null"),
        (True, b"true"),
        (-0, b"0"),
        (2**53 - 1, b"9007199254740991"),
        (1 - 2**53, b"-9007199254740991"),
        ((1, "a"), b'[1,"a"]'),
        ({"b": 1, "a": [], "": {}, "B": None}, b'{"":{},"B":null,"a":[],"b":1}'),
        ('\x00\x1f\b\t\n\f\r"\\/\x7f', b'"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f"'),
        ("é€😀\u2028", '"é€😀\u2028"'.encode()),
        (Colour.RED, b'"red"'),
    ],
)
def test_values_have_their_rfc_8785_bytes(value: canonical.JsonValue, expected: bytes) -> None:
    assert canonical.encode(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        pytest.param(10**5000, id="5001 digits"),
        b"bytes",
        {1: "integer name"},
        {None: "null name"},
        {"é": "name beyond ASCII"},
        "\ud800",
        ["\udfff"],
        {"a": {"b": [1.5]}},
        {1, 2},
        object(),
    ],
)
def test_values_outside_the_subset_are_refused(value: object) -> None:
    with pytest.raises(MalformedData):
        canonical.encode(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(MalformedData):
        canonical.encode(loop)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1\n",
        b"\xef\xbb\xbf1",
        b"1.0",
        b"1e2",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"9007199254740992",
        b"9" * 5000,
        b"[" + b"9" * 5000 + b"]",
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"\xc3\xa9":1}',
        b'{"\\u0061":1}',
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u001F"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\n"',
        b'"open',
        b"[1,]",
        b"[1",
        b"1 2",
        b"// no",
        nested(100_000),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        nested(33),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_documents_in_any_other_form_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        canonical.decode(data)


def test_the_deepest_document_allowed_is_read() -> None:
    assert canonical.encode(canonical.decode(nested(canonical.MAX_DEPTH))) == nested(canonical.MAX_DEPTH)


def test_a_caller_may_allow_less_depth() -> None:
    with pytest.raises(MalformedData):
        canonical.decode(nested(3), max_depth=2)


def test_a_caller_cannot_allow_more_depth() -> None:
    with pytest.raises(MalformedData):
        canonical.decode(nested(33), max_depth=1000)


def test_many_shallow_arrays_are_not_taken_for_depth() -> None:
    data = b"[" + b",".join([b"[]"] * 1000) + b"]"
    assert canonical.decode(data) == [[]] * 1000


def test_brackets_inside_texts_are_not_taken_for_depth() -> None:
    text = '[{"' * 1000 + "\\"
    data = json.dumps(text).encode()
    assert canonical.decode(data) == text


@pytest.mark.parametrize("excess", [0, 1])
def test_a_document_is_refused_just_above_the_size_limit(excess: int) -> None:
    data = b'"' + b"a" * (98 + excess) + b'"'
    if excess:
        with pytest.raises(MalformedData):
            canonical.decode(data, max_bytes=100)
    else:
        assert canonical.decode(data, max_bytes=100) == "a" * 98


def test_a_text_that_never_ends_is_refused_in_one_pass() -> None:
    """Each quote of its inside must not be tried as another beginning: a megabyte would take an hour."""
    data = b'"' + b"[" * 40 + b'"' + b'"' + b'\\"' * 500_000
    begun = time.process_time()
    with pytest.raises(MalformedData):
        canonical.decode(data)

    assert time.process_time() - begun < 5


@pytest.mark.parametrize("end", [b"", b"\\", b'\\"'])
def test_brackets_in_a_text_without_an_end_are_not_taken_for_depth(end: bytes) -> None:
    with pytest.raises(MalformedData, match="not a JSON document"):
        canonical.decode(b'"' + b"[" * 40 + end)
