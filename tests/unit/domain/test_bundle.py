"""The names of a bundle, and the forms of its small files."""

from uuid import UUID

import pytest

from custody.domain.errors import CannotTell, MalformedData
from custody.domain.identifiers import LedgerId
from custody.domain.proofs.bundle import (
    About,
    in_order,
    is_key,
    is_name,
    leaf_line,
    note_size,
    parse_sums,
    sums_text,
)

LEDGER = LedgerId(UUID("6f1d7f54-22a4-4c2e-9a0d-5d7b6f0f4a11"))
ABOUT = About(ledger=LEDGER, entries=24, withheld=6, case="2026-0147", exhibit="A-1")
LEAF = bytes(range(32))


@pytest.mark.parametrize(
    "name",
    [
        "entries.ndjson",
        "tile/entries/x001/x234/067.p/8",
        "_x",
        "a/b/c/d/e/f/g/h",
        "A" * 100,
        "reports/27-custody.pdf",
    ],
)
def test_a_plain_relative_name_is_one(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "/a", "a\\b", "C:x", ".hidden",
        "a/.hidden",
        "-rf", "a\x00", "a\n", "ä", "a b", "A" * 101, "a/b/c/d/e/f/g/h/i",
        "tile/../../x",
    ],
)  # fmt: skip
def test_any_other_name_is_none(name: str) -> None:
    assert not is_name(name)


def test_what_a_bundle_says_of_itself_comes_back_but_for_its_scope() -> None:
    read = About.parse(ABOUT.to_bytes())

    assert (read.ledger, read.entries, read.withheld) == (LEDGER, 24, 6)
    assert About.parse(About(ledger=LEDGER, entries=1, withheld=0).to_bytes()).entries == 1
    assert b'"case":"2026-0147"' in ABOUT.to_bytes()


@pytest.mark.parametrize(
    "change",
    [
        (b'"entries":24', b'"entries":"24"'),
        (b'"entries":24', b'"entries":25'),
        (b'"withheld":6', b'"withheld":null'),
        (b'"entries":24,', b""),
        (b'"entries":24', b'"entries":24,"extra":1'),
        (str(LEDGER).encode(), str(LEDGER).upper().encode()),
        (str(LEDGER).encode(), b"x"),
        (f'"{LEDGER}"'.encode(), b"7"),
        (b"{", b"{ "),
        (b"{", b"[{"),
    ],
)
def test_another_form_of_it_is_malformed(change: tuple[bytes, bytes]) -> None:
    with pytest.raises(MalformedData):
        About.parse(ABOUT.to_bytes().replace(*change, 1))


def test_another_format_decides_nothing() -> None:
    with pytest.raises(CannotTell) as refused:
        About.parse(ABOUT.to_bytes().replace(b"bundle/1", b"bundle/2"))

    assert not isinstance(refused.value, MalformedData)


def test_files_are_known_by_their_names() -> None:
    assert [note_size(f"checkpoints/{name}.note") for name in ("0", "30", "030", "-1")] == [0, 30, None, None]
    assert is_key(f"keys/{'0a' * 32}.pem")
    assert not is_key(f"keys/{'0A' * 32}.pem")
    assert not is_key(f"keys/{'0a' * 32}.vkey")


def test_sums_come_back() -> None:
    sums = [("b/x.pdf", "0a" * 32), ("a", "0b" * 32)]

    assert list(parse_sums(sums_text(sums).splitlines())) == sorted(sums)


@pytest.mark.parametrize(
    "line", [b"", b"0a  a", b"0A" * 32 + b"  a", b"0a" * 32 + b" a", b"0a" * 32 + b"  a\x1b[2J"]
)
def test_a_line_of_another_form_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedData):
        list(parse_sums([line]))


def test_withheld_entries_take_their_positions_among_the_others() -> None:
    leaves = [leaf_line(position, LEAF).removesuffix(b"\n") for position in (0, 2, 5)]

    assert list(in_order([b"one", b"three", b"four", b"six"], leaves)) == [
        (None, LEAF), (b"one", b""), (None, LEAF), (b"three", b""), (b"four", b""), (None, LEAF),
        (b"six", b""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "leaves",
    [
        [b"0 " + b"0a" * 32, b"0 " + b"0a" * 32],
        [b"2 " + b"0a" * 32, b"1 " + b"0a" * 32],
        [b"01 " + b"0a" * 32],
        [b"1 " + b"0a" * 31],
        [b"1  " + b"0a" * 32],
        [b"9 " + b"0a" * 32],
        [b"4 " + b"0a" * 32],
        [b"-1 " + b"0a" * 32],
    ],
)
def test_leaves_that_do_not_fit_are_malformed(leaves: list[bytes]) -> None:
    with pytest.raises(MalformedData):
        list(in_order([b"a", b"b", b"c"], leaves))
