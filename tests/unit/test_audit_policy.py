from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.domain.audit.policy import (
    DEFAULT_POLICY,
    MAX_NAMES,
    MAX_NUMBER,
    MAX_POLICY_BYTES,
    AuditPolicy,
    parse_policy,
)
from custody.domain.errors import UsageError

WHOLE = b"""
required_checks = ["evidence", "authorisation"]
min_stamps = 2
stamp_authorities = ["aa", "bb"]
min_cosignatures = 1
cosignature_witnesses = ["witness.example+1234abcd+BA=="]
max_unanchored_entries = 500
max_anchor_age_days = 30
open_session_allowed = false
"""


def test_every_key_of_a_policy_is_read() -> None:
    assert parse_policy(WHOLE) == AuditPolicy(
        required_checks=frozenset({"evidence", "authorisation"}),
        min_stamps=2,
        stamp_authorities=frozenset({"aa", "bb"}),
        min_cosignatures=1,
        cosignature_witnesses=frozenset({"witness.example+1234abcd+BA=="}),
        max_unanchored_entries=500,
        max_anchor_age_days=30,
        open_session_allowed=False,
    )


def test_an_empty_policy_is_the_usual_one() -> None:
    assert parse_policy(b"# nothing more is required\n") == DEFAULT_POLICY
    assert DEFAULT_POLICY.required == frozenset()


@pytest.mark.parametrize("line", [b"min_stamps = 1", b"min_cosignatures = 1", b"max_anchor_age_days = 0"])
def test_a_demand_on_anchors_requires_that_check(line: bytes) -> None:
    assert parse_policy(line).required == {"anchors"}


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (b"min_stamp = 1", "unknown key 'min_stamp'"),
        (b"[anchors]\nmin_stamps = 1", "unknown key 'anchors'"),
        (b"min_stamps = -1", "min_stamps must be a whole number"),
        (b"min_stamps = true", "min_stamps must be a whole number"),
        (b"min_stamps = 1.0", "min_stamps must be a whole number"),
        (b"min_stamps = %d" % (MAX_NUMBER + 1), "min_stamps must be a whole number"),
        (b'min_stamps = "1"', "min_stamps must be a whole number"),
        (b"open_session_allowed = 0", "open_session_allowed must be true or false"),
        (b'required_checks = "anchors"', "required_checks must be a list of texts"),
        (b"required_checks = []", "required_checks must have 1 to"),
        (b'required_checks = ["everything"]', "names no check: everything"),
        (b'required_checks = [""]', "required_checks must be a list of texts"),
        (b'min_stamps = 1\nstamp_authorities = ["a", 1]', "stamp_authorities must be a list of texts"),
        (
            b"min_stamps = 1\nstamp_authorities = %s" % str(["a"] * (MAX_NAMES + 1)).encode(),
            f"stamp_authorities must have 1 to {MAX_NAMES}",
        ),
        (b'min_stamps = 2\nstamp_authorities = ["a"]', "so min_stamps must be from 1 to that number"),
        (b'stamp_authorities = ["a"]', "so min_stamps must be from 1 to that number"),
        (b'cosignature_witnesses = ["a"]', "so min_cosignatures must be from 1 to that number"),
        (b"min_stamps = ", "it is not TOML"),
        (b"\xff", "it is not TOML"),
        (b"a = " + b"[" * 5000, "it is not TOML"),
        (b"#" * (MAX_POLICY_BYTES + 1), "over the limit"),
    ],
)
def test_a_mistake_in_a_policy_is_named(content: bytes, mistake: str) -> None:
    with pytest.raises(UsageError, match="the policy cannot be used") as raised:
        parse_policy(content)
    assert mistake in raised.value.what


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(UsageError) as raised:
        parse_policy(b"min_stamps = -1\nunheard = 1\nopen_session_allowed = 3\n")
    assert all(name in raised.value.what for name in ("min_stamps", "unheard", "open_session_allowed"))


def test_what_a_policy_says_is_shown_without_doing_harm() -> None:
    with pytest.raises(UsageError) as raised:
        parse_policy(b'"\\u001b[31m\\u202e" = 1')
    assert raised.value.what.isprintable()


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_no_bytes_make_reading_a_policy_fail_otherwise(content: bytes) -> None:
    with suppress(UsageError):
        assert isinstance(parse_policy(content), AuditPolicy)
