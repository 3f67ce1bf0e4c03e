"""Stamps, cosignatures and changes of keys in the report: named as recorded, none of them believed."""

import hashlib

import pytest

from custody.domain import events as ev
from custody.domain.identifiers import KeyId, Position, checkpoint_stream, key_stream
from custody.reports.anchors import what_others_hold
from custody.reports.custody_report import CustodyReport
from tests.unit.reports.ledger_story import KEY, LEDGER, LedgerStory
from tests.unit.reports.pdf_text import page_texts, printed, report_on, squeezed, text_of

OTHER = KeyId(hashlib.sha256(b"another key").hexdigest())
HOSTILE = "\u202e<b>%(x)s\n" + "long " * 40


def stamped(size: int, **said: object) -> ev.CheckpointStamped:
    fields: dict[str, object] = {
        "size": size, "note_sha256": "ab" * 32, "generated_at": "2026-03-03T04:05:06.000000Z",
        "accuracy_microseconds": 500_000, "authority": "CN=Example TSA", "serial": "4711", "policy": "1.2.3",
        "token": "AA==",
    }  # fmt: skip
    return ev.CheckpointStamped(**{**fields, **said})  # type: ignore[arg-type]


def cosigned(size: int, **said: object) -> ev.CheckpointCosigned:
    fields: dict[str, object] = {
        "size": size, "root": "ab" * 32, "note_sha256": "ab" * 32, "witness": "witness.example/reviewer",
        "key_hash": "55ca9d46", "time": 1_772_500_000, "cosignature": "—",
    }  # fmt: skip
    return ev.CheckpointCosigned(**{**fields, **said})  # type: ignore[arg-type]


@pytest.fixture
def story() -> LedgerStory:
    told = LedgerStory().opened()
    told.session()
    job = told.job(told.batch())
    told.start(job)
    told.inventory(job, 1, 1000)
    told.verified(job, b"cam01.mov")
    told.complete(job, 1, 1000)
    return told


def tell(story: LedgerStory, event: ev.CheckpointStamped | ev.CheckpointCosigned) -> Position:
    return story.tell(checkpoint_stream(LEDGER, event.size), event)


def section_six(report: CustodyReport) -> str:
    text = " ".join("\n".join(page_texts(printed(report))).split())
    return text[text.index("6 Ledger and keys Position") : text.index("7 How to check this report")]


def test_a_time_stamp_is_named_with_authority_time_and_what_it_covers(story: LedgerStory) -> None:
    size = len(story.records)
    entry = tell(story, stamped(size))
    text = section_six(report_on(story))

    for part in (
        "What others hold of this ledger", f"{entry} time stamp CN=Example TSA",
        "serial number 4711, policy 1.2.3", "2026-03-03 04:05:06 UTC ± 0.5 s", f"the first {size}",
        "existed at its time",
    ):  # fmt: skip
        assert part in text, part
    assert "A cosignature shows" not in text


def test_a_cosignature_is_named_with_witness_time_and_what_it_covers(story: LedgerStory) -> None:
    size = len(story.records)
    entry = tell(story, cosigned(size))
    text = section_six(report_on(story))

    for part in (
        f"{entry} cosignature witness.example/reviewer", "key hash 55ca9d46", "2026-03-03 01:06:40 UTC",
        f"the first {size}", "of the witness's own clock",
    ):  # fmt: skip
        assert part in text, part
    assert "A time stamp shows" not in text


def test_a_ledger_that_nobody_vouched_for_says_so_on_the_first_page(story: LedgerStory) -> None:
    report = report_on(story)

    assert "None is recorded as far as this report reaches." in section_six(report)
    assert "No time stamp and no cosignature by somebody else is recorded" in " ".join(
        report.summary.sentences
    )


def test_the_first_page_tells_how_much_is_covered(story: LedgerStory) -> None:
    size = len(story.records)
    tell(story, cosigned(size - 3))
    tell(story, stamped(size))
    tell(story, cosigned(size - 1))
    report = report_on(story)

    assert f"1 time stamp and 2 cosignatures, over the first {size} of the {size + 3} entries" in " ".join(
        report.summary.sentences
    )
    assert f"3 entries of this report, from position {size} on, are covered by none of them." in report.held


def test_what_claims_to_cover_its_own_entry_covers_nothing(story: LedgerStory) -> None:
    entry = tell(story, stamped(1_000_000))
    held = what_others_hold(report_on(story).anchors, story.head)

    assert f"{entry + 1} entries of this report, from position 0 on, are covered by none of them." in held


def test_how_the_ledger_is_checked_names_whom_to_trust(story: LedgerStory) -> None:
    assert not any("--witness" in (step.command or "") for step in report_on(story).checks)
    tell(story, cosigned(2))
    tell(story, stamped(2))

    assert any(
        (step.command or "").endswith("--authority AUTHORITY.pem --witness WITNESS.vkey")
        for step in report_on(story).checks
    )


@pytest.mark.parametrize(
    "event", [stamped(2, authority=HOSTILE), cosigned(2, witness=HOSTILE, time=-(10**15))]
)
def test_a_hostile_name_is_escaped_and_breaks_no_page(
    story: LedgerStory, event: ev.CheckpointStamped | ev.CheckpointCosigned
) -> None:
    tell(story, event)
    text = text_of(printed(report_on(story)))

    assert "\\u202e<b>%(x)s\\x0a" in text
    assert "\u202e" not in text


def test_every_change_of_a_key_is_told_and_a_revocation_stands_beside_its_key(story: LedgerStory) -> None:
    enrolled = ev.KeyEnrolled(
        key=OTHER, public_key="PEM", examiner="A. Novak", protected=True, roles=("reviewer", "custodian")
    )
    story.tell(key_stream(LEDGER, OTHER), enrolled)
    revoked = story.tell(key_stream(LEDGER, OTHER), ev.KeyRevoked(key=OTHER, reason=HOSTILE))
    report = report_on(story)
    text = squeezed(section_six(report))

    assert [change.kind for change in report.key_changes] == ["enrolled", "enrolled", "REVOKED"]
    assert (
        squeezed(f"key {OTHER} of A. Novak enrolled, as reviewer, custodian, guarded by a passphrase") in text
    )
    assert squeezed(f"key {OTHER} revoked by Ada Okafor: ") in text
    assert "\\u202e<b>" in text
    assert report.key_changes[-1].entry == revoked


def test_a_revoked_key_that_signed_is_told_on_the_first_page(story: LedgerStory) -> None:
    assert "REVOKED" not in " ".join(report_on(story).summary.sentences)
    revoked = story.tell(key_stream(LEDGER, KEY), ev.KeyRevoked(key=KEY, reason="stolen"))
    report = report_on(story)

    assert "A key that signed entries of this report was REVOKED later" in " ".join(report.summary.sentences)
    assert f"REVOKED by entry {revoked}; among the public keys" in section_six(report)


def test_a_key_that_was_given_up_for_a_new_one_is_told_so(story: LedgerStory) -> None:
    rotated = story.tell(key_stream(LEDGER, KEY), ev.KeyRotated(key=KEY, successor=OTHER))
    report = report_on(story)

    assert f"given up for a new one by entry {rotated}; among the public keys" in section_six(report)
    assert "REVOKED" not in " ".join(report.summary.sentences)
