import pytest

from custody.cli.verification import _paused


@pytest.mark.parametrize(("record", "said"), [(True, True), (False, False)])
def test_a_paused_pass_says_recorded_only_of_what_it_recorded(record: bool, said: bool) -> None:
    answer = _paused("SIGINT", record=record)

    assert ("is recorded" in answer.verdict) is said
    assert ("nothing was recorded" in answer.verdict) is not said
