"""The file of a hand-over that is recorded already."""

from pathlib import Path

import pytest

from custody.cli.hand_overs import require_free, write_recorded
from custody.domain.errors import Refused
from custody.domain.identifiers import Position


def test_when_only_the_file_is_missing_the_error_says_so(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"before")
    with pytest.raises(Refused) as refused:
        write_recorded(str(tmp_path / "there"), b"content", Position(7))
    assert "entry 7" in refused.value.done
    assert "transfer again" in refused.value.hint
    assert (tmp_path / "there").read_bytes() == b"before"


@pytest.mark.parametrize("out", ["there", "none/file"])
def test_a_file_that_could_not_be_made_is_refused_before_anything_is_recorded(
    tmp_path: Path, out: str
) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(Refused, match="file"):
        require_free(str(tmp_path / out))
    require_free(str(tmp_path / "new"))
