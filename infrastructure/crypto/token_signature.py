"""A time stamp token as CMS carries it (RFC 5652, RFC 3161 section 2.4.2): its parts and its signature.

Knows the form, which certificate signed, and whether the signature holds. Deliberately does not know whom to
trust, and decides nothing.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from custody.domain.proofs.time_stamp import MAX_TOKEN_BYTES, Signature
from custody.infrastructure.crypto.asn1_values import Asn1Value, each, require
from custody.infrastructure.crypto.authorities import der, load_certificates, load_revocation_list

_HASHES: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_ATTRIBUTES: Final = b"\xa0"  # [0] IMPLICIT, as the signed attributes stand in the token
_SET_OF: Final = b"\x31"  # … and as they are signed (RFC 5652 section 5.4)


@dataclass(frozen=True, slots=True)
class SignedToken:
    """The parts of a token (CMS SignedData with one signer)."""

    content: bytes
    info: Asn1Value  # TSTInfo
    signer: Asn1Value  # SignerInfo
    attributes: Mapping[str, Asn1Value]  # the signed ones, each with its one value
    certificates: tuple[x509.Certificate, ...]
    revocation_lists: tuple[x509.CertificateRevocationList, ...]


def open_token(token: bytes) -> SignedToken:
    """Return the parts of a token; for use within ``reading``. Raises ValueError for what is none."""
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError(f"over the limit of {MAX_TOKEN_BYTES} bytes")
    outer = cast("Asn1Value", cms.ContentInfo.load(token, strict=True))
    require(outer["content_type"].native == "signed_data", "no signed data")
    data = outer["content"]
    encapsulated = data["encap_content_info"]
    require(encapsulated["content_type"].native == "tst_info", "no time stamp in it")
    require(len(data["signer_infos"]) == 1, "not exactly one signature")  # RFC 3161 section 2.4.2
    content = bytes(encapsulated["content"])
    info = cast("Asn1Value", tsp.TSTInfo.load(content, strict=True))
    require(info["version"].native == "v1", "another version")
    critical = [one for one in each(info["extensions"]) if one["critical"].native]
    require(not critical, "a critical extension that is not known here")
    signer = data["signer_infos"][0]
    return SignedToken(
        content=content,
        info=info,
        signer=signer,
        attributes=_attributes(signer["signed_attrs"]),
        certificates=tuple(
            load_certificates(one.chosen.dump())[0]
            for one in each(data["certificates"])
            if one.name == "certificate"
        ),
        revocation_lists=tuple(
            load_revocation_list(one.chosen.dump()) for one in each(data["crls"]) if one.name == "crl"
        ),
    )


def signature_of(signed: SignedToken, signer: x509.Certificate | None) -> Signature:
    """Say whether the signer's key signed the attributes, and these are about the content."""
    name = str(signed.signer["digest_algorithm"]["algorithm"].native)
    if signer is None:
        return "bad"
    if name not in _HASHES:
        return "unknown-algorithm"
    attributes = signed.attributes
    digest = hashlib.new(name, signed.content).digest()
    if attributes["content_type"].native != "tst_info" or attributes["message_digest"].native != digest:
        return "bad"
    encoded = signed.signer["signed_attrs"].dump()
    require(encoded[:1] == _ATTRIBUTES, "its signed attributes are not in their form")
    try:
        return _verified(signer, signed.signer, _SET_OF + encoded[1:], _HASHES[name]())
    except InvalidSignature:
        return "bad"
    except UnsupportedAlgorithm:
        return "unknown-algorithm"


def _verified(
    certificate: x509.Certificate, signer: Asn1Value, message: bytes, algorithm: hashes.HashAlgorithm
) -> Signature:
    """Verify the signature; raises InvalidSignature when it is bad."""
    signature, key = bytes(signer["signature"]), certificate.public_key()
    match key, signer["signature_algorithm"].signature_algo:
        case RSAPublicKey(), "rsassa_pkcs1v15":
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
        case RSAPublicKey(), "rsassa_pss" if _is_of_one_hash(signer):
            salt = cast("int", signer["signature_algorithm"]["parameters"]["salt_length"].native)
            key.verify(signature, message, padding.PSS(padding.MGF1(algorithm), salt), algorithm)
        case EllipticCurvePublicKey(), "ecdsa":
            key.verify(signature, message, ECDSA(algorithm))
        case _:
            return "unknown-algorithm"
    return "good"


def _is_of_one_hash(signer: Asn1Value) -> bool:
    """Tell whether a PSS signature uses the signer's digest algorithm throughout (RFC 4056 section 3)."""
    parameters = signer["signature_algorithm"]["parameters"]
    names = (
        parameters["hash_algorithm"]["algorithm"].native,
        parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native,
    )
    return set(names) == {signer["digest_algorithm"]["algorithm"].native}


def signing_certificate(
    signed: SignedToken, certificates: tuple[x509.Certificate, ...]
) -> tuple[x509.Certificate | None, bool]:
    """Return the certificate that the signer names, and whether the signed attributes bind it."""
    fitting = [one for one in certificates if _is_named(signed.signer["sid"], one)]
    bound = [one for one in fitting if _is_bound(signed.attributes, one)]
    return next(iter((*bound, *fitting)), None), bool(bound)


def _is_named(sid: Asn1Value, certificate: x509.Certificate) -> bool:
    """Tell whether a signer identifier means a certificate (RFC 5652 section 5.3)."""
    if sid.name == "issuer_and_serial_number":
        named = (sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native)
        return named == (certificate.issuer.public_bytes(), certificate.serial_number)
    try:
        known = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return False
    return sid.chosen.native == known


def _is_bound(attributes: Mapping[str, Asn1Value], certificate: x509.Certificate) -> bool:
    """Tell whether ESSCertID (RFC 2634) and ESSCertIDv2 (RFC 5035), where they stand, mean a certificate."""
    found = []
    if "signing_certificate" in attributes:
        found.append((attributes["signing_certificate"]["certs"][0], "sha1"))
    if "signing_certificate_v2" in attributes:
        second = attributes["signing_certificate_v2"]["certs"][0]
        found.append((second, str(second["hash_algorithm"]["algorithm"].native)))
    encoded = der(certificate)
    return bool(found) and all(
        name in {"sha1", *_HASHES}
        and one["cert_hash"].native == hashlib.new(name, encoded).digest()
        and _serial_fits(one["issuer_serial"], certificate)
        for one, name in found
    )


def _serial_fits(issuer_serial: Asn1Value, certificate: x509.Certificate) -> bool:
    if issuer_serial.native is None:
        return True
    return issuer_serial["serial_number"].native == certificate.serial_number


def _attributes(attributes: Asn1Value) -> dict[str, Asn1Value]:
    """Return the signed attributes: each kind once, with one value (RFC 5652 section 11)."""
    found: dict[str, Asn1Value] = {}
    for attribute in each(attributes):
        name = str(attribute["type"].native)
        require(name not in found and len(attribute["values"]) == 1, "a signed attribute stands twice")
        found[name] = attribute["values"][0]
    require({"content_type", "message_digest"} <= found.keys(), "a signed attribute is missing")
    return found
