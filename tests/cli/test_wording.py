import pytest

from custody.cli.wording import counted, duration, size_text, wrapped


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12.3 kB"), (5_000_000, "5.0 MB"),
        (41_000_000_000, "41.0 GB"), (2 * 10**12, "2.0 TB"), (10**18, "1000.0 PB"),
    ],
)  # fmt: skip
def test_a_size_is_told_in_the_units_on_the_label_of_a_drive(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (3.42, "3.4 s"),
        (59, "59 s"),
        (65, "1 min 05 s"),
        (3600, "1 h 00 min"),
        (11_220, "3 h 07 min"),
    ],
)
def test_a_duration_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_a_number_of_things_has_its_plural(number: int, text: str) -> None:
    assert counted(number, "file") == text


def test_an_irregular_plural_is_given() -> None:
    assert counted(2, "entry", "entries") == "2 entries"


def test_a_long_sentence_stays_within_the_columns_of_a_terminal() -> None:
    lines = wrapped("- " + "word " * 60, "   ")

    assert len(lines) > 1
    assert max(map(len, lines)) <= 79
    assert all(line.startswith("   ") for line in lines)
