"""What a person brings along to judge by: public keys and signed notes, in files or on the command line.

Knows how they are read and what is said when they are not what they should be. Trusts nothing by itself.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from custody.cli.adapters import trusted_keys
from custody.cli.workspace import Workspace, shown
from custody.domain.errors import CannotTell, KeyUnusable, MalformedData, UsageError
from custody.domain.identifiers import KeyId
from custody.domain.paths import printable
from custody.domain.proofs.checkpoint import VerifierKey, parse_note, parse_vkey
from custody.domain.proofs.cosignature import TrustedWitnesses, parse_witness_vkey, trusting
from custody.domain.use_cases.check_proof import TrustedKey
from custody.infrastructure.crypto.ed25519 import load_public_pem, public_key_from_raw

MAX_FILE_BYTES: Final = 1024 * 1024  # a note or a key has less than one hundredth of it

_PEM_BEGIN: Final = b"-----BEGIN"


def brought_keys(values: Sequence[str], option: str = "--key") -> dict[KeyId, TrustedKey]:
    """Return the keys that a person named: each a PEM file, a file with a verifier key, or such a key itself.

    Raises UsageError for what is no sound Ed25519 public key, CannotTell for a file that cannot be read.
    """
    keys: dict[KeyId, TrustedKey] = {}
    for value in values:
        try:
            key_id, key = _key(value)
        except (KeyUnusable, MalformedData) as error:
            raise UsageError(
                f"{option} names no public key to trust: {printable(os.fsencode(value))}: {error.what}",
                hint="give the .pem or the .vkey file of a workspace's keys folder",
            ) from error
        keys[key_id] = key
    return keys


def raw_keys(keys: Mapping[KeyId, TrustedKey]) -> dict[KeyId, bytes]:
    """Return the keys alone, whatever ledger they were named for."""
    return {key_id: key.raw for key_id, key in keys.items()}


def own_keys(workspace: Workspace) -> dict[KeyId, bytes]:
    """Return the workspace's keys; one that is damaged leaves nothing to judge the ledger by."""
    try:
        return trusted_keys(workspace)
    except KeyUnusable as error:
        raise CannotTell(
            f"a public key of the workspace is damaged: {error.what}",
            hint="restore its keys folder, or name a key that was kept elsewhere with --key",
        ) from error


def brought_witnesses(values: Sequence[str], workspace: Workspace | None = None) -> TrustedWitnesses:
    """Return the witnesses that a person named, by a verifier key or a file with one, and the workspace's.

    Raises UsageError for what is no sound key of a witness, CannotTell for a file that cannot be read and for
    a damaged one in the workspace's ``witnesses``.
    """
    own = [] if workspace is None else [_own_witness(path) for path in vkey_files(workspace.witnesses)]
    return trusting([*own, *(_brought_witness(value) for value in values)])


def known_ledgers(workspace: Workspace) -> list[VerifierKey]:
    """Return the verifier keys in the workspace's ``ledgers``. Raises CannotTell for a damaged one."""
    return [_own_vkey(path, parse_vkey, "a ledger") for path in vkey_files(workspace.ledgers)]


def vkey_files(folder: Path) -> list[Path]:
    """Return the ``.vkey`` files of a folder, by name; none when there is no folder."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".vkey")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CannotTell(f"the keys cannot be read: {shown(folder)}: {error.strerror}") from error


def brought_note(file: str, name: str = "--checkpoint") -> bytes:
    """Return a note that a person named, as an option or argument; what it says is for others to judge."""
    content = file_content(file)
    try:
        parse_note(content)
    except MalformedData as error:
        raise UsageError(
            f"{name} names no signed note: {printable(os.fsencode(file))}: {error.what}",
            hint="give a file that 'custody checkpoint show' wrote",
        ) from error
    return content


def file_content(file: str, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the beginning of a file, at most ``limit_bytes``. Raises CannotTell when it cannot be read."""
    try:
        with Path(file).open("rb") as stream:
            return stream.read(limit_bytes)
    except OSError as error:
        raise CannotTell(f"the file cannot be read: {shown(Path(file))}: {error.strerror}") from error


def _own_witness(path: Path) -> VerifierKey:
    return _own_vkey(path, parse_witness_vkey, "a witness")


def _own_vkey(path: Path, parse: Callable[[str], VerifierKey], whose: str) -> VerifierKey:
    try:
        return _sound(parse(_text(path)))
    except (KeyUnusable, MalformedData) as error:
        raise CannotTell(
            f"{shown(path)} holds no verifier key of {whose}: {error.what}",
            hint="take the file away, or get it anew from where it came from",
        ) from error


def _brought_witness(value: str) -> VerifierKey:
    try:
        try:
            return _sound(parse_witness_vkey(value))
        except MalformedData:
            return _sound(parse_witness_vkey(_text(Path(value))))
    except (KeyUnusable, MalformedData) as error:
        raise UsageError(
            f"--witness names no verifier key of a witness: {printable(os.fsencode(value))}: {error.what}",
            hint="give what 'custody checkpoint witness' writes in the witness's workspace",
        ) from error


def _sound(key: VerifierKey) -> VerifierKey:
    """Return the key. Raises KeyUnusable for a low-order or non-canonical one."""
    public_key_from_raw(key.public_raw)
    return key


def _text(path: Path) -> str:
    return file_content(str(path)).decode("utf-8", "replace")


def _key(value: str) -> tuple[KeyId, TrustedKey]:
    try:
        brought = parse_vkey(value)
    except MalformedData:
        content = file_content(value)
        if content.lstrip().startswith(_PEM_BEGIN):
            public = load_public_pem(content)
            return KeyId(public.key_id), TrustedKey(raw=public.raw)
        brought = parse_vkey(content.decode("utf-8", "replace"))
    public = public_key_from_raw(brought.public_raw)
    return KeyId(public.key_id), TrustedKey(raw=public.raw, origin=brought.name)
