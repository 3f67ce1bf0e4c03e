"""The key that was made for one session signs after its end."""

from custody.domain.events import CaseOpened, SessionClosed, SessionOpened
from custody.domain.identifiers import KeyId, case_stream, delegation_stream
from tests.attacks.ledger_file import LedgerFile


def attack(ledger: LedgerFile) -> None:
    session = delegation_stream(ledger.ledger, KeyId(ledger.stranger.key_id))
    opened = SessionOpened(
        command="copy", examiner="J. Ortiz", host="lab", system="Linux", tool="custody", version="0.1.0",
        zone="UTC", utc_offset_seconds=0, session_key=ledger.stranger.public_pem.decode(),
    )  # fmt: skip
    ledger.append(session, opened, ledger.signer)
    ledger.append(case_stream(ledger.ledger, "in time"), CaseOpened(case_number="in time"), ledger.stranger)
    ledger.append(session, SessionClosed(exit=0), ledger.signer, revision=2)
    ledger.append(case_stream(ledger.ledger, "later"), CaseOpened(case_number="later"), ledger.stranger)
    ledger.save()
    ledger.sign_checkpoint(ledger.signer)
