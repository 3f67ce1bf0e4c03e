"""Stamps by ``openssl ts`` before the verifier in one file: its ASN.1, RSA and ECDSA against libraries."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from custody.domain.proofs.time_stamp import StampEvidence, StampRequest
from custody.infrastructure.crypto.authorities import Authorities
from custody.infrastructure.crypto.time_stamps import Rfc3161
from custody.reports.bundle_files import verify_custody
from tests.fakes.stamp_authority import Key, Root, StampAuthority, new_key
from tests.unit.one_file_stamps import by_libraries, by_one_file, require_agreement

IMPRINT = hashlib.sha256(b"a note").digest()


def rsa_key(size: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, size)


def stamped(authority: StampAuthority) -> bytes:
    protocol = Rfc3161()
    return protocol.open_reply(authority.reply(protocol.make_request(StampRequest(IMPRINT, 5))))


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize(
    ("key", "root_key", "expected"),
    [
        (rsa_key(), rsa_key(3072), "passed"),
        (ec.generate_private_key(ec.SECP384R1()), rsa_key(), "passed"),
        (ec.generate_private_key(ec.SECP521R1()), ec.generate_private_key(ec.SECP521R1()), "passed"),
        (new_key(), ec.generate_private_key(ec.SECP384R1()), "passed"),
        (new_key(), rsa_key(1024), "indeterminate"),
    ],
    ids=["rsa by rsa", "p384 by rsa", "p521 by p521", "p256 by p384", "by a short rsa"],
)
def test_stamps_of_each_kind_of_key_and_digest_are_judged_alike(
    tmp_path: Path, key: Key, root_key: Key, expected: str, digest: str
) -> None:
    authority = StampAuthority(tmp_path / "a", key=key, root=Root(key=root_key))
    config = tmp_path / "a" / "tsa.cnf"
    config.write_text(config.read_text().replace("signer_digest = sha256", f"signer_digest = {digest}"))
    token = stamped(authority)

    assert require_agreement(token, [authority.root.certificate], IMPRINT) == expected
    assert require_agreement(token, [Root().certificate], IMPRINT) == "indeterminate"
    assert require_agreement(token, [authority.root.certificate], bytes(32)) == "failed"


@pytest.mark.parametrize("binding", ["sha1", "sha384", "sha512"])
def test_a_certificate_may_be_bound_by_another_digest(tmp_path: Path, binding: str) -> None:
    authority = StampAuthority(tmp_path / "a")
    config = tmp_path / "a" / "tsa.cnf"
    config.write_text(config.read_text().replace("ess_cert_id_alg = sha256", f"ess_cert_id_alg = {binding}"))

    assert require_agreement(stamped(authority), [authority.root.certificate], IMPRINT) == "passed"


def test_an_older_digest_is_not_known(tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a")
    config = tmp_path / "a" / "tsa.cnf"
    config.write_text(config.read_text().replace("signer_digest = sha256", "signer_digest = sha1"))

    assert require_agreement(stamped(authority), [authority.root.certificate], IMPRINT) == "indeterminate"


def test_no_flipped_byte_of_a_token_passes_that_fails_with_libraries(tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a")
    token, trusted = stamped(authority), Authorities((authority.root.certificate,))
    good = by_libraries(StampEvidence(token=token), trusted, IMPRINT)
    root = authority.root.certificate.public_bytes(Encoding.DER)  # in the token; the one brought along counts
    within_root = range(token.index(root), token.index(root) + len(root))
    passed = []
    for at in range(len(token)):
        changed = bytearray(token)
        changed[at] ^= 1 << at % 8
        evidence = StampEvidence(token=bytes(changed))
        verdict, said = by_one_file(evidence, trusted, IMPRINT)
        if verdict == "passed":
            assert by_libraries(evidence, trusted, IMPRINT) == (verdict, said) == good, at
            passed.append(at)
    assert good[0] == "passed"
    assert sum(at not in within_root for at in passed) < 20, passed  # versions, a list of digests


def test_a_token_in_ber_is_left_open_and_not_refuted(tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a")
    token = stamped(authority)
    assert token[:2] == b"\x30\x82"
    indefinite = b"\x30\x80" + token[4:] + b"\0\0"
    longer = b"\x30\x83\0" + token[2:]
    for encoded in (indefinite, longer):
        evidence = StampEvidence(token=encoded)
        trusted = Authorities((authority.root.certificate,))
        assert by_one_file(evidence, trusted, IMPRINT)[0] == "indeterminate"


@pytest.mark.parametrize("size", [2048, 2049, 2055, 2056])
def test_pss_and_pkcs1_are_verified_as_openssl_signs(size: int) -> None:
    key, message = rsa_key(size), b"message"
    public = verify_custody.public_key(spki_of(key))
    for name, algorithm in (("sha256", hashes.SHA256()), ("sha512", hashes.SHA512())):
        digest = hashlib.new(name, message).digest()
        for salt in (0, 20, 32):
            signature = key.sign(message, padding.PSS(padding.MGF1(algorithm), salt), algorithm)
            assert verify_custody.verify_rsa(public, signature, digest, name, salt)
            for other in (salt + 1, salt - 1, -1, 10**6):
                assert not verify_custody.verify_rsa(public, signature, digest, name, other)
            assert not verify_custody.verify_rsa(public, signature, bytes(len(digest)), name, salt)
        signature = key.sign(message, padding.PKCS1v15(), algorithm)
        assert verify_custody.verify_rsa(public, signature, digest, name)
        assert not verify_custody.verify_rsa(public, signature[:-1], digest, name)
        assert not verify_custody.verify_rsa(public, b"\0" + signature, digest, name)
        assert not verify_custody.verify_rsa(public, b"\xff" * len(signature), digest, name)


@pytest.mark.parametrize(
    "curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name
)
def test_ecdsa_is_verified_as_openssl_signs(curve: ec.EllipticCurve) -> None:
    key, message = ec.generate_private_key(curve), b"message"
    public = verify_custody.public_key(spki_of(key))
    for name, algorithm in (("sha256", hashes.SHA256()), ("sha512", hashes.SHA512())):
        digest, signature = hashlib.new(name, message).digest(), key.sign(message, ec.ECDSA(algorithm))
        r, s = decode_dss_signature(signature)
        n = verify_custody.CURVES[curve_number(public)].n
        assert verify_custody.verify_ecdsa(public, signature, digest)
        assert not verify_custody.verify_ecdsa(public, signature, bytes(len(digest)))
        for odd in ((r, 0), (0, s), (r + n, s), (r, s + n), (s, r), (n, n)):
            assert not verify_custody.verify_ecdsa(public, encode_dss_signature(*odd), digest)
        assert not verify_custody.verify_ecdsa(public, b"\x30\x06\x02\x01\xff\x02\x01\x01", digest)
        for odd in (b"", b"\x30\x00", signature + b"\0", signature[:-1], b"\x31" + signature[1:]):
            assert not verify_custody.verify_ecdsa(public, odd, digest)


def test_a_point_that_is_not_on_its_curve_is_no_key() -> None:
    spki = bytearray(new_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    spki[-1] ^= 1
    with pytest.raises(ValueError, match="curve"):
        verify_custody.public_key(verify_custody.one_value(bytes(spki)))


def test_an_rsa_key_that_would_take_forever_is_not_used() -> None:
    slow = rsa.RSAPublicNumbers(2**127 + 1, rsa_key().public_key().public_numbers().n).public_key()
    spki = slow.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(verify_custody.Unknown):
        verify_custody.public_key(verify_custody.one_value(spki))


def spki_of(key: Key) -> verify_custody.Value:
    return verify_custody.one_value(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


def curve_number(key: verify_custody.PublicKey) -> str:
    return next(number for number, curve in verify_custody.CURVES.items() if curve == key.curve)
