import json

import pytest

from custody.domain import canonical
from custody.domain.errors import MalformedData
from tests.vectors.shared_vectors import vector_folder

FOLDER = vector_folder("rfc8785/test/assets")
IN_SUBSET = ("arrays", "structures", "unicode")
OUTSIDE = {"values": "floating point", "french": "names beyond ASCII", "weird": "names beyond ASCII"}


def value_of(name: str) -> canonical.JsonValue:
    """Read an input as JavaScript does, whose one kind of number takes 56.0 for 56."""
    return json.loads(
        (FOLDER / "input" / f"{name}.json").read_bytes(), parse_float=lambda text: int(float(text))
    )


def test_every_vector_is_inside_or_outside_the_subset() -> None:
    assert {path.stem for path in (FOLDER / "input").iterdir()} == {*IN_SUBSET, *OUTSIDE}


@pytest.mark.parametrize("name", IN_SUBSET)
def test_values_of_the_subset_encode_as_the_reference_does(name: str) -> None:
    assert canonical.encode(value_of(name)) == (FOLDER / "output" / f"{name}.json").read_bytes().rstrip(b"\n")


@pytest.mark.parametrize("name", IN_SUBSET)
def test_reference_output_of_the_subset_is_read(name: str) -> None:
    data = bytes.fromhex((FOLDER / "outhex" / f"{name}.txt").read_text())
    assert canonical.decode(data) == value_of(name)


@pytest.mark.parametrize("name", OUTSIDE, ids=lambda name: f"{name}: {OUTSIDE[name]}")
def test_values_outside_the_subset_are_refused(name: str) -> None:
    value = json.loads((FOLDER / "input" / f"{name}.json").read_bytes())
    with pytest.raises(MalformedData):
        canonical.encode(value)


@pytest.mark.parametrize("name", OUTSIDE)
def test_reference_output_outside_the_subset_is_not_read(name: str) -> None:
    with pytest.raises(MalformedData):
        canonical.decode(bytes.fromhex((FOLDER / "outhex" / f"{name}.txt").read_text()))
