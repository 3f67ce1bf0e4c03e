import base64
import errno
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from custody.domain.errors import KeyUnusable, NotFound, Refused, WrongPassphrase
from custody.domain.proofs.checkpoint import parse_vkey
from custody.infrastructure.crypto import key_encryption
from custody.infrastructure.crypto.ed25519 import load_public_pem, public_key_of
from custody.infrastructure.crypto.key_files import (
    KeyFiles,
    key_files_in,
    load_private_key,
    new_private_key,
    write_key_files,
)

ORIGIN = "custody.invalid/6f1d2c34-0000-4000-8000-000000000000"
PASSPHRASE = "pässword".encode()
PRIVATE = new_private_key()
KEY_ID = public_key_of(PRIVATE).key_id
# Made once: each use of scrypt costs a noticeable part of a second, as it should.
ENCRYPTED = key_encryption.encrypted_pem(PRIVATE, PASSPHRASE)
ENCRYPTED_DER = base64.b64decode(b"".join(ENCRYPTED.splitlines()[1:-1]))


def never_asked() -> bytes:
    pytest.fail("the passphrase was asked for")


def asked() -> bytes:
    return PASSPHRASE


def secret(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes_raw()


def pem_of_der(der: bytes) -> bytes:
    label = b"ENCRYPTED PRIVATE KEY"
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, base64.encodebytes(der), label)


def stored(folder: Path, pem: bytes, name: str = f"{KEY_ID}.key") -> Path:
    path = folder / name
    path.write_bytes(pem)
    path.chmod(0o600)
    return path


@pytest.fixture
def plain(tmp_path: Path) -> KeyFiles:
    return write_key_files(tmp_path / "keys", PRIVATE, None, ORIGIN)


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None], ids=["encrypted", "plain"])
def test_a_written_key_is_read_back(tmp_path: Path, passphrase: bytes | None) -> None:
    files = write_key_files(tmp_path / "keys", PRIVATE, passphrase, ORIGIN)
    assert secret(load_private_key(files.private, asked)) == secret(PRIVATE)


def test_the_files_are_named_after_the_key(tmp_path: Path, plain: KeyFiles) -> None:
    assert plain == key_files_in(tmp_path / "keys", KEY_ID)
    assert sorted(os.listdir(tmp_path / "keys")) == [f"{KEY_ID}.{kind}" for kind in ("key", "pem", "vkey")]


def test_only_the_owner_may_enter_the_folder_or_read_the_key(plain: KeyFiles) -> None:
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (plain.private, plain.private.parent)]
    assert modes == [0o600, 0o700]


def test_the_public_file_holds_the_public_key(plain: KeyFiles) -> None:
    assert load_public_pem(plain.public.read_bytes()) == public_key_of(PRIVATE)


def test_the_verifier_file_holds_origin_and_public_key(plain: KeyFiles) -> None:
    verifier = parse_vkey(plain.verifier.read_text())
    assert (verifier.name, verifier.public_raw) == (ORIGIN, public_key_of(PRIVATE).raw)


def test_nothing_is_asked_for_a_plain_key(plain: KeyFiles) -> None:
    assert secret(load_private_key(plain.private, never_asked)) == secret(PRIVATE)


def test_the_encrypted_key_is_opened_by_the_library() -> None:
    opened = load_pem_private_key(ENCRYPTED, PASSPHRASE)
    assert isinstance(opened, Ed25519PrivateKey)
    assert secret(opened) == secret(PRIVATE)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
@pytest.mark.parametrize(("passphrase", "code"), [(b"right", 0), (b"wrong", 1)])
def test_the_encrypted_key_is_opened_by_openssl(tmp_path: Path, passphrase: bytes, code: int) -> None:
    path = stored(tmp_path, key_encryption.encrypted_pem(PRIVATE, b"right"))
    command = ["openssl", "pkey", "-in", path, "-passin", b"pass:" + passphrase, "-pubout"]
    run = subprocess.run(command, capture_output=True, check=False)
    assert run.returncode == code
    assert (run.stdout == public_key_of(PRIVATE).pem) is (code == 0)


def test_the_passphrase_hides_the_key() -> None:
    assert secret(PRIVATE) not in ENCRYPTED_DER


def test_two_encryptions_share_neither_salt_nor_vector() -> None:
    first, second = (
        key_encryption.encrypted_parts(pem)
        for pem in (ENCRYPTED, key_encryption.encrypted_pem(PRIVATE, PASSPHRASE))
    )
    assert all(a != b for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("wrong", [b"", b"passphrase", PASSPHRASE + b"\n"])
def test_a_wrong_passphrase_is_told(tmp_path: Path, wrong: bytes) -> None:
    with pytest.raises(WrongPassphrase):
        load_private_key(stored(tmp_path, ENCRYPTED), lambda: wrong)


def test_an_empty_passphrase_protects_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="empty"):
        write_key_files(tmp_path / "keys", PRIVATE, b"", ORIGIN)


def test_damage_that_decrypts_to_another_key_is_noticed(tmp_path: Path) -> None:
    der = bytearray(ENCRYPTED_DER)
    der[-64 + 16] ^= 1  # second block of the ciphertext: the secret itself
    with pytest.raises(KeyUnusable, match="another key"):
        load_private_key(stored(tmp_path, pem_of_der(bytes(der))), asked)


def test_damage_to_the_start_of_the_ciphertext_does_not_open(tmp_path: Path) -> None:
    der = bytearray(ENCRYPTED_DER)
    der[-64] ^= 1
    with pytest.raises(WrongPassphrase, match="does not open"):
        load_private_key(stored(tmp_path, pem_of_der(bytes(der))), asked)


def weak_pem() -> bytes:
    return PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE))


@pytest.mark.parametrize(
    "pem",
    [
        weak_pem(),
        pem_of_der(ENCRYPTED_DER[:-1]),
        pem_of_der(ENCRYPTED_DER + b"\x00"),
        pem_of_der(ENCRYPTED_DER.replace(b"\x02\x02\x40\x00", b"\x02\x02\x04\x00")),
        pem_of_der(b""),
        ENCRYPTED[:-10],
        ENCRYPTED.replace(b"M", b"!", 1),
        ENCRYPTED.replace(b"=", b""),
        ENCRYPTED + ENCRYPTED,
    ],
    ids=["PBKDF2", "cut", "longer", "cheap scrypt", "empty", "cut PEM", "bad base64", "no padding", "twice"],
)
def test_a_damaged_or_weakly_encrypted_key_is_refused_before_asking(tmp_path: Path, pem: bytes) -> None:
    with pytest.raises(KeyUnusable):
        load_private_key(stored(tmp_path, pem), never_asked)


def other_kind() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize(
    "pem",
    [b"", b"\x00\xff garbage", key_encryption.plain_pem(PRIVATE)[:-40], other_kind()],
    ids=["empty", "garbage", "cut short", "another kind"],
)
def test_a_file_without_a_plain_ed25519_key_is_refused(tmp_path: Path, pem: bytes) -> None:
    with pytest.raises(KeyUnusable):
        load_private_key(stored(tmp_path, pem), never_asked)


def test_a_key_under_another_keys_name_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path, key_encryption.plain_pem(new_private_key()))
    with pytest.raises(KeyUnusable, match="another key"):
        load_private_key(path, never_asked)


def test_a_key_under_a_name_of_ones_own_is_read(tmp_path: Path) -> None:
    path = stored(tmp_path, key_encryption.plain_pem(PRIVATE), "mine.key")
    assert secret(load_private_key(path, never_asked)) == secret(PRIVATE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_key_that_others_have_rights_to_is_refused(plain: KeyFiles, mode: int) -> None:
    plain.private.chmod(mode)
    with pytest.raises(KeyUnusable, match="open to other accounts"):
        load_private_key(plain.private, never_asked)


def test_a_missing_key_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_private_key(tmp_path / "none.key", never_asked)


def test_a_link_is_not_followed(tmp_path: Path, plain: KeyFiles) -> None:
    link = tmp_path / "link.key"
    link.symlink_to(plain.private)
    with pytest.raises(KeyUnusable, match="cannot be read"):
        load_private_key(link, never_asked)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, make: object) -> None:
    path = tmp_path / "odd.key"
    make(path, 0o700)
    with pytest.raises(KeyUnusable):
        load_private_key(path, never_asked)


@pytest.mark.parametrize("kind", ["private", "public", "verifier"])
def test_a_file_that_is_there_already_is_never_replaced(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    there = getattr(key_files_in(folder, KEY_ID), kind)
    there.write_text("precious")
    with pytest.raises(Refused):
        write_key_files(folder, PRIVATE, None, ORIGIN)
    assert there.read_text() == "precious"
    assert os.listdir(folder) == [there.name]


def test_a_link_in_a_key_files_place_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    key_files_in(folder, KEY_ID).private.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused):
        write_key_files(folder, PRIVATE, None, ORIGIN)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("failing", range(4))
def test_a_failing_disk_leaves_no_key_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    calls = iter(range(10))

    def fsync(_descriptor: int) -> None:
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(Refused, match="No space left"):
        write_key_files(tmp_path / "keys", PRIVATE, None, ORIGIN)
    assert os.listdir(tmp_path / "keys") == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        write_key_files(tmp_path / "missing" / "keys", PRIVATE, None, ORIGIN)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o720])
def test_a_folder_that_others_may_enter_gets_no_key(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(KeyUnusable, match="other accounts"):
        write_key_files(folder, PRIVATE, None, ORIGIN)
    assert os.listdir(folder) == []
