import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.reports.fonts import Face, metrics
from custody.reports.typesetting import (
    NAME_BREAKS,
    PROSE_BREAKS,
    Line,
    Style,
    line,
    shown,
    with_visible_ends,
    wrap,
)

STYLE = Style(Face.TEXT, 8, 10)


def text_of(item: Line) -> str:
    return "".join(run.text for run in item.runs)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("a\nb", "a\\x0ab"),
        ("\u202e", "\\u202e"),
        ("\u3164", "\\u{3164}"),
        ("\ufe0f", "\\u{fe0f}"),
        ("\U0001f600", "\\u{1f600}"),
        ("\u0e01", "\\u{e01}"),
        ("\u0930", "\\u{930}"),
        ("\u05b0", "\\u{5b0}"),
        ("\u0e3f\u05be", "\u0e3f\u05be"),
        ("\u067c", "\\u{67c}"),
        ("\u07ca", "\\u{7ca}"),
        ("\ufedf\ufe8e", "\\u{fedf}\\u{fe8e}"),
        ("\u200f\u2067\u061c", "\\u200f\\u2067\\u061c"),
        ("cafe\u0301", "cafe\u0301"),
        ("証拠한국", "証拠한국"),
        ("\udcff", "\\xff"),
    ],
)
def test_what_cannot_be_shown_is_shown_as_its_code(value: str, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a b", "a b"), (" a", "\\x20a"), ("a  ", "a\\x20\\x20"), ("  ", "\\x20\\x20"), ("", "")],
)
def test_blanks_at_the_ends_are_made_visible(value: str, expected: str) -> None:
    assert with_visible_ends(value) == expected


@given(
    st.text(alphabet=st.characters(max_codepoint=0x58F) | st.sampled_from("証拠한국 /."), max_size=300),
    st.sampled_from([PROSE_BREAKS, NAME_BREAKS]),
)
def test_wrapping_loses_and_adds_nothing(text: str, breaks: frozenset[str]) -> None:
    assert "".join(text_of(item) for item in wrap(text, STYLE, 60, breaks)) == shown(text)


@given(st.text(alphabet=st.characters(exclude_characters=" "), max_size=300))
def test_no_line_is_wider_than_asked_for(text: str) -> None:
    assert all(item.width <= 60.001 for item in wrap(text, STYLE, 60, NAME_BREAKS))


@given(st.text(max_size=300))
def test_no_letter_is_lost_by_turning_right_to_left_letters_round(text: str) -> None:
    drawn = "".join(text_of(item) for item in wrap(text, STYLE, 60))

    assert sorted(unicodedata.normalize("NFKD", drawn)) == sorted(unicodedata.normalize("NFKD", shown(text)))


@given(st.text(alphabet=st.sampled_from("السلامعليكم گچپژ/.\u064e\u0651"), max_size=200))
def test_no_line_of_joined_letters_is_wider_than_asked_for(text: str) -> None:
    without_blanks = text.replace(" ", "")
    assert all(item.width <= 60.001 for item in wrap(without_blanks, STYLE, 60, NAME_BREAKS))


@pytest.mark.parametrize(
    ("stored", "drawn"),
    [
        ("דוח.pdf", "חוד.pdf"),
        ("a-שלום עולם-z", "a-םלוע םולש-z"),
        ("exe.דוח", "exe.חוד"),
        ("123 ع 456", "123 \ufec9 456"),
        ("a.\u0645\u064f\u062d.b", "a.\ufea2\u064f\ufee3.b"),
    ],
)
def test_right_to_left_letters_are_turned_round_where_they_stand(stored: str, drawn: str) -> None:
    assert text_of(line(stored, STYLE)) == drawn


def test_prose_is_broken_between_words() -> None:
    pieces = [text_of(item) for item in wrap("several words that do not fit on one line", STYLE, 80)]

    assert len(pieces) > 1
    assert all(piece.endswith(" ") for piece in pieces[:-1])


def test_a_name_is_broken_after_a_slash_where_there_is_one() -> None:
    pieces = [text_of(item) for item in wrap("folder/subfolder/name", STYLE, 50, NAME_BREAKS)]

    assert pieces == ["folder/", "subfolder/", "name"]


def test_a_word_longer_than_the_line_is_broken_where_the_line_is_full() -> None:
    first, *rest = wrap("a " + "w" * 100, STYLE, 60)

    assert len(text_of(first)) > 2
    assert rest


def test_each_run_has_a_face_that_has_its_characters() -> None:
    (mixed,) = wrap("mono 証拠 mono", Style(Face.MONO, 8, 10), 1000)

    assert [run.face for run in mixed.runs] == [Face.MONO, Face.FAR_EAST, Face.MONO]
    assert all(ord(char) in metrics(run.face).widths for run in mixed.runs for char in run.text)


def test_the_code_of_a_character_is_never_broken() -> None:
    pieces = [text_of(item) for item in wrap("\udcff" * 50 + "\u202e\U0001f600" * 9, STYLE, 61, NAME_BREAKS)]

    assert len(pieces) > 1
    assert all(re.fullmatch(r"(\\xff|\\u202e|\\u\{1f600\})+", piece) for piece in pieces)


def test_a_blank_is_as_wide_as_the_line_it_stands_for() -> None:
    label = line("SHA-512 ", STYLE)

    assert (label.blank.text, label.blank.width) == ("", label.width)
