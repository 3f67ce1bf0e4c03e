"""The composition root of the ledger: key, ledger, reader and read model put together for one command.

Knows the adapters of keys and ledger; those of evidence are in ``evidence``. Decides nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from custody.cli.options import Invocation
from custody.cli.passphrase import passphrase_source
from custody.cli.workspace import Workspace, open_workspace
from custody.domain.errors import KeyUnusable
from custody.domain.events import KeyEnrolled, SessionOpened
from custody.domain.identifiers import KeyId, key_stream
from custody.domain.ports import Clock
from custody.infrastructure.crypto.ed25519 import Ed25519Signer, load_public_pem
from custody.infrastructure.crypto.key_files import key_files_in, load_private_key
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.opening import LedgerPaths, open_for_reading, open_for_writing
from custody.infrastructure.event_store.read_models import SqlReadModel
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.system import Workstation, workstation


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """A ledger that is only read."""

    run: Invocation
    workspace: Workspace
    reader: SqlLedgerReader
    model: SqlReadModel


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """What a session records at its beginning."""

    opened: SessionOpened
    restarted: bool


class Person(Protocol):
    """Whoever signs: an examiner, as the ledger or ``init`` names them."""

    @property
    def examiner(self) -> str:
        """Their name."""

    @property
    def badge(self) -> str | None:
        """Their badge number."""

    @property
    def agency(self) -> str | None:
        """Their agency."""


@contextmanager
def reading_ledger(run: Invocation) -> Iterator[LedgerView]:
    """Give the ledger of this invocation's workspace; needs no key. Raises LedgerUnreadable."""
    workspace = open_workspace(run)
    reader = open_for_reading(ledger_paths(workspace))
    try:
        yield LedgerView(run=run, workspace=workspace, reader=reader, model=SqlReadModel(reader.engine))
    finally:
        reader.close()


@contextmanager
def opened_for_writing(run: Invocation, workspace: Workspace, clock: Clock) -> Iterator[SqlLedger]:
    """Give the ledger to extend, with the workspace's key.

    Raises Busy, Tampered, NotAllowed for the key or its passphrase, CannotTell without one.
    """
    private = load_private_key(
        key_files_in(workspace.keys, workspace.settings.key).private, passphrase_source(run)
    )
    ledger = open_for_writing(ledger_paths(workspace), Ed25519Signer(private), trusted_keys(workspace), clock)
    with ledger:
        yield ledger


def trusted_keys(workspace: Workspace) -> dict[KeyId, bytes]:
    """Return the raw public keys that the workspace trusts. Raises KeyUnusable for one that is not sound."""
    return keys_in(workspace.public_keys().values())


def keys_in(pems: Iterable[bytes]) -> dict[KeyId, bytes]:
    """Return raw public keys by their ids. Raises KeyUnusable for one that is not sound."""
    keys = [load_public_pem(pem) for pem in pems]
    return {KeyId(key.key_id): key.raw for key in keys}


def ledger_paths(workspace: Workspace) -> LedgerPaths:
    """Return where the parts of the workspace's ledger lie."""
    return LedgerPaths(
        database=workspace.ledger_file,
        checkpoints=workspace.checkpoints,
        lock=workspace.folder / "ledger.lock",
    )


def session_facts(command: str, reader: SqlLedgerReader, workspace: Workspace) -> SessionFacts:
    """Return what to record of this session: the person is the one whom the ledger knows by the key."""
    machine = workstation()
    enrolled = _enrolled(reader, KeyId(workspace.settings.key))
    last = _last_boot_id(reader)
    return SessionFacts(
        opened=session_opened(command, enrolled, machine),
        restarted=None not in {last, machine.boot_id} and last != machine.boot_id,
    )


def session_opened(command: str, person: Person, machine: Workstation) -> SessionOpened:
    """Return the event that begins a session."""
    return SessionOpened(
        command=command,
        examiner=person.examiner,
        badge=person.badge,
        agency=person.agency,
        host=machine.host,
        system=machine.system,
        tool=machine.tool,
        version=machine.version,
        boot_id=machine.boot_id,
        zone=machine.zone,
        utc_offset_seconds=machine.utc_offset_seconds,
        clock_synchronised=machine.clock_synchronised,
    )


def _enrolled(reader: SqlLedgerReader, key: KeyId) -> KeyEnrolled:
    for recorded in reader.history(key_stream(reader.ledger, key)):
        if isinstance(recorded.event, KeyEnrolled):
            return recorded.event
    raise KeyUnusable(f"the ledger does not know the key {key}", hint="use the workspace's own custody.toml")


def _last_boot_id(reader: SqlLedgerReader) -> str | None:
    """Return the boot id of the last session, looked for from the end."""
    end = reader.size()
    while end > 0:
        begin = max(0, end - _PAGE)
        found = [r.event for r in reader.recorded(begin, end - 1, types=("SessionOpened",))]
        for event in reversed(found):
            if isinstance(event, SessionOpened):
                return event.boot_id
        end = begin
    return None


_PAGE = 1000
