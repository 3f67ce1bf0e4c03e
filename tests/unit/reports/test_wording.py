import pytest

from custody.reports.wording import brief, count, duration, few, file_time, listed, moment, offset, size


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB (1,000 bytes)"),
        (1_999_999, "1.9 MB (1,999,999 bytes)"),
        (30_064_771_072, "30.0 GB (30,064,771,072 bytes)"),
        (10**21, "1,000.0 EB (1,000,000,000,000,000,000,000 bytes)"),
    ],
)
def test_a_size_is_never_rounded_up_and_always_exact_in_brackets(value: int, expected: str) -> None:
    assert size(value) == expected


@pytest.mark.parametrize(
    ("nanoseconds", "expected"),
    [
        (0, ("1970-01-01", "00:00:00")),
        (1, ("1970-01-01", "00:00:00.000000001")),
        (-1, ("1969-12-31", "23:59:59.999999999")),
        (1_772_399_400_500_000_000, ("2026-03-01", "21:10:00.5")),
        (10**30, ("not a date:", "1,000,000,000,000,000,000,000 s since 1970")),
    ],
)
def test_a_file_time_is_exact_to_the_nanosecond(nanoseconds: int, expected: tuple[str, str]) -> None:
    assert file_time(nanoseconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "UTC+00:00"), (3600, "UTC+01:00"), (-12_600, "UTC-03:30"), (-75, "UTC-00:01:15")],
)
def test_a_zone_offset(seconds: int, expected: str) -> None:
    assert offset(seconds) == expected


def test_numbers_agree_with_their_nouns() -> None:
    assert [count(value, "entry", "entries") for value in (0, 1, 2000)] == [
        "0 entries",
        "1 entry",
        "2,000 entries",
    ]


@pytest.mark.parametrize(
    ("words", "expected"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_in_words(words: list[str], expected: str) -> None:
    assert listed(words) == expected


def test_the_time_of_an_entry_is_shown_to_the_second() -> None:
    assert moment("2026-03-01T21:10:00.123456Z") == "2026-03-01 21:10:00 UTC"


@pytest.mark.parametrize(("text", "expected"), [("", ""), ("x" * 60, "x" * 60), ("x" * 61, "x" * 59 + "…")])
def test_a_long_name_in_brief(text: str, expected: str) -> None:
    assert brief(text) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_a_few_of_many(values: list[str], expected: str) -> None:
    assert few(values) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (1.25, "1.2 s"), (59.99, "1 min"), (3600, "1 h"), (3661.5, "1 h 1 min 1.5 s")],
)
def test_a_duration_in_words(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_every_word_for_what_was_found_of_an_interrupted_file_is_told_in_full() -> None:
    from custody.reports.wording import FOUND

    assert {"published", "fsynced", "temporary", "nothing", "prefix", "failed", "missing"} <= FOUND.keys()
