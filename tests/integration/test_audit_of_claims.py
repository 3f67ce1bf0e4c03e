"""Claims in a real ledger, each signed as it should be: the audit looks up what they rest on."""

from pathlib import Path

import pytest

from custody.domain.digest import Digests
from custody.domain.events import Event, FileResumed, FileSkipped, FileVerified, Nanoseconds
from custody.domain.identifiers import Position, Stream, transfer_id
from custody.domain.paths import RawPath
from custody.domain.ports import Recording
from custody.infrastructure.event_store.ledger import SqlLedger
from tests.integration.audited_workspace import JOB, SHA256, AuditedWorkspace, sample_workspace

PATH = RawPath(b"card/clip3.mov")
PROOF = 24  # position of the file's FileVerified
REVISION = 5  # the next one of its stream
FORGED: Digests = {"sha256": "33" * 32}
BEHIND = 31  # the first position behind the opening of the second session


def with_claims(folder: Path, *events: Event) -> AuditedWorkspace:
    workspace = sample_workspace(folder / "workspace")
    stream = Stream("file", transfer_id(JOB, PATH))

    def write(ledger: SqlLedger) -> None:
        ledger.append([Recording(stream, number, event) for number, event in enumerate(events, REVISION)])

    workspace.record(2, write)
    return workspace


def skipped(cites: int, digests: Digests = SHA256) -> FileSkipped:
    return FileSkipped(
        job=JOB, run=2, path=PATH, source=RawPath(b"/media/" + PATH), size=7, mtime_ns=Nanoseconds(3),
        ctime_ns=Nanoseconds(5), reason="verified-before", cites=Position(cites), digests=digests,
    )  # fmt: skip


def verified(digests: Digests = SHA256) -> FileVerified:
    return FileVerified(path=PATH, size=7, digests=digests, read_back="direct")


AGAIN = FileResumed(run=1, found="fsynced")


@pytest.mark.parametrize("events", [(skipped(PROOF),), (AGAIN, verified())])
def test_a_claim_that_rests_on_an_earlier_entry_passes(tmp_path: Path, events: tuple[Event, ...]) -> None:
    assert with_claims(tmp_path, *events).audit().verdict == "passed"


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ((skipped(PROOF, FORGED),), (BEHIND, "citation-unfounded")),
        ((skipped(PROOF - 4),), (BEHIND, "citation-unfounded")),
        ((skipped(PROOF - 1),), (BEHIND, "citation-unfounded")),
        ((AGAIN, verified(FORGED)), (BEHIND + 1, "claim-unfounded")),
        ((FileResumed(run=1, found="missing"), verified()), (BEHIND + 1, "claim-unfounded")),
    ],
)
def test_a_signed_claim_that_rests_on_nothing_fails_at_its_position(
    tmp_path: Path, events: tuple[Event, ...], found: tuple[int, str]
) -> None:
    result = with_claims(tmp_path, *events).audit()
    assert [(finding.position, finding.code) for finding in result.findings] == [found]
    assert result.verdicts == {
        "structure": "failed", "signatures": "passed", "authorisation": "passed", "chain": "passed",
        "tree": "passed", "checkpoints": "passed", "projections": "passed",
    }  # fmt: skip
