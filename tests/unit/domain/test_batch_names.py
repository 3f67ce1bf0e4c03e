"""Which batch is meant by the beginning of its id."""

from uuid import UUID

import pytest

from custody.domain.errors import NotFound, UsageError
from custody.domain.identifiers import Stream
from custody.domain.projections.rows import BatchRow
from custody.domain.use_cases.batch_names import (
    LEAST,
    batches_beginning,
    named_batch,
    named_or_last_batch,
    named_or_unfinished_batch,
)


def test_a_beginning_that_several_batches_share_is_a_usage_mistake() -> None:
    model = Batches("aaaaaab", "aaaaaac")

    with pytest.raises(UsageError, match="2 batches begin with 'AAAAAA'"):
        named_batch(model, "AAAAAA")
    assert named_batch(model, "AAAAAAB").batch == "aaaaaab"


class Batches:
    """A read model that knows its batches only."""

    def __init__(self, *names: str, state: str = "paused") -> None:
        self._names = names
        self._state = state

    def batches(self) -> list[BatchRow]:
        return [
            BatchRow(
                stream=Stream("batch", UUID(int=number)), batch=name, name="", state=self._state, run=1,
                revision=1, queued_at="", jobs=1,
            )
            for number, name in enumerate(self._names)
        ]  # fmt: skip


def test_an_unknown_beginning_is_not_found() -> None:
    with pytest.raises(NotFound, match="no batch 'bbbbbb'"):
        named_batch(Batches("aaaaaab"), "bbbbbb")


def test_without_a_name_the_unfinished_batch_queued_last_is_meant() -> None:
    assert named_or_unfinished_batch(Batches("aaaaaab", "aaaaaac"), None).batch == "aaaaaab"


@pytest.mark.parametrize("text", ["", "aaaaa"])
def test_too_few_characters_name_no_batch(text: str) -> None:
    model = Batches("aaaaaab")

    with pytest.raises(UsageError, match=f"at least {LEAST} first characters"):
        named_batch(model, text)
    assert batches_beginning(model, text) == []


def test_without_a_name_the_batch_queued_last_is_meant_even_when_all_are_complete() -> None:
    model = Batches("aaaaaab", "aaaaaac", state="completed")

    assert named_or_last_batch(model, None).batch == "aaaaaab"
    assert named_or_last_batch(model, "aaaaaac").batch == "aaaaaac"
    assert named_or_unfinished_batch(model, None).batch == "aaaaaab"
    assert named_or_unfinished_batch(model, "aaaaaac").batch == "aaaaaac"


def test_without_any_batch_none_is_meant() -> None:
    with pytest.raises(NotFound, match="no batch yet"):
        named_or_last_batch(Batches(), None)
