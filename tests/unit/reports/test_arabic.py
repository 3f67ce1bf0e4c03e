import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.reports.arabic import FORMS, can_be_joined, joined

LETTERS = "".join(sorted(FORMS))


def names(text: str) -> list[str]:
    return [unicodedata.name(char).removeprefix("ARABIC ") for char in text]


def test_a_word_takes_initial_medial_and_final_forms() -> None:
    assert names(joined("\u0643\u062a\u0628")) == [
        "LETTER KAF INITIAL FORM",
        "LETTER TEH MEDIAL FORM",
        "LETTER BEH FINAL FORM",
    ]


def test_a_letter_that_joins_only_backwards_ends_the_connection() -> None:
    assert names(joined("\u062f\u0627\u0631")) == [
        "LETTER DAL ISOLATED FORM",
        "LETTER ALEF ISOLATED FORM",
        "LETTER REH ISOLATED FORM",
    ]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("\u0644\u0627", ["LIGATURE LAM WITH ALEF ISOLATED FORM"]),
        ("\u0633\u0644\u0627", ["LETTER SEEN INITIAL FORM", "LIGATURE LAM WITH ALEF FINAL FORM"]),
        ("\u0644\u0623\u0628", [
            "LIGATURE LAM WITH ALEF WITH HAMZA ABOVE ISOLATED FORM", "LETTER BEH ISOLATED FORM",
        ]),
    ],
)  # fmt: skip
def test_lam_and_alef_become_one(word: str, expected: list[str]) -> None:
    assert names(joined(word)) == expected


def test_a_mark_stays_with_its_letter_and_parts_no_two_letters() -> None:
    assert names(joined("\u0645\u064f\u062d")) == [
        "LETTER MEEM INITIAL FORM",
        "DAMMA",
        "LETTER HAH FINAL FORM",
    ]


def test_letters_do_not_join_over_a_blank() -> None:
    assert names(joined("\u0628 \u0628")) == [
        "LETTER BEH ISOLATED FORM",
        "SPACE",
        "LETTER BEH ISOLATED FORM",
    ]


def test_hamza_stands_alone() -> None:
    assert names(joined("\u0628\u0621\u0628")) == [
        "LETTER BEH ISOLATED FORM",
        "LETTER HAMZA",
        "LETTER BEH ISOLATED FORM",
    ]


def test_the_line_that_stretches_a_word_joins_on_both_sides() -> None:
    assert names(joined("\u0628\u0640\u0628")) == [
        "LETTER BEH INITIAL FORM",
        "TATWEEL",
        "LETTER BEH FINAL FORM",
    ]


def test_persian_letters_have_their_forms() -> None:
    assert names(joined("\u06af\u0686")) == ["LETTER GAF INITIAL FORM", "LETTER TCHEH FINAL FORM"]


def test_other_scripts_are_left_alone() -> None:
    assert joined("abc דוח 123") == "abc דוח 123"


@given(st.text(alphabet=st.sampled_from(LETTERS + " \u0640\u0621\u064e"), max_size=30))
def test_the_letters_can_be_told_from_their_forms(text: str) -> None:
    shaped = unicodedata.normalize("NFKD", joined(text))

    assert sorted(shaped) == sorted(unicodedata.normalize("NFKD", text))


@given(st.text(alphabet=st.sampled_from(LETTERS), min_size=2, max_size=30))
def test_a_letter_reaches_forward_exactly_where_the_next_reaches_back(text: str) -> None:
    forms = [unicodedata.decomposition(char).split()[0] for char in joined(text)]

    reaching = [form in {"<initial>", "<medial>"} for form in forms[:-1]]
    reached = [form in {"<final>", "<medial>"} for form in forms[1:]]
    assert reaching == reached
    assert forms[0] not in {"<final>", "<medial>"}
    assert forms[-1] not in {"<initial>", "<medial>"}


@pytest.mark.parametrize(
    ("char", "expected"),
    [
        ("a", True),
        ("ש", True),
        ("\u0628", True),
        ("\u0640", True),
        ("\u064e", True),
        ("\u0661", True),
        ("\u067c", False),  # Pashto: joins, but Unicode encodes no forms
        ("\u0710", False),
        ("\u07ca", False),
        ("\u1820", False),
        ("\ufe91", False),  # a form itself: it would print as the letter does
    ],
)
def test_only_letters_that_can_be_drawn_as_they_are_read_are_offered(char: str, expected: bool) -> None:
    assert can_be_joined(char) is expected
