"""Which batch is meant by the beginning of its id."""

from uuid import UUID

import pytest

from custody.domain.errors import NotFound, UsageError
from custody.domain.identifiers import Stream
from custody.domain.rows import BatchRow
from custody.domain.use_cases.batch_names import named_batch, named_or_unfinished_batch


def test_a_beginning_that_several_batches_share_is_a_usage_mistake() -> None:
    model = Batches("aaaaaab", "aaaaaac")

    with pytest.raises(UsageError, match="2 batches begin with 'AAAAAA'"):
        named_batch(model, "AAAAAA")
    assert named_batch(model, "AAAAAAB").batch == "aaaaaab"


class Batches:
    """A read model that knows its batches only."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def batches(self) -> list[BatchRow]:
        return [
            BatchRow(
                stream=Stream("batch", UUID(int=number)), batch=name, name="", state="paused", run=1,
                revision=1, queued_at="", jobs=1,
            )
            for number, name in enumerate(self._names)
        ]  # fmt: skip


def test_an_unknown_beginning_is_not_found() -> None:
    with pytest.raises(NotFound, match="no batch 'bbbbbb'"):
        named_batch(Batches("aaaaaab"), "bbbbbb")


def test_without_a_name_the_unfinished_batch_queued_last_is_meant() -> None:
    assert named_or_unfinished_batch(Batches("aaaaaab", "aaaaaac"), None).batch == "aaaaaab"
