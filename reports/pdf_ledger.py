"""The ledger on paper: its head, its keys and their changes, and what others hold of it.

Knows columns and words of the layout. What is said is decided in ``keys`` and ``anchors``.
"""

from collections.abc import Iterator
from typing import Final

from custody.reports.anchors import AnchorLine
from custody.reports.custody_report import CustodyReport
from custody.reports.fonts import Face
from custody.reports.keys import KeyChange, KeyLine
from custody.reports.pdf_blocks import CODE, bullets, heading, pairs, paragraph, subheading
from custody.reports.pdf_tables import Column, Row, Table
from custody.reports.sheet import Sheet
from custody.reports.typesetting import NAME_BREAKS, Style, line, wrap
from custody.reports.wording import moment, number

_CELL: Final = Style(Face.TEXT, 7.5, 9.6)
_CELL_BOLD: Final = Style(Face.BOLD, 7.5, 9.6)
_NOTE: Final = Style(Face.TEXT, 6.5, 8.4)
_ANCHORS: Final = (
    Column("Entry", 44),
    Column("What", 60),
    Column("By", 225),
    Column("Time (UTC)", 100),
    Column("Entries covered", 70),
)
_CHANGES: Final = (
    Column("Entry", 44),
    Column("Time (UTC)", 100),
    Column("Key", 60),
    Column("What the entry says", 295),
)


def ledger(sheet: Sheet, report: CustodyReport) -> None:
    """Draw the section."""
    heading(sheet, "6  Ledger and keys")
    _head(sheet, report)
    for key in report.keys:
        subheading(sheet, f"Key of {key.examiner or 'an unknown person'}")
        pairs(sheet, [("Fingerprint (SHA-256)", key.key)], CODE, gap=0)
        pairs(sheet, [("Standing", _standing(key))])
    if report.key_changes:
        _key_changes(sheet, report)
    subheading(sheet, "What others hold of this ledger")
    if report.anchors:
        _anchors(sheet, report)
    bullets(sheet, report.held)


def _head(sheet: Sheet, report: CustodyReport) -> None:
    head = report.head
    facts = [
        ("Position", f"{number(head.position)}, the last entry that this report covers"),
        ("Time of that entry", moment(report.made_at)),
        ("Entries in the tree", number(head.size)),
        ("Checkpoint code", head.code),
    ]
    hashes = [
        ("Ledger id", str(report.ledger)),
        ("Root hash (RFC 6962)", head.root_hex),
        ("Leaf hash of the entry", head.leaf_hex),
    ]
    pairs(sheet, facts)
    pairs(sheet, hashes, CODE)


def _standing(key: KeyLine) -> str:
    return "; ".join(_standings(key))


def _standings(key: KeyLine) -> Iterator[str]:
    if key.end is not None:
        how = "REVOKED" if key.end.is_revoked else "given up for a new one"
        yield f"{how} by entry {number(key.end.entry)}"
    yield "among the public keys of the workspace" if key.trusted else "NOT among the keys of the workspace"
    yield "never enrolled" if key.enrolled is None else f"enrolled by entry {number(key.enrolled)}"
    if key.protected is not None:
        yield "guarded by a passphrase" if key.protected else "NOT guarded by a passphrase"


def _key_changes(sheet: Sheet, report: CustodyReport) -> None:
    subheading(sheet, "Changes of keys")
    paragraph(
        sheet,
        "Every enrolment, rotation and revocation in the ledger as far as this report reaches. What a key "
        "signed before its end stays good; from there on it signs nothing that counts.",
    )
    table = Table(sheet, _CHANGES)
    for change in report.key_changes:
        table.add(_change_row(change))
    table.close()


def _change_row(change: KeyChange) -> Row:
    return Row(
        (
            (line(number(change.entry), _CELL),),
            (line(moment(change.at), _CELL),),
            (line(change.kind, _CELL_BOLD),),
            tuple(wrap(change.text, _CELL, _CHANGES[3].text_width, NAME_BREAKS)),
        ),
        marked=change.kind == "REVOKED",
    )


def _anchors(sheet: Sheet, report: CustodyReport) -> None:
    table = Table(sheet, _ANCHORS)
    for anchor in report.anchors:
        table.add(_anchor_row(anchor))
    table.close()


def _anchor_row(anchor: AnchorLine) -> Row:
    width = _ANCHORS[2].text_width
    by = (*wrap(anchor.by, _CELL_BOLD, width, NAME_BREAKS), *wrap(anchor.mark, _NOTE, width, NAME_BREAKS))
    return Row(
        (
            (line(number(anchor.entry), _CELL),),
            (line(anchor.kind, _CELL),),
            by,
            tuple(wrap(anchor.time, _CELL, _ANCHORS[3].text_width)),
            tuple(wrap(f"the first {number(anchor.covers)}", _CELL, _ANCHORS[4].text_width)),
        )
    )
