"""Long lists: what is not shown is counted, and nobody is promised more than there is."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from custody.cli import entries
from custody.cli.entries import entries_answer
from custody.cli.render import MAX_LISTED, limited


@dataclass(frozen=True)
class Stored:
    position: int
    entry: bytes = b"no envelope"


class Ledger:
    def size(self) -> int:
        return 10

    def entries(self, first: int = 0, last: int | None = None) -> Iterable[Stored]:
        return [Stored(position) for position in range(first, min(9 if last is None else last, 9) + 1)]


def shown(first: int, last: int, *, latest: bool) -> tuple[list[int], object, list[str]]:
    answer = entries_answer(Ledger(), first, last, brief=True, latest=latest, history=lambda _: ())
    positions = [one["position"] for one in answer.fields["entries"]]  # type: ignore[attr-defined]
    return positions, answer.fields["not_shown"], [line for line in answer.lines if "not shown" in line]


@pytest.mark.parametrize(
    ("asked", "latest", "positions", "hidden"),
    [
        ((0, 9), True, [7, 8, 9], 7),
        ((0, 9), False, [0, 1, 2], 7),
        ((6, 20), False, [6, 7, 8], 1),
        ((7, 9), True, [7, 8, 9], 0),
        ((9, 9), False, [9], 0),
    ],
)
def test_of_more_entries_than_can_be_shown_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch, asked: tuple[int, int], latest: bool, positions: list[int], hidden: int
) -> None:
    monkeypatch.setattr(entries, "MAX_SHOWN", 3)
    found, not_shown, lines = shown(*asked, latest=latest)
    assert (found, not_shown, len(lines)) == (positions, hidden, 1 if hidden else 0)


def test_json_is_said_to_list_all_only_where_it_does() -> None:
    lines = [str(number) for number in range(MAX_LISTED + 5)]
    assert list(limited(lines))[-1] == "  … and 5 more; --json lists all"
    assert list(limited(lines, further=7))[-1] == f"  … and 12 more; --json lists the first {len(lines)}"
    assert list(limited(lines[:3], further=1))[-1] == "  … and 1 more; --json lists the first 3"
    assert list(limited(lines[:3])) == lines[:3]
