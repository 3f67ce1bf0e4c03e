"""What a token's facts amount to, step by step."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from custody.domain.errors import MalformedData
from custody.domain.proofs.time_stamp import MAX_TOKEN_BYTES, judge_token, time_text, token_bytes, token_text
from tests.fakes.tokens import GOOD, MOMENT

IMPRINT = bytes(32)


@pytest.mark.parametrize(
    ("changes", "outcome", "verdict"),
    [
        ({}, "good", "passed"),
        ({"revocation": "not-shown"}, "good", "passed"),
        ({"imprint": b"\1" * 32}, "wrong-imprint", "failed"),
        ({"imprint": None}, "wrong-imprint", "failed"),
        ({"nonce": 8}, "wrong-nonce", "failed"),
        ({"nonce": None}, "wrong-nonce", "failed"),
        ({"signature": "bad"}, "bad-signature", "failed"),
        ({"signature": "unknown-algorithm"}, "unknown-algorithm", "indeterminate"),
        ({"certificate_bound": False}, "unbound-certificate", "failed"),
        ({"only_for_stamps": False}, "not-for-stamps", "failed"),
        ({"trust": "not-trusted"}, "not-trusted", "indeterminate"),
        ({"trust": "not-trusted", "authority": ""}, "not-trusted", "indeterminate"),
        ({"trust": "outside-validity"}, "outside-validity", "failed"),
        ({"revocation": "revoked"}, "revoked", "failed"),
    ],
)
def test_each_fact_that_is_not_as_it_should_be_is_told_apart(
    changes: dict[str, object], outcome: str, verdict: str
) -> None:
    judged = judge_token(replace(GOOD, **changes), IMPRINT, 7)  # type: ignore[arg-type]
    assert (judged.outcome, judged.verdict) == (outcome, verdict)
    assert judged.message


def test_a_forged_token_is_refuted_even_if_nobody_trusts_its_authority() -> None:
    forged = replace(GOOD, signature="bad", trust="not-trusted")
    assert judge_token(forged, IMPRINT).verdict == "failed"


def test_without_a_known_request_any_nonce_will_do() -> None:
    assert judge_token(replace(GOOD, nonce=None), IMPRINT).outcome == "good"


def test_the_accuracy_widens_what_a_stamp_means() -> None:
    assert (GOOD.earliest, GOOD.latest) == (MOMENT - timedelta(seconds=1), MOMENT + timedelta(seconds=1))
    assert GOOD.accuracy_microseconds == 1_000_000
    silent = replace(GOOD, accuracy=None, chain=())
    assert (silent.earliest, silent.latest, silent.accuracy_microseconds) == (MOMENT, MOMENT, None)
    assert silent.anchor_sha256 is None


def test_times_are_written_in_utc_with_microseconds() -> None:
    assert time_text(MOMENT.astimezone(timezone(timedelta(hours=1)))) == "2026-03-01T21:20:00.000000Z"


def test_a_token_comes_back_from_its_text() -> None:
    assert token_bytes(token_text(b"\x30\x00")) == b"\x30\x00"


@pytest.mark.parametrize(
    "text", ["", "A", "MAA", "MAA=\n", "M\u00c4A=", "MAB=", token_text(bytes(MAX_TOKEN_BYTES + 1))]
)
def test_any_other_text_is_no_token(text: str) -> None:
    with pytest.raises(MalformedData):
        token_bytes(text)
