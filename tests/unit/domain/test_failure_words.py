"""The words of failures: which refute a copy, and which are said beside a file."""

import pytest

from custody.cli.render import failure_word
from custody.domain.copying.failure_words import is_refuting


@pytest.mark.parametrize(
    ("stage", "error", "refutes", "word"),
    [
        ("read-back", "read-back-differs", True, "CHANGED"),
        ("read-back", "changed", True, "CHANGED"),
        ("read-back", "not-a-regular-file", True, "CHANGED"),
        ("read-back", "missing", True, "MISSING"),
        ("read-back", "io-error", False, "UNREAD"),
        ("read-back", "stalled", False, "UNREAD"),
        ("final-check", "copy-changed", True, "CHANGED"),
        ("final-check", "copy-refuted", True, "CHANGED"),
        ("final-check", "copy-unreadable", False, "UNREAD"),
        ("inventory", "copy-missing", False, "MISSING"),
        ("read", "changed", False, "CHANGED"),
        ("read", "vanished", False, "MISSING"),
        ("read", "not-a-regular-file", False, "UNREAD"),
        ("publish", "collision", False, "CHANGED"),
        ("write", "no-space", False, "UNWRITTEN"),
    ],
)
def test_the_word_beside_a_file_agrees_with_the_verdict(
    stage: str, error: str, *, refutes: bool, word: str
) -> None:
    assert (is_refuting(stage, error), failure_word(stage, error)) == (refutes, word)
    assert not refutes or word in {"CHANGED", "MISSING"}
