"""One file's entries, and nothing of any other, with a proof that convinces a stranger."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from custody.domain.audit.signatures import TrustedKeys
from custody.domain.entries.dsse import open_envelope
from custody.domain.entries.entry import parse
from custody.domain.errors import CannotTell, NotFound, Tampered, UsageError
from custody.domain.events import JobQueued
from custody.domain.identifiers import Stream, job_id, transfer_id
from custody.domain.paths import RawPath
from custody.domain.ports import Recording
from custody.domain.proofs.proof import Proof
from custody.domain.use_cases import explain
from custody.domain.use_cases.prove import MadeProof, prove
from custody.infrastructure.event_store.opening import open_for_reading
from custody.infrastructure.event_store.read_models import SqlReadModel
from tests.integration.audited_workspace import (
    BATCH,
    JOB,
    LEDGER,
    AuditedWorkspace,
    file_recordings,
    sample_workspace,
)
from tests.unit.signed_ledger import verify_each

COPY = b"/mnt/evidence/card/clip1.mov"
OF_CLIP1 = (13, 14, 15, 16)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[AuditedWorkspace]:
    return sample_workspace(tmp_path / "workspace", files=3)


def made(
    workspace: AuditedWorkspace, target: str = "clip1.mov", path: bytes = b"/elsewhere",
    trusted: TrustedKeys | None = None,
) -> MadeProof:  # fmt: skip
    reader = open_for_reading(workspace.paths)
    try:
        return prove(
            reader, SqlReadModel(reader.engine), target, path=RawPath(path),
            trusted=workspace.trusted if trusted is None else trusted, verify_many=verify_each,
        )  # fmt: skip
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("target", "path"),
    [("clip1.mov", b"/x"), ("card/clip1.mov", b"/x"), ("any", COPY), ("any", b"/media/card/clip1.mov")],
)
def test_a_file_is_found_by_its_ending_its_copy_or_its_source(
    workspace: AuditedWorkspace, target: str, path: bytes
) -> None:
    proof = Proof.parse(made(workspace, target, path).document)
    stream = Stream("file", transfer_id(JOB, b"card/clip1.mov"))
    bodies = [parse(open_envelope(proved.entry).body) for proved in proof.entries]
    assert {body.stream for body in bodies} == {stream}
    assert [body.revision for body in bodies] == [1, 2, 3, 4]


def test_the_proof_passes_and_everything_is_covered(workspace: AuditedWorkspace) -> None:
    proof = made(workspace)
    assert (proof.result.verdict, proof.uncovered) == ("passed", ())


def test_nothing_of_other_entries_is_in_it(workspace: AuditedWorkspace) -> None:
    document = made(workspace).document
    shown = {proved.entry for proved in Proof.parse(document).entries}
    others = [line for line in workspace.export().splitlines() if line not in shown]
    assert len(others) == len(workspace.export().splitlines()) - 4
    assert not any(open_envelope(line).body in document or line in document for line in others)
    assert b"clip0" not in document
    assert b"clip2" not in document


def test_an_ending_of_two_files_is_refused(workspace: AuditedWorkspace) -> None:
    workspace.record(2, lambda ledger: ledger.append(file_recordings(RawPath(b"phone/clip1.mov"))))
    with pytest.raises(UsageError, match="several files"):
        made(workspace)


def test_an_ending_of_very_many_files_is_refused_without_looking_at_all_of_them(
    workspace: AuditedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "_PAGE", 1)
    monkeypatch.setattr(explain, "_ENOUGH", 1)
    with workspace.open() as ledger:
        for folder in (b"phone", b"tablet"):
            ledger.append(file_recordings(RawPath(folder + b"/clip1.mov")))
    with pytest.raises(UsageError, match="several files") as refused:
        made(workspace)
    assert "tablet" not in refused.value.hint


def test_a_file_that_is_unknown_is_not_found(workspace: AuditedWorkspace) -> None:
    with pytest.raises(NotFound):
        made(workspace, "clip9.mov")


def test_entries_behind_the_last_checkpoint_are_named(workspace: AuditedWorkspace) -> None:
    late = file_recordings(RawPath(b"card/late.mov"))
    with workspace.open() as ledger:
        ledger.append(late[:2])
        ledger.make_checkpoint()
        ledger.append(late[2:])
        size = ledger.size
    proof = made(workspace, "late.mov")
    assert proof.uncovered == (size - 2, size - 1)
    assert [entry.position for entry in proof.result.entries] == [size - 4, size - 3]


def test_a_file_that_no_checkpoint_covers_cannot_be_proved(workspace: AuditedWorkspace) -> None:
    with workspace.open() as ledger:
        ledger.append(file_recordings(RawPath(b"card/late.mov")))
    with pytest.raises(CannotTell, match="no checkpoint covers"):
        made(workspace, "late.mov")


def test_without_a_checkpoint_by_a_trusted_key_nothing_can_be_proved(workspace: AuditedWorkspace) -> None:
    with pytest.raises(CannotTell, match="signed by a key"):
        made(workspace, trusted={})


def test_a_ledger_that_is_not_the_signed_one_gives_no_proof(workspace: AuditedWorkspace) -> None:
    workspace.tamper("UPDATE entries SET entry = x'00' WHERE position = 3")
    with pytest.raises(Tampered, match="not those that the checkpoint"):
        made(workspace)


def test_a_ledger_that_was_cut_gives_no_proof(workspace: AuditedWorkspace) -> None:
    workspace.tamper("DELETE FROM entries WHERE position >= 20")
    with pytest.raises(Tampered, match="no entry at position 20"):
        made(workspace)


def test_an_index_that_hides_an_entry_gives_no_proof(workspace: AuditedWorkspace) -> None:
    hidden = OF_CLIP1[1]
    workspace.tamper(f"UPDATE entries SET stream = randomblob(16) WHERE position = {hidden}")
    with pytest.raises(Tampered, match=f"before position {hidden + 1}, entries of this file withheld: 1"):
        made(workspace)


def copy_again(workspace: AuditedWorkspace, index: int, destination: bytes) -> int:
    """Queue another job that finds clip1 under the same path of its source; returns its first position."""
    job = job_id(LEDGER, BATCH, index)
    queued = JobQueued(
        batch=BATCH, index=index, name="another card", case_number="2026-0148", exhibit="B-001",
        destination=RawPath(destination), sources=(RawPath(b"/media/card"),), source_count=1,
        algorithms=("sha256",), form={},
    )  # fmt: skip
    path = RawPath(b"card/clip1.mov")
    stream = Stream("file", transfer_id(job, path))
    events = [recording.event for recording in file_recordings(path)]
    events[0] = replace(events[0], job=job)
    with workspace.open() as ledger:
        first = ledger.size
        ledger.append([Recording(Stream("job", job), 1, queued)])
        ledger.append([Recording(stream, revision, event) for revision, event in enumerate(events, start=1)])
        ledger.make_checkpoint()
    return first


@pytest.mark.parametrize(
    ("target", "path"), [("clip1.mov", b"/x"), ("/media/card/clip1.mov", b"/media/card/clip1.mov")]
)
def test_the_same_path_of_two_cards_gives_nothing_away_of_either(
    workspace: AuditedWorkspace, target: str, path: bytes
) -> None:
    copy_again(workspace, 1, b"/mnt/other")
    with pytest.raises(UsageError, match="several copies are called") as refused:
        made(workspace, target, path)
    assert refused.value.hint == "say one of: /mnt/evidence/card/clip1.mov, /mnt/other/card/clip1.mov"


def test_one_of_several_copies_is_proved_by_its_own_path(workspace: AuditedWorkspace) -> None:
    first = copy_again(workspace, 1, b"/mnt/other")
    for copy, positions in ((COPY, OF_CLIP1), (b"/mnt/other/card/clip1.mov", range(first + 1, first + 5))):
        proof = made(workspace, "any", copy)
        assert [entry.position for entry in proof.result.entries] == list(positions)


def test_a_copy_that_was_made_from_a_copy_is_another_one(workspace: AuditedWorkspace) -> None:
    copy_again(workspace, 1, b"/media")  # where the source of the first lies
    proof = made(workspace, "any", b"/media/card/clip1.mov")
    assert len(proof.result.entries) == 4
    assert not set(OF_CLIP1) & {entry.position for entry in proof.result.entries}


@pytest.mark.parametrize(("target", "path"), [("clip1.mov", b"/x"), ("any", COPY)])
def test_every_job_that_put_the_copy_there_is_in_the_proof(
    workspace: AuditedWorkspace, monkeypatch: pytest.MonkeyPatch, target: str, path: bytes
) -> None:
    monkeypatch.setattr(explain, "_PAGE", 2)
    firsts = [copy_again(workspace, index, b"/mnt/evidence") for index in range(1, 6)]
    proof = made(workspace, target, path)
    expected = {*OF_CLIP1, *(first + step for first in firsts for step in range(1, 5))}
    assert {entry.position for entry in proof.result.entries} == expected
