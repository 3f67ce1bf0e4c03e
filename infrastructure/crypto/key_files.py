"""Key files in a workspace: ``<key id>.key`` or ``<key id>.token``, ``<key id>.pem`` and ``<key id>.vkey``.

Knows names, permissions and the order of writing. Deliberately does not know how a key is encrypted, which
key is to be used, or where a passphrase comes from: a function is passed in and called only when needed.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from custody.domain.errors import KeyUnusable, NotFound, Refused
from custody.domain.proofs.checkpoint import vkey
from custody.infrastructure.crypto.ed25519 import PublicKey, public_key_of
from custody.infrastructure.crypto.key_encryption import (
    encrypted_parts,
    encrypted_pem,
    is_encrypted,
    open_encrypted,
    open_plain,
    plain_pem,
)

PRIVATE_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
FOLDER_MODE: Final = 0o700

_FOR_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MAX_KEY_FILE_BYTES: Final = 16 * 1024
_KEY_ID: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFiles:
    """Where the files of one key lie; ``token`` is there instead of ``private`` for a key in a token."""

    private: Path
    token: Path
    public: Path
    verifier: Path


def new_private_key() -> Ed25519PrivateKey:
    """Return a new private key from the operating system's random numbers."""
    return Ed25519PrivateKey.generate()


def key_files_in(folder: Path, key_id: str) -> KeyFiles:
    """Return where the files of a key lie in a workspace's key folder."""
    return KeyFiles(
        private=folder / f"{key_id}.key",
        token=folder / f"{key_id}.token",
        public=folder / f"{key_id}.pem",
        verifier=folder / f"{key_id}.vkey",
    )


def write_key_files(
    folder: Path, private: Ed25519PrivateKey, passphrase: bytes | None, origin: str
) -> KeyFiles:
    """Write a key's three files durably, replacing nothing; ``None`` as passphrase stores a plain key.

    The folder is made with mode 0700 if need be. ``origin`` is the name in the verifier key. Raises Refused
    when a file is there already or the folder takes no data (nothing is left behind), KeyUnusable when others
    may enter the folder or the passphrase is empty.
    """
    public = public_key_of(private)
    files = key_files_in(folder, public.key_id)
    secret = encrypted_pem(private, passphrase) if passphrase is not None else plain_pem(private)
    _write_all(folder, ((files.private, secret), *_public_contents(files, public, origin)))
    return files


def write_public_key_files(folder: Path, public: PublicKey, origin: str) -> KeyFiles:
    """Write the two public files of somebody's key, those that are missing. Raises as ``write_key_files``."""
    files = key_files_in(folder, public.key_id)
    contents = _public_contents(files, public, origin)
    _write_all(folder, [(path, content) for path, content in contents if not path.exists()])
    return files


def write_token_key_files(folder: Path, public: PublicKey, place: bytes, origin: str) -> KeyFiles:
    """Write the public files of a key in a token, and where it lies. Raises as ``write_key_files``."""
    files = key_files_in(folder, public.key_id)
    _write_all(folder, ((files.token, place), *_public_contents(files, public, origin)))
    return files


def _public_contents(files: KeyFiles, public: PublicKey, origin: str) -> tuple[tuple[Path, bytes], ...]:
    return (files.public, public.pem), (files.verifier, vkey(origin, public.raw).encode() + b"\n")


def _write_all(folder: Path, contents: Iterable[tuple[Path, bytes]]) -> None:
    written: list[Path] = []
    try:
        _make_private_folder(folder)
        for path, content in contents:
            _write_new(path, content, PRIVATE_MODE if path.suffix == ".key" else PUBLIC_MODE, written)
        _flush_folder(folder)
    except OSError as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        message = f"the key files cannot be written in {os.fspath(folder)!a}: {error.strerror}"
        raise Refused(message, done="No key was kept.") from error


def load_private_key(path: Path, passphrase: Callable[[], bytes]) -> Ed25519PrivateKey:
    """Read a private key; ``passphrase`` is called only for an encrypted one that is sound so far.

    Raises NotFound without the file, WrongPassphrase, and KeyUnusable when group or others have any right to
    the file, when it is damaged or of another kind, and when it holds another key than its name says.
    """
    pem = _read_private(path)
    if is_encrypted(pem):
        parts = encrypted_parts(pem)
        private = open_encrypted(parts, passphrase())
    else:
        private = open_plain(pem)
    # CBC has no integrity of its own: damage in the right place decrypts to a different key.
    if _KEY_ID.fullmatch(path.stem) and public_key_of(private).key_id != path.stem:
        message = f"{os.fspath(path)!a} holds another key than its name says; it was damaged or swapped"
        raise KeyUnusable(message, hint="restore the key file from a copy")
    return private


def _make_private_folder(folder: Path) -> None:
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    if folder.stat().st_mode & _FOR_OTHERS:
        message = f"other accounts may enter the key folder {os.fspath(folder)!a}"
        raise KeyUnusable(message, done="No key was written.", hint=f"chmod 700 {os.fspath(folder)!a}")


def _write_new(path: Path, content: bytes, mode: int, written: list[Path]) -> None:
    """Create a file, flush it to the device, and note in ``written`` that it exists."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        written.append(path)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_private(path: Path) -> bytes:
    """Return the content of a regular file that only its owner has rights to."""
    try:
        # O_NONBLOCK: a FIFO in the file's place must not hang us before fstat tells.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _require_private(path, os.fstat(descriptor))
            return file.read(_MAX_KEY_FILE_BYTES)
    except FileNotFoundError:
        message = f"there is no private key file {os.fspath(path)!a}"
        raise NotFound(message) from None
    except OSError as error:
        message = f"the private key file {os.fspath(path)!a} cannot be read: {error.strerror}"
        raise KeyUnusable(message) from error


def _require_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        message = f"{os.fspath(path)!a} is not a regular file"
        raise KeyUnusable(message)
    if status.st_mode & _FOR_OTHERS:
        message = f"the private key file {os.fspath(path)!a} is open to other accounts"
        raise KeyUnusable(message, hint=f"chmod 600 {os.fspath(path)!a}")
