"""Whatever a template and its values say, the result stays below its folder."""

from hypothesis import example, given
from hypothesis import strategies as st

from custody.domain import paths
from custody.domain.copying.template import MAX_RESULT_BYTES, TEMPLATE_FIELDS, fill
from custody.domain.errors import UsageError
from custody.domain.form import TEXT_FIELDS, TIME_FIELDS, BadValue, text_value

PIECES = st.sampled_from(
    [
        *(f"{{{field}}}" for field in TEMPLATE_FIELDS),
        "{video_start:%d%b%y_%H%M}",
        "{dvr_time:%Y/%m}",
        "/",
        "..",
        ".",
        "{{",
        "}}",
        "{",
        "}",
    ]
)
TEMPLATES = st.lists(PIECES | st.text(max_size=5), max_size=8).map("".join) | st.text(max_size=30)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        **{
            field: st.text(max_size=12) | st.sampled_from(["..", "/", "../..", "{name}"])
            for field in ("name", *TEXT_FIELDS)
        },
        **{
            field: st.datetimes().map(lambda time: time.isoformat(timespec="seconds"))
            for field in TIME_FIELDS
        },
    },
)


@given(TEMPLATES, VALUES)
@example("{name}", {"name": "\ud800"})
def test_a_result_is_a_safe_path_of_limited_length_or_a_usage_error(
    template: str, values: dict[str, str]
) -> None:
    try:
        result = fill(template, values)
    except UsageError:
        return
    assert paths.below(result) == result
    assert len(result) <= MAX_RESULT_BYTES
    assert all(len(part) <= paths.MAX_NAME_BYTES for part in result.split(b"/"))


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_value_makes_exactly_one_part(one: str, other: str) -> None:
    try:
        result = fill("{case_number}/{notes}", {"case_number": one, "notes": other})
    except UsageError:
        return
    assert result.count(b"/") == 1


def kept_or_refused(value: object) -> str | BadValue:
    try:
        return text_value(value)
    except BadValue as bad:
        return bad


@given(st.text(max_size=50) | st.integers() | st.floats() | st.booleans() | st.none() | st.binary())
def test_text_is_kept_or_refused_with_a_reason(value: object) -> None:
    kept = kept_or_refused(value)
    if isinstance(kept, BadValue):
        assert kept.reason
        return
    assert kept == str(value).strip()
    assert text_value(kept) == kept
