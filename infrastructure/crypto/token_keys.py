"""Signing keys that never leave a PKCS#11 token (a smart card, an HSM): the extra ``custody[hsm]``.

Knows Ed25519 in PKCS#11 3.0 (CKK_EC_EDWARDS, CKM_EDDSA) and errors of tokens. Which library is loaded is told
from outside, never by a file of a workspace: it is code that runs in this process. Importing this needs the
extra.
"""

import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self, cast

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

from custody.domain.errors import KeyUnusable, LedgerFailed, NotFound, WrongPassphrase
from custody.infrastructure.crypto.ed25519 import (
    KnownByItsPublicKey,
    PublicKey,
    load_public_pem,
    public_key_from_raw,
    verify,
)

_MAX_FILE_BYTES: Final = 4096
_MAX_LABEL_BYTES: Final = 32  # CK_TOKEN_INFO has that much room
_OBJECT: Final = re.compile(r"[0-9a-f]{32}")
_ED25519_OID: Final = bytes.fromhex("06032b6570")  # DER of 1.3.101.112 (RFC 8410 section 3)
_OCTET_STRING: Final = bytes.fromhex("0420")  # DER of a point's 32 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPlace:
    """Where in which token a private key lies: the token's label, and the object's id in hexadecimal."""

    label: str
    object_id: str

    def to_toml(self) -> bytes:
        """Return the content of a ``<key id>.token`` file."""
        return f'token = "{self.label}"\nobject = "{self.object_id}"\n'.encode()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a ``<key id>.token`` file. Raises NotFound without it, KeyUnusable for another content."""
        try:
            with file.open("rb") as stream:
                values = tomllib.loads(stream.read(_MAX_FILE_BYTES).decode())
        except FileNotFoundError:
            raise NotFound(f"there is no token file {os.fspath(file)!a}") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise KeyUnusable(f"the token file {os.fspath(file)!a} cannot be read") from error
        label, object_id = values.get("token"), values.get("object")
        if not (is_label(label) and isinstance(object_id, str) and _OBJECT.fullmatch(object_id)):
            raise KeyUnusable(f"the token file {os.fspath(file)!a} names no key in a token")
        return cls(label=str(label), object_id=object_id)


def is_label(value: object) -> bool:
    """Tell whether a value can be the label of a token, printable and without a quote."""
    return (
        isinstance(value, str)
        and value.isprintable()
        and not {'"', "\\"} & set(value)
        and 0 < len(value.encode("utf-8", "replace")) <= _MAX_LABEL_BYTES
    )


class _PrivateKey(Protocol):
    """What the library's key objects can do, which their declared types do not say."""

    def sign(self, data: bytes, *, mechanism: Mechanism) -> bytes:
        """Return a signature."""


class TokenSigner(KnownByItsPublicKey):
    """Signs with a key in an open token."""

    __slots__ = ("_private",)

    def __init__(self, private: pkcs11.Key, public: PublicKey) -> None:
        """Take the key of a session with the token, which stays open as long as the signer is used."""
        super().__init__(public)
        self._private = cast("_PrivateKey", private)

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature. Raises LedgerFailed when the token does not give a good one."""
        try:
            signature = bytes(self._private.sign(message, mechanism=Mechanism.EDDSA))
        except pkcs11.PKCS11Error as error:
            raise LedgerFailed(f"the token did not sign: {_said(error)}") from error
        if not verify(self._public.raw, signature, message):
            raise LedgerFailed("what the token signed does not fit its public key")
        return signature


@contextmanager
def open_token_key(
    module: Path | None, place: TokenPlace, public_pem: bytes, pin: bytes
) -> Iterator[TokenSigner]:
    """Give the signer of a key in a token; ``public_pem`` is what the workspace knows of it.

    Raises NotFound without token or key, WrongPassphrase, KeyUnusable for whatever else the token says, and
    where its library or the extra is missing.
    """
    with _session(module, place.label, pin, writing=False) as session:
        private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=bytes.fromhex(place.object_id))
        yield TokenSigner(private, load_public_pem(public_pem))


@contextmanager
def new_token_key(module: Path | None, label: str, pin: bytes) -> Iterator[tuple[TokenSigner, TokenPlace]]:
    """Make a key in a token, which it can never leave. Raises as ``open_token_key`` does."""
    place = TokenPlace(label=label, object_id=os.urandom(16).hex())
    with _session(module, label, pin, writing=True) as session:
        curve = session.create_domain_parameters(
            KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: _ED25519_OID}, local=True
        )
        public, private = curve.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label="custody",
            id=bytes.fromhex(place.object_id),
        )  # fmt: skip
        point = bytes(public[Attribute.EC_POINT])
        signer = TokenSigner(private, public_key_from_raw(point.removeprefix(_OCTET_STRING)))
        if private[Attribute.EXTRACTABLE]:
            raise KeyUnusable(f"the token {label!a} makes keys that can be taken out of it")
        yield signer, place


@contextmanager
def _session(module: Path | None, label: str, pin: bytes, *, writing: bool) -> Iterator[pkcs11.Session]:
    if module is None:
        raise KeyUnusable(
            "the key lies in a token, and no PKCS#11 library is named",
            done="Nothing was written.",
            hint="set CUSTODY_PKCS11_MODULE, or pkcs11_module in your own configuration",
        )
    try:
        token = pkcs11.lib(os.fspath(module)).get_token(token_label=label)
        with _opened(token, pin.decode(), writing=writing) as session:
            yield session
    except (UnicodeDecodeError, pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
        raise WrongPassphrase(
            f"the PIN does not open the token {label!a}",
            hint="try again; after a few attempts it locks itself",
        ) from error
    except (pkcs11.NoSuchToken, pkcs11.NoSuchKey) as error:
        raise NotFound(
            f"the token {label!a} is not there, or has not that key",
            hint="put it in; see 'custody keys show'",
        ) from error
    except pkcs11.PKCS11Error as error:
        raise KeyUnusable(f"the token {label!a} cannot be used: {_said(error)}") from error


def _opened(token: pkcs11.Token, pin: str, *, writing: bool) -> pkcs11.Session:
    """Open a session; where this process has logged in already (a rotation), that holds for all of them."""
    try:
        return token.open(rw=writing, user_pin=pin)
    except pkcs11.UserAlreadyLoggedIn:
        return token.open(rw=writing)


def _said(error: Exception) -> str:
    """Return what a token said; some errors are known by their name alone."""
    return f"{type(error).__name__} {error}".strip()
