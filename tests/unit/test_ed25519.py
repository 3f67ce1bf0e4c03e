import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from custody.domain.errors import KeyUnusable
from custody.domain.public_keys import LOW_ORDER_KEYS
from custody.infrastructure.crypto.ed25519 import (
    Ed25519Signer,
    load_public_pem,
    public_key_from_raw,
    verify,
)

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
Point = tuple[int, int]

# RFC 8032 section 7.1, test 2.
SECRET = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def signer() -> Ed25519Signer:
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(SECRET))


def pem_of(raw: bytes) -> bytes:
    key = Ed25519PublicKey.from_public_bytes(raw)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def add(a: Point, b: Point) -> Point:
    product = CURVE_D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, PRIME)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, PRIME)
    return x % PRIME, y % PRIME


def times(factor: int, point: Point) -> Point:
    result = (0, 1)
    while factor:
        if factor & 1:
            result = add(result, point)
        point, factor = add(point, point), factor >> 1
    return result


def point_at(y: int) -> Point | None:
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    for root in (x, x * ROOT_OF_MINUS_ONE % PRIME):
        if root * root % PRIME == square:
            return root, y
    return None


def low_order_points() -> set[Point]:
    """Multiply points by the large prime order until one of order 8 is left, then list its multiples."""
    for y in range(2, 100):
        point = point_at(y)
        if point is not None and times(4, rest := times(ORDER, point)) != (0, 1):
            return {times(factor, rest) for factor in range(8)}
    raise AssertionError


def encodings(point: Point) -> set[bytes]:
    x, y = point
    signs = {0, 1} if x == 0 else {x & 1}
    values = [value for value in (y, y + PRIME) if value < 2**255]
    return {(value | sign << 255).to_bytes(32, "little") for value in values for sign in signs}


def test_the_low_order_list_holds_every_encoding_of_every_such_point() -> None:
    computed = set().union(*(encodings(point) for point in low_order_points()))
    assert computed == LOW_ORDER_KEYS


@pytest.mark.parametrize("raw", sorted(LOW_ORDER_KEYS), ids=bytes.hex)
def test_a_low_order_key_is_refused(raw: bytes) -> None:
    with pytest.raises(KeyUnusable, match="low order"):
        load_public_pem(pem_of(raw))


def test_a_low_order_key_verifies_nothing_even_where_the_library_lets_it() -> None:
    identity = (1).to_bytes(32, "little")
    forged = identity + bytes(32)
    Ed25519PublicKey.from_public_bytes(identity).verify(forged, b"any message")
    assert not verify(identity, forged, b"any message")


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("excess", range(2, 19))
def test_a_key_with_a_coordinate_beyond_the_field_is_refused(excess: int, sign: int) -> None:
    raw = (PRIME + excess | sign << 255).to_bytes(32, "little")
    with pytest.raises(KeyUnusable, match="canonical"):
        load_public_pem(pem_of(raw))


def test_a_key_with_a_part_of_small_order_is_refused() -> None:
    base = point_at(4 * pow(5, -1, PRIME) % PRIME)
    assert base is not None
    [mixed] = encodings(add(base, max(low_order_points(), key=lambda point: point[0])))
    with pytest.raises(KeyUnusable, match="no point of the group"):
        load_public_pem(pem_of(mixed))
    assert not verify(mixed, SIGNATURE, b"\x72")


def test_what_is_no_point_of_the_curve_is_refused() -> None:
    [y] = [y for y in range(2, 9) if point_at(y) is None][:1]
    with pytest.raises(KeyUnusable, match="no point of the group"):
        public_key_from_raw(y.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(KeyUnusable, match="32 bytes"):
        public_key_from_raw(bytes(length))


def test_a_key_of_another_kind_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(KeyUnusable, match="another kind"):
        load_public_pem(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize("pem", [b"", b"garbage", b"\xff\xfe", pem_of(PUBLIC)[:-40], b"-" * 5000])
def test_what_is_no_public_key_is_refused(pem: bytes) -> None:
    with pytest.raises(KeyUnusable):
        load_public_pem(pem)


def test_signing_gives_the_signature_of_rfc_8032() -> None:
    assert signer().sign(b"\x72") == SIGNATURE


def test_the_signature_of_rfc_8032_verifies() -> None:
    assert verify(PUBLIC, SIGNATURE, b"\x72")


@pytest.mark.parametrize(
    ("signature", "message"),
    [(SIGNATURE, b"\x73"), (SIGNATURE[:-1], b"\x72"), (b"", b"\x72"), (bytes(64), b"\x72")],
)
def test_another_signature_or_message_does_not_verify(signature: bytes, message: bytes) -> None:
    assert not verify(PUBLIC, signature, message)


def test_a_key_of_another_length_verifies_nothing() -> None:
    assert not verify(PUBLIC[:-1], SIGNATURE, b"\x72")


def test_the_key_id_is_the_digest_of_the_subject_public_key_info() -> None:
    key = Ed25519PublicKey.from_public_bytes(PUBLIC)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert load_public_pem(pem_of(PUBLIC)).key_id == hashlib.sha256(der).hexdigest()


def test_a_signer_shows_its_public_key() -> None:
    shown = (signer().key_id, signer().public_raw, signer().public_pem)
    assert shown == (load_public_pem(pem_of(PUBLIC)).key_id, PUBLIC, pem_of(PUBLIC))
