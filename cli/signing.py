"""Which key signs, and whether it may: the one rule of choice, and what the ledger is asked before writing.

Knows ``CUSTODY_KEY``, ``custody.toml`` and the private keys that lie in the workspace. The auditor asks the
same of the entries afterwards; here nothing is written that it would refuse.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final, Protocol

from custody.cli.options import Invocation
from custody.cli.passphrase import passphrase_source
from custody.cli.workspace import Workspace, shown
from custody.domain.errors import CannotTell, KeyUnusable, NotAllowed, NotFound, UsageError
from custody.domain.events import Event, KeyEnrolled, type_name
from custody.domain.identifiers import KeyId, key_stream
from custody.domain.keys.holders import Holder, holder_by_history
from custody.domain.keys.roles import ROLES, roles_for, shown_roles
from custody.domain.paths import escape_text
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import key_files_in, load_private_key
from custody.infrastructure.event_store.opening import LedgerPaths, open_for_reading
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.event_store.sealing import EntrySigner

KEY_VARIABLE: Final = "CUSTODY_KEY"
LEAST_DIGITS: Final = 6

_DIGITS: Final = re.compile(r"[0-9a-f]{6,64}")
_KEY_ID: Final = re.compile(r"[0-9a-f]{64}")
_NOTHING_WRITTEN: Final = "Nothing was written."
_ANOTHER_KEY: Final = f'name another key: key = "…" in custody.toml, or {KEY_VARIABLE}'


class Signer(EntrySigner, Protocol):
    """A private key that signs and shows its public one."""

    @property
    def public_pem(self) -> bytes:
        """The public key's SubjectPublicKeyInfo in PEM."""


def chosen_key(run: Invocation, workspace: Workspace, paths: LedgerPaths) -> KeyId:
    """Return the id of the key that signs.

    That of ``CUSTODY_KEY``, else ``key`` in custody.toml, else the only private key in the workspace that the
    ledger knows as active. Raises NotFound, UsageError when a name fits several, CannotTell.
    """
    named = run.environment.get(KEY_VARIABLE) or workspace.settings.key
    own = private_keys(workspace)
    if named:
        return named_key(named, own)
    if len(own) > 1:
        reader = open_for_reading(paths)
        try:
            own = [key for key in own if (found := holder_of(reader, key)) is not None and found.active]
        finally:
            reader.close()
    if len(own) != 1:
        raise CannotTell(
            f"{len(own)} private keys in {shown(workspace.keys)} could sign, and none is named",
            done=_NOTHING_WRITTEN,
            hint=_ANOTHER_KEY,
        )
    return own[0]


def private_keys(workspace: Workspace) -> list[KeyId]:
    """Return the ids of the private keys that lie in the workspace, or in tokens that it names."""
    names = {file.stem for ending in ("key", "token") for file in workspace.keys.glob(f"*.{ending}")}
    return [KeyId(name) for name in sorted(names) if _KEY_ID.fullmatch(name)]


@contextmanager
def opened_signer(run: Invocation, workspace: Workspace, key: KeyId) -> Iterator[Signer]:
    """Give what signs with a key: its file, opened with the passphrase, or its token, opened with the PIN.

    Raises NotFound without either, WrongPassphrase, PassphraseMissing, KeyUnusable.
    """
    files = key_files_in(workspace.keys, key)
    if files.private.exists() or not files.token.exists():
        yield Ed25519Signer(load_private_key(files.private, passphrase_source(run)))
        return
    tokens = token_keys()  # before a person is asked for a PIN in vain
    public_pem = workspace.public_keys().get(key, b"")
    place = tokens.TokenPlace.read(files.token)
    pin = passphrase_source(run)()
    with tokens.open_token_key(workspace.token_library, place, public_pem, pin) as signer:
        yield signer


def token_keys() -> ModuleType:
    """Return the module that knows tokens. Raises KeyUnusable where the extra is not installed."""
    try:
        from custody.infrastructure.crypto import token_keys as module
    except ImportError as error:
        raise KeyUnusable(
            "the key lies in a token, and the extra for tokens is not installed",
            done=_NOTHING_WRITTEN,
            hint="pip install 'custody[hsm]'",
        ) from error
    return module


def named_key(text: str, keys: Iterable[KeyId]) -> KeyId:
    """Return the key that a person means by its id or a unique beginning of it.

    A whole id is taken as it is. Raises UsageError for what is none or fits several, NotFound.
    """
    if _KEY_ID.fullmatch(text):
        return KeyId(text)
    if not _DIGITS.fullmatch(text):
        raise UsageError(
            f"this is no key id: {escape_text(text)}",
            done=_NOTHING_WRITTEN,
            hint=f"give at least {LEAST_DIGITS} hexadecimal digits; see 'custody keys list'",
        )
    found = [key for key in keys if key.startswith(text)]
    if len(found) > 1:
        raise UsageError(f"several keys begin with {text}", done=_NOTHING_WRITTEN, hint="give more digits")
    if not found:
        raise NotFound(f"no key begins with {text}", hint="see 'custody keys list'")
    return found[0]


def holder_of(reader: SqlLedgerReader, key: KeyId) -> Holder | None:
    """Return who holds a key by the entries about it; None for one that was never enrolled."""
    return holder_by_history(reader.history(key_stream(reader.ledger, key)))


def active_holder(reader: SqlLedgerReader, key: KeyId) -> Holder:
    """Return who signs with a key. Raises NotAllowed when it must not sign any more, or never might."""
    holder = holder_of(reader, key)
    if holder is None:
        raise NotAllowed(f"the ledger does not know the key {key}", done=_NOTHING_WRITTEN, hint=_ANOTHER_KEY)
    if holder.ended is None:
        return holder
    what = f"the key of {holder.enrolment.examiner} was {holder.ended} at position {holder.ended_at}: {key}"
    hint = _ANOTHER_KEY if holder.successor is None else f'set key = "{holder.successor}" in custody.toml'
    raise NotAllowed(escape_text(what), done=_NOTHING_WRITTEN, hint=hint)


def require_role(holder: Holder, event_type: str) -> None:
    """Raise NotAllowed unless the holder has a role in which events of this type may be recorded."""
    needed = roles_for(event_type)
    if not holder.roles & needed:
        has = shown_roles(holder.roles) or "no role"
        raise NotAllowed(
            escape_text(f"{event_type} may not be recorded by {holder.enrolment.examiner}, who is {has}"),
            done=_NOTHING_WRITTEN,
            hint=f"it takes the key of a person who is {' or '.join(r for r in ROLES if r in needed)}",
        )


def require_right(holder: Holder, event: Event) -> None:
    """Raise NotAllowed unless the holder may record this very event; anyone may enrol their own successor."""
    if not (isinstance(event, KeyEnrolled) and event.replaces == holder.key):
        require_role(holder, type_name(event))
