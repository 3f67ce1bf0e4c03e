import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.cli.wording import columns, counted, duration, folded, size_text


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


def test_a_line_that_fits_is_left_alone() -> None:
    assert folded("  a  line", 9) == ["  a  line"]


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("  one two three four", ["  one two", "    three", "    four"]),
        ("  - one two three", ["  - one", "    two", "    three"]),
        (" 1  ab cd ef gh", [" 1  ab cd", "    ef gh"]),
        ("  one /long/path/without/a/blank", ["  one", "  /long/path/without/a/blank"]),
        ("  証拠 写真 証拠", ["  証拠", "    写真", "    証拠"]),
        ("/long/path/without/a/blank", ["/long/path/without/a/blank"]),
    ],
)
def test_a_long_line_is_broken_at_blanks_and_hangs_below_its_last_column(line: str, lines: list[str]) -> None:
    assert folded(line, 10) == lines


@given(st.text(st.sampled_from("ab証 /-"), max_size=60), st.integers(8, 40))
def test_folding_cuts_nothing_but_blanks(line: str, width: int) -> None:
    assert "".join(folded(line, width)).replace(" ", "") == line.replace(" ", "")


@given(st.lists(st.text(st.sampled_from("ab証"), min_size=1, max_size=4), max_size=30), st.integers(20, 60))
def test_a_folded_line_is_no_wider_than_the_terminal(words: list[str], width: int) -> None:
    assert all(columns(line) <= width for line in folded("  " + " ".join(words), width))
