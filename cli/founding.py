"""How a workspace comes about: keys, ledger, the first entries, the first checkpoint.

Knows the order; everything is made in a draft folder, so that a crash leaves nothing half-made in its place.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from custody.cli.adapters import session_opened
from custody.cli.exit_codes import ExitCode
from custody.cli.options import Invocation
from custody.cli.passphrase import passphrase_source
from custody.cli.settings_file import write_settings
from custody.cli.workspace import (
    DIAGNOSTICS,
    KEYS,
    PRIVATE,
    locate,
    new_workspace_folder,
    require_free,
)
from custody.domain.errors import UsageError
from custody.domain.events import KeyEnrolled, LedgerOpened, SessionClosed
from custody.domain.form import BadValue, text_value
from custody.domain.identifiers import FIRST_REVISION, KeyId, LedgerId, Stream, key_stream
from custody.domain.paths import to_json
from custody.domain.ports import Recording
from custody.domain.proofs.checkpoint import origin_of
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key, write_key_files
from custody.infrastructure.event_store.opening import LedgerPaths, create_ledger, open_for_writing
from custody.infrastructure.system import SystemClock, new_ledger_id, new_stream_id, workstation

LEDGER_FORMAT: Final = "custody-ledger/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Founder:
    """Who signs with the first key, and whether a passphrase guards it."""

    examiner: str
    badge: str | None
    agency: str | None
    protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """What was made."""

    folder: Path
    ledger: LedgerId
    key: KeyId

    def to_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {"workspace": to_json("path", bytes(self.folder)), "ledger": str(self.ledger), "key": self.key}


def found_workspace(run: Invocation, founder: Founder) -> Founded:
    """Make the workspace that the invocation names.

    Raises Refused when something is there already, UsageError for an unusable name, PassphraseMissing.
    """
    _require_values(founder)
    folder = locate(run)
    require_free(folder)
    passphrase = passphrase_source(run, new=True)() if founder.protected else None
    ledger = new_ledger_id()
    with new_workspace_folder(folder) as draft:
        private = new_private_key()
        signer = Ed25519Signer(private)
        write_key_files(draft / KEYS, private, passphrase, origin_of(ledger))
        (draft / DIAGNOSTICS).mkdir(mode=PRIVATE)
        _begin_ledger(draft, ledger, signer, founder)
        write_settings(draft, signer.key_id)
    return Founded(folder=folder, ledger=ledger, key=KeyId(signer.key_id))


def _begin_ledger(draft: Path, ledger: LedgerId, signer: Ed25519Signer, founder: Founder) -> None:
    paths = LedgerPaths.within(draft)
    create_ledger(paths, ledger)
    machine = workstation()
    key = KeyId(signer.key_id)
    session = Stream("session", new_stream_id())
    opened = LedgerOpened(ledger=ledger, format=LEDGER_FORMAT, tool=machine.tool, version=machine.version)
    enrolled = KeyEnrolled(
        key=key,
        public_key=signer.public_pem.decode(),
        examiner=founder.examiner,
        badge=founder.badge,
        agency=founder.agency,
        protected=founder.protected,
    )
    raw = {key: signer.public_raw}
    with open_for_writing(paths, signer, raw, SystemClock()) as writer:
        writer.append([
            Recording(Stream("ledger", ledger), FIRST_REVISION, opened),
            Recording(key_stream(ledger, key), FIRST_REVISION, enrolled),
            Recording(session, FIRST_REVISION, session_opened("init", founder, machine)),
            Recording(session, FIRST_REVISION + 1, SessionClosed(exit=ExitCode.OK)),
        ])  # fmt: skip
        writer.make_checkpoint()


def _require_values(founder: Founder) -> None:
    for option, value in (
        ("examiner", founder.examiner),
        ("badge", founder.badge),
        ("agency", founder.agency),
    ):
        try:
            empty = value is not None and not text_value(value)
        except BadValue as bad:
            raise UsageError(f"the value of --{option} {bad.reason}") from bad
        if empty:
            raise UsageError(f"the value of --{option} is empty")
