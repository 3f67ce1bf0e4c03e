"""Custody is said to have moved, though nobody ever offered the exhibit."""

from uuid import UUID

from custody.domain.events import CustodyAccepted, ExhibitRegistered
from custody.domain.identifiers import KeyId, LedgerId, Position, exhibit_stream
from tests.attacks.ledger_file import LedgerFile

CASE, EXHIBIT = "2026-0147", "A-001"


def attack(ledger: LedgerFile) -> None:
    stream = exhibit_stream(LedgerId(UUID(str(ledger.body(0)["ledger"]))), CASE, EXHIBIT)
    ledger.append(stream, ExhibitRegistered(case_number=CASE, exhibit=EXHIBIT), revision=1)
    accepted = CustodyAccepted(
        case_number=CASE, exhibit=EXHIBIT, by=KeyId(ledger.stranger.key_id), offer="ab" * 32, answer="{}",
        position=Position(12),
    )  # fmt: skip
    ledger.append(stream, accepted, revision=2)
    ledger.save()
    ledger.sign_checkpoint(ledger.signer)
