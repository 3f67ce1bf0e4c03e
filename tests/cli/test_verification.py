import pytest

from custody.cli.exit_codes import ExitCode
from custody.cli.verification import Noted, _paused


class NoProgress:
    def plan(self, *, files: int, size: int) -> None:
        pass

    def advance(self, path: bytes, phase: str, size: int, of: int = 0) -> None:
        pass

    def finished(self, path: bytes, outcome: str, message: str = "") -> None:
        pass

    def note(self, text: str) -> None:
        pass


@pytest.mark.parametrize(("record", "said"), [(True, True), (False, False)])
def test_a_paused_pass_says_recorded_only_of_what_it_recorded(record: bool, said: bool) -> None:
    answer = _paused(ExitCode.INTERRUPTED, Noted(NoProgress()), record=record)

    assert ("is recorded" in answer.verdict) is said
    assert ("nothing was recorded" in answer.verdict) is not said


def test_a_paused_pass_tells_what_it_read_and_which_copies_are_not_good() -> None:
    noted = Noted(NoProgress())
    noted.finished(b"/out/a", "verified")
    noted.finished(b"/out/b", "failed", "it differs")

    answer = _paused(ExitCode.INTERRUPTED, noted, record=True)

    assert answer.fields["checked"] == 2
    assert answer.fields["failed"] == [{"path": "/out/b", "message": "it differs"}]
    assert "  FAILED    /out/b: it differs" in answer.lines
