"""The story of a file, an exhibit and an entry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.domain.errors import NotFound, UsageError
from custody.domain.events import CaseOpened, JobQueued
from custody.domain.identifiers import KeyId, Stream, case_stream, delegation_stream, exhibit_stream
from custody.domain.paths import RawPath
from custody.domain.ports import Recording
from custody.domain.use_cases.explain import Sentence, explain
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from custody.infrastructure.event_store.opening import open_for_reading, open_for_writing
from custody.infrastructure.event_store.read_models import SqlReadModel
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.system import SystemClock
from tests.integration.audited_workspace import (
    BATCH,
    LEDGER,
    AuditedWorkspace,
    file_recordings,
    sample_workspace,
)
from tests.unit.key_ring import delegating

SOURCE = RawPath(b"/media/card/a.mov")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> AuditedWorkspace:
    return sample_workspace(tmp_path_factory.mktemp("story") / "workspace")


@pytest.fixture
def reader(workspace: AuditedWorkspace) -> Iterator[SqlLedgerReader]:
    reader = open_for_reading(workspace.paths)
    yield reader
    reader.close()


def story(reader: SqlLedgerReader, target: str, path: bytes | None = None) -> list[Sentence]:
    at = RawPath(path or b"/home/examiner/" + target.encode())
    return list(explain(reader, SqlReadModel(reader.engine), target, path=at))


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/mnt/evidence/card/clip1.mov", b"/mnt/evidence/card/clip1.mov"),
        ("../card/clip1.mov", b"/media/card/clip1.mov"),
        ("clip1.mov", None),
        ("card/clip1.mov", None),
    ],
    ids=["copy", "source", "name", "ending"],
)
def test_a_file_is_found_by_copy_source_or_ending(
    reader: SqlLedgerReader, target: str, path: bytes | None
) -> None:
    told = story(reader, target, path)
    assert [sentence.position for sentence in told] == [5, 13, 14, 15, 16]
    assert told[1].text == "queued by J. Ortiz: 7 bytes, found as /media/card/clip1.mov"
    assert told[-1].at == "2026-03-01T21:10:00.000000Z"


def test_a_position_tells_its_one_entry(reader: SqlLedgerReader) -> None:
    assert [(one.position, one.text) for one in story(reader, "29")] == [
        (29, "the command ended with exit code 0")
    ]


@pytest.mark.parametrize("target", ["30", "9" * 30, "٣"])
def test_a_position_that_the_ledger_lacks_is_not_found(reader: SqlLedgerReader, target: str) -> None:
    with pytest.raises(NotFound):
        story(reader, target)


@pytest.mark.parametrize("target", ["A-001", "2026-0147/A-001"])
def test_an_exhibit_tells_its_registration_and_its_jobs(reader: SqlLedgerReader, target: str) -> None:
    assert [sentence.position for sentence in story(reader, target)] == [4, 5, 7]


@pytest.mark.parametrize("target", ["lip1.mov", "nothing", ""])
def test_what_no_whole_name_ends_in_is_not_found(reader: SqlLedgerReader, target: str) -> None:
    with pytest.raises(NotFound):
        story(reader, target)


def other_job(exhibit: str, case_number: str) -> JobQueued:
    return JobQueued(
        batch=BATCH, index=1, name="other", case_number=case_number, exhibit=exhibit, sources=(SOURCE,),
        destination=RawPath(b"/o"), source_count=1, algorithms=("sha256",), form={},
    )  # fmt: skip


def test_an_ending_that_several_files_have_is_refused_with_their_names(tmp_path: Path) -> None:
    workspace = sample_workspace(tmp_path / "workspace", files=1)
    names = [RawPath(b"card/%d/clip.mov" % number) for number in range(7)]
    workspace.record(2, lambda ledger: [ledger.append(file_recordings(name)) for name in names] and None)
    reader = open_for_reading(workspace.paths)
    with pytest.raises(UsageError) as caught:
        story(reader, "clip.mov")
    assert "card/0/clip.mov, card/1/clip.mov" in caught.value.hint
    assert caught.value.hint.endswith("and 2 more")
    reader.close()


def test_an_exhibit_number_of_two_cases_is_refused(tmp_path: Path) -> None:
    workspace = sample_workspace(tmp_path / "workspace", files=1)
    stream = Stream("job", exhibit_stream(LEDGER, "x", "y").id)
    recording = Recording(stream, 1, other_job("A-001", "2026-0999"))
    workspace.record(2, lambda ledger: ledger.append([recording]) and None)
    reader = open_for_reading(workspace.paths)
    with pytest.raises(UsageError) as caught:
        story(reader, "A-001")
    assert caught.value.hint == "say one of: 2026-0147/A-001, 2026-0999/A-001"
    assert len(story(reader, "2026-0999/A-001")) == 1
    reader.close()


def test_a_key_that_was_never_enrolled_is_named_by_its_id(reader: SqlLedgerReader) -> None:
    class WithoutKeys:
        ledger = LEDGER

        def history(self, stream: Stream):  # noqa: ANN202
            return iter(()) if stream.kind == "key" else reader.history(stream)

        def recorded(self, *arguments: int):  # noqa: ANN202
            return reader.recorded(*arguments)

    told = list(explain(WithoutKeys(), SqlReadModel(reader.engine), "4", path=RawPath(b"/4")))
    assert "registered by the holder of key " in told[0].text


def test_what_a_session_key_signed_is_told_of_the_person_it_signed_for(tmp_path: Path) -> None:
    workspace = sample_workspace(tmp_path / "workspace", files=1)
    session_signer = Ed25519Signer(new_private_key())
    stream = delegation_stream(LEDGER, KeyId(session_signer.key_id))
    keys = {KeyId(workspace.signer.key_id): workspace.signer.public_raw}
    with open_for_writing(
        workspace.paths, workspace.signer, keys, SystemClock(), session_signer=session_signer
    ) as ledger:
        last = ledger.append([
            Recording(stream, 1, delegating(session_signer)),
            Recording(case_stream(LEDGER, "7"), 1, CaseOpened(case_number="7")),
        ])  # fmt: skip
        [sentence] = story(ledger.reader, str(last))
    assert sentence.text == "case 7 used for the first time, by J. Ortiz"
