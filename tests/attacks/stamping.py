"""Time stamps in the hands of somebody who has the workspace's own key, and perhaps an authority's ear."""

import hashlib
import json
import shutil
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from custody.domain import canonical
from custody.domain.canonical import JsonObject
from custody.domain.proofs.merkle import leaf_hash
from custody.domain.proofs.time_stamp import StampEvidence, StampRequest, time_text, token_text
from custody.infrastructure.crypto.authorities import Authorities
from custody.infrastructure.crypto.time_stamps import Rfc3161, TokenReader
from tests.attacks.ledger_file import LedgerFile, signed
from tests.fakes.stamp_authority import StampAuthority


def real_stamp(ledger: LedgerFile, size: int, *, trusted: bool = True) -> tuple[bytes, JsonObject]:
    """A token of a real authority for a checkpoint, and what an honest program would record of it."""
    note = (ledger.workspace / "checkpoints" / f"{size}.note").read_bytes()
    folder = Path(tempfile.mkdtemp())
    try:
        authority = StampAuthority(folder / "authority")
        protocol, imprint = Rfc3161(), hashlib.sha256(note).digest()
        token = protocol.open_reply(authority.reply(protocol.make_request(StampRequest(imprint, 7))))
    finally:
        shutil.rmtree(folder)
    if trusted:
        (ledger.workspace / "authorities").mkdir()
        (ledger.workspace / "authorities" / "root.pem").write_bytes(authority.root.pem)
    facts = TokenReader(Authorities())(StampEvidence(token=token))
    data: JsonObject = {
        "size": size,
        "note_sha256": imprint.hex(),
        "generated_at": time_text(facts.generated_at),
        "accuracy_microseconds": facts.accuracy_microseconds,
        "authority": facts.authority,
        "serial": facts.serial,
        "policy": facts.policy,
        "token": token_text(token),
        "certificates": [],
        "revocation_lists": [],
    }
    return token, data


def append(
    ledger: LedgerFile, name: str, stream: str, data: JsonObject, *, ago: timedelta = timedelta()
) -> None:
    """Sign one more entry as the workspace's own program would."""
    last = len(ledger.rows) - 1
    body = {
        **ledger.body(last),
        "at": time_text(datetime.now(UTC) - ago),
        "data": data,
        "position": last + 1,
        "previous": leaf_hash(ledger.rows[last][1]).hex(),
        "revision": 1,
        "salt": "00" * 16,
        "stream": stream,
        "type": name,
    }
    ledger.rows.append((last + 1, signed(canonical.encode(json.loads(json.dumps(body))), ledger.signer)))


def append_stamp(ledger: LedgerFile, data: JsonObject) -> None:
    append(ledger, "CheckpointStamped", f"checkpoint/{uuid.uuid4()}", data)
    ledger.save()
