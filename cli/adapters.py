"""The composition root of the ledger: key, ledger, reader and read model put together for one command.

Knows the adapters of keys and ledger; those of evidence are in ``evidence``. Decides nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from custody.cli.options import Invocation
from custody.cli.signing import active_holder, chosen_key, opened_signer
from custody.cli.workspace import Workspace, open_workspace
from custody.domain.errors import Tampered
from custody.domain.events import SessionOpened
from custody.domain.identifiers import KeyId, Stream, delegation_stream, key_stream
from custody.domain.keys.holders import Holder
from custody.domain.ports import Clock
from custody.domain.public_keys import key_id_of, pem_of
from custody.infrastructure.crypto.ed25519 import Ed25519Signer, load_public_pem
from custody.infrastructure.crypto.key_files import new_private_key
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.opening import LedgerPaths, open_for_reading, open_for_writing
from custody.infrastructure.event_store.read_models import SqlReadModel
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.system import Workstation, new_stream_id, workstation


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

    holder: Holder
    stream: Stream
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
    """Give the ledger to extend, with the key that is to sign (see ``signing``).

    Raises Busy, Tampered, NotAllowed for the key or its passphrase, CannotTell without one.
    """
    paths = ledger_paths(workspace)
    key = chosen_key(run, workspace, paths)
    session_signer = Ed25519Signer(new_private_key()) if workspace.settings.session_keys else None
    with (
        opened_signer(run, workspace, key) as signer,
        open_for_writing(
            paths, signer, trusted_keys(workspace), clock, session_signer=session_signer
        ) as ledger,
    ):
        active_holder(ledger.reader, key)
        _require_signed_standing(ledger, key)
        yield ledger


def _require_signed_standing(ledger: SqlLedger, key: KeyId) -> None:
    """Raise Tampered unless a signature that counts covers what the ledger says of a key, roles above all."""
    stream = key_stream(ledger.ledger, key)
    positions = [recorded.position for recorded in ledger.reader.history(stream)]
    if set(positions) != ledger.vouched(positions).keys():
        raise Tampered(
            f"what the ledger says of the key {key} is not signed by a key of this workspace",
            done="Nothing was written.",
            hint="run custody audit; the keys folder must have the .pem of whoever enrolled it",
        )


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


def session_facts(command: str, ledger: SqlLedger) -> SessionFacts:
    """Return what to record of this session: the person is the one whom the ledger knows by the key."""
    machine = workstation()
    holder = active_holder(ledger.reader, ledger.person_key)
    last = _last_boot_id(ledger.reader)
    session_key = ledger.session_key
    return SessionFacts(
        holder=holder,
        stream=Stream("session", new_stream_id())
        if session_key is None
        else delegation_stream(ledger.ledger, key_id_of(session_key)),
        opened=session_opened(command, holder.enrolment, machine, session_key=session_key),
        restarted=None not in {last, machine.boot_id} and last != machine.boot_id,
    )


def session_opened(
    command: str, person: Person, machine: Workstation, *, session_key: bytes | None = None
) -> SessionOpened:
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
        session_key=None if session_key is None else pem_of(session_key),
    )


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
