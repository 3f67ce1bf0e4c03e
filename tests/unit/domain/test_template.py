"""Path templates and the values of a form."""

from datetime import UTC, date, datetime, time

import pytest

from custody.domain.copying.template import fill
from custody.domain.errors import UsageError
from custody.domain.form import MAX_FIELD_BYTES, BadValue, field_value, text_value, time_value

VALUES = {
    "case_number": "2026-0147",
    "business_name": "Corner Store",
    "location_address": "12 Main Street",
    "video_start": "2026-03-01T21:10:05",
    "name": "Camera 1",
}


@pytest.mark.parametrize(
    ("template", "result"),
    [
        (
            "{case_number}/{business_name} @ {location_address}/{video_start:%d%b%y_%H%M}",
            b"2026-0147/Corner Store @ 12 Main Street/01Mar26_2110",
        ),
        ("plain", b"plain"),
        ("{video_start}", b"2026-03-01_2110"),
        ("{video_start:}", b"2026-03-01_2110"),
        ("{video_start:%Y-%m-%d %H.%M.%S %%}", b"2026-03-01 21.10.05 %"),
        ("{video_start:%H:%M}", b"21:10"),
        ("{{{name}}}", b"{Camera 1}"),
        ("{exhibit}/{video_end}/{dvr_time:%d}", b"unknown exhibit/unknown video end/unknown dvr time"),
        ("{video_start:%Y/%m}", b"2026_03"),
    ],
)
def test_a_template_is_filled_from_the_form(template: str, result: bytes) -> None:
    assert fill(template, VALUES) == result


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("a/b", b"a_b"),
        ("../../etc", b"_.._etc"),
        ("..", b"_"),
        (".", b"_"),
        ("a\\b", b"a_b"),
        ("a\nb\0c\x7f", b"a_b_c_"),
        (" .hidden. ", b"hidden"),
        ("{name}", b"{name}"),
        ("Müller", "Müller".encode()),
    ],
)
def test_a_value_never_adds_a_folder_of_its_own(value: str, part: bytes) -> None:
    assert fill("x/{case_number}/y", {"case_number": value}) == b"x/" + part + b"/y"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("", "empty"),
        ("/a", "empty"),
        ("a//b", "empty"),
        ("a/", "empty"),
        ("..", "empty"),
        ("a/../b", "empty"),
        ("a/./b", "empty"),
        ("a\0b", "empty"),
        ("{nothing}", "unknown field 'nothing'"),
        ("{name.__class__}", "brace"),
        ("{name!r}", "brace"),
        ("{0}", "brace"),
        ("{}", "brace"),
        ("{name", "brace"),
        ("name}", "brace"),
        ("{name:>10}", "format for 'name'"),
        ("{case_number:%d}", "format for 'case_number'"),
        ("{video_start:%B}", "date directive '%B'"),
        ("{video_start:%}", "date directive '%'"),
        ("{video_start:%-d}", "date directive '%-'"),
        ("x" * 256, "name over 255"),
        ("/".join(["x" * 200] * 21), "path over 4096"),
        ("\udcff", "not text"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_with_its_reason(template: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as refused:
        fill(template, VALUES)
    assert "video_start" in refused.value.hint


def test_a_value_that_makes_too_long_a_name_is_refused() -> None:
    with pytest.raises(UsageError, match="name over 255"):
        fill("{case_number}", {"case_number": "é" * 128})


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("  text ", "text"),
        (147, "147"),
        ("", ""),
        ("é" * (MAX_FIELD_BYTES // 2), "é" * (MAX_FIELD_BYTES // 2)),
        ("2026-0147", "2026-0147"),
        ("E12", "E12"),
        (-5, "-5"),
    ],
)
def test_text_is_kept_without_blanks_around_it(value: object, kept: str) -> None:
    assert field_value("notes", value) == kept


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "is not text"),
        (True, "is not text"),
        (1.5, "is not text"),
        (["a"], "is not text"),
        ("a\0b", "NUL"),
        ("\udcff", "lone surrogates"),
        ("x" * (MAX_FIELD_BYTES + 1), "longer than 10,000 bytes"),
        ("é" * (MAX_FIELD_BYTES // 2 + 1), "longer than 10,000 bytes"),
        ("2.02601E+11", "spreadsheet"),
        ("2,02601e+11", "spreadsheet"),
        ("1E5", "spreadsheet"),
        pytest.param(16**5000, "is not text", id="huge"),
        (2**63, "is not text"),
    ],
)
def test_what_is_no_text_is_refused_with_its_reason(value: object, reason: str) -> None:
    with pytest.raises(BadValue) as refused:
        text_value(value)
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("2026-03-01T21:10:00", "2026-03-01T21:10:00"),
        ("2026-03-01 21:10", "2026-03-01T21:10:00"),
        ("2026-03-01T21:10", "2026-03-01T21:10:00"),
        (" 2026-03-01 21:10:30 ", "2026-03-01T21:10:30"),
        (datetime(2026, 3, 1, 21, 10, 0, 999), "2026-03-01T21:10:00"),  # noqa: DTZ001 - as TOML gives it
        ("0999-03-01 21:10", "0999-03-01T21:10:00"),
    ],
)
def test_a_time_is_kept_as_the_display_showed_it(value: object, kept: str) -> None:
    assert field_value("video_start", value) == kept


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("yesterday", "is not a date"),
        ("2026-03-01", "is not a date"),
        ("2026-02-30 10:00", "is not a date"),
        (date(2026, 3, 1), "is not a date"),
        (time(10), "is not a date"),
        (5, "is not a date"),
        (None, "is not a date"),
        (datetime(2026, 3, 1, tzinfo=UTC), "time zone"),
        ("2026-03-01T21:10:00Z", "is not a date"),
    ],
)
def test_what_is_no_time_is_refused_with_its_reason(value: object, reason: str) -> None:
    with pytest.raises(BadValue) as refused:
        time_value(value)
    assert reason in refused.value.reason
