from custody.domain.events import KeyRotated
from custody.domain.exhibits.succession import Succession
from custody.domain.identifiers import KeyId


def after(*rotations: tuple[str, str]) -> Succession:
    succession = Succession()
    for old, new in rotations:
        succession.admit(KeyRotated(key=KeyId(old), successor=KeyId(new)))
    return succession


def test_the_last_successor_stands_for_each_key_before_it() -> None:
    succession = after(("a", "b"), ("b", "c"), ("x", "y"))

    assert [succession.heir_of(KeyId(key)) for key in "abcxz"] == ["c", "c", "c", "y", "z"]
    succession.admit(KeyRotated(key=KeyId("c"), successor=KeyId("d")))
    assert succession.heir_of(KeyId("a")) == "d"


def test_a_key_gives_its_place_away_once_and_never_in_a_circle() -> None:
    succession = after(("a", "b"), ("a", "x"), ("b", "c"), ("c", "a"), ("k", "k"))

    assert [succession.heir_of(KeyId(key)) for key in "abck"] == ["c", "c", "c", "k"]
