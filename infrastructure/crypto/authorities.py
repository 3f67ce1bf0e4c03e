"""Certificates of time stamping authorities (RFC 5280), and to whom they lead at a given time.

Knows X.509 as ``cryptography`` verifies it. Deliberately trusts nothing by itself: the trusted certificates
are handed in, and the system's store is never asked. Of revocation see ``revocation``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from custody.domain.errors import MalformedData
from custody.domain.proofs.time_stamp import Trust

MAX_CHAIN: Final = 4  # certificates between the signing and the trusted one; real chains have one or two
MAX_NAMESAKES: Final = 3
"""Certificates of one name that are tried as links: cross-signed ones have two or three.

With more, hostile certificates that sign one another in circles could make the search as good as endless.
"""

_PEM: Final = b"-----BEGIN"
_NAMES: Final = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COUNTRY_NAME: "C",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
}

UNREADABLE: Final = (
    ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType
)  # fmt: skip
"""What ``cryptography`` raises when a part of a certificate or list is not in its form."""


@dataclass(frozen=True, slots=True)
class Authorities:
    """Whom the auditor trusts to vouch for time stamps, and the revocation lists they brought along."""

    certificates: tuple[x509.Certificate, ...] = ()
    revocation_lists: tuple[x509.CertificateRevocationList, ...] = ()


def load_certificates(content: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a file: PEM, also several, or one in DER. Raises MalformedData."""
    try:
        if content.lstrip().startswith(_PEM):
            return tuple(x509.load_pem_x509_certificates(content))
        return (x509.load_der_x509_certificate(content),)
    except UNREADABLE as error:
        raise MalformedData("it holds no X.509 certificate") from error


def load_revocation_list(content: bytes) -> x509.CertificateRevocationList:
    """Return the revocation list in a file, in PEM or DER. Raises MalformedData."""
    try:
        if content.lstrip().startswith(_PEM):
            return x509.load_pem_x509_crl(content)
        return x509.load_der_x509_crl(content)
    except UNREADABLE as error:
        raise MalformedData("it holds no certificate revocation list") from error


def der(part: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """Return the DER encoding."""
    return part.public_bytes(Encoding.DER)


def name_text(name: x509.Name) -> str:
    """Return a name in one line: ``CN=…, O=…``, with the number of an attribute that has no letter here."""
    return ", ".join(f"{_NAMES.get(part.oid, part.oid.dotted_string)}={_value(part)}" for part in name)


def is_only_for_stamps(certificate: x509.Certificate) -> bool:
    """Tell whether extendedKeyUsage is critical and names time stamping alone (RFC 3161 section 2.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def chain_at(
    leaf: x509.Certificate | None,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    moment: datetime,
) -> tuple[Trust, tuple[x509.Certificate, ...]]:
    """Return whether a trusted certificate vouches for ``leaf`` at a moment, and the chain that leads there.

    ``outside-validity`` where it would have at another time; the chain is empty then.
    """
    if leaf is None:
        return "not-trusted", ()
    if chain := _chain(leaf, others, trusted, moment):
        return "trusted", chain
    other_times = (leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    if any(_chain(leaf, others, trusted, other) for other in other_times):
        return "outside-validity", ()
    return "not-trusted", ()


def _chain(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    moment: datetime,
) -> tuple[x509.Certificate, ...]:
    """Return the chain that RFC 5280 section 6 accepts at a moment; nothing where there is none."""
    if not trusted:
        return ()
    builder = PolicyBuilder().store(Store(list(trusted))).time(moment).max_chain_depth(MAX_CHAIN)
    verifier = builder.extension_policies(ca_policy=_CA, ee_policy=_SIGNER).build_client_verifier()
    try:
        return tuple(verifier.verify(leaf, _links(others)).chain)
    except VerificationError:
        return ()


def _links(others: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Return what may stand in the middle of a chain: nothing that is its own issuer, few of one name."""
    namesakes: Counter[x509.Name] = Counter()
    links = []
    for certificate in others:
        name = certificate.subject
        namesakes[name] += 1
        if name != certificate.issuer and namesakes[name] <= MAX_NAMESAKES:
            links.append(certificate)
    return links


def _value(part: "x509.NameAttribute[str | bytes]") -> str:
    return part.value if isinstance(part.value, str) else part.value.hex()


def _require_ca(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("not a certificate of an authority")


def _require_signing_of_certificates(
    _policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("the key may not sign certificates")


def _require_signing(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("the key may not sign")


_CA: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _require_ca)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _require_signing_of_certificates)
)
_SIGNER: Final = ExtensionPolicy.permit_all().may_be_present(
    x509.KeyUsage, Criticality.AGNOSTIC, _require_signing
)
