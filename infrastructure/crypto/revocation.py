"""Whether a chain of certificates was revoked, by the lists at hand (RFC 5280 section 6.3).

Knows which lists say something of which certificate, and when. Fetches nothing; no list is no news.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from custody.domain.proofs.time_stamp import Revocation
from custody.infrastructure.crypto.authorities import UNREADABLE, load_certificates

_HTTP: Final = ("http://", "https://")

# RFC 3161 section 4: for these reasons a certificate is withdrawn without a doubt about stamps made before.
_WITHDRAWN_ONLY: Final = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)


def revocation_at(
    chain: Sequence[x509.Certificate], lists: Iterable[x509.CertificateRevocationList], moment: datetime
) -> tuple[Revocation, tuple[x509.CertificateRevocationList, ...]]:
    """Return what the lists say of a chain at a moment, and those of them that say it.

    ``not-revoked`` only if for every certificate but the trusted one a list, valid at the moment or made
    after it, does not name it.
    """
    known = tuple(lists)
    shown, used = [], []
    for certificate, issuer in pairwise(chain):
        usable = [crl for crl in known if _is_about(crl, certificate, issuer)]
        if any(_takes_the_stamps(crl, certificate, moment) for crl in usable):
            return "revoked", tuple(usable)
        fresh = [crl for crl in usable if (crl.next_update_utc or crl.last_update_utc) >= moment]
        shown.append(bool(fresh))
        used += fresh
    return ("not-revoked" if shown and all(shown) else "not-shown"), tuple(used)


def list_urls(chain: Iterable[bytes]) -> tuple[str, ...]:
    """Return where the lists of a chain (DER) are to be had over HTTP, by its certificates' own account."""
    names = (
        name
        for encoded in chain
        for certificate in load_certificates(encoded)
        for name in _distribution_names(certificate)
    )
    urls = (name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))
    return tuple(dict.fromkeys(url for url in urls if url.startswith(_HTTP)))


def _is_about(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    """Tell whether a list is one of the issuer's and covers the certificate (RFC 5280 section 6.3.3)."""
    if crl.issuer != certificate.issuer or crl.issuer != issuer.subject:
        return False
    try:
        return (
            crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # another kind: TypeError
            and _may_sign_lists(issuer)
            and all(_is_covered(extension, certificate) for extension in crl.extensions if extension.critical)
        )
    except (UnsupportedAlgorithm, *UNREADABLE):
        return False


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    with suppress(x509.ExtensionNotFound):
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    return True


def _is_covered(extension: "x509.Extension[x509.ExtensionType]", certificate: x509.Certificate) -> bool:
    """Tell whether a critical extension leaves the certificate within the list's scope.

    Of the extensions only the issuing distribution point is known here; a delta list covers nothing.
    """
    scope = extension.value
    if not isinstance(scope, x509.IssuingDistributionPoint):
        return False
    limited = scope.indirect_crl or scope.only_contains_attribute_certs or scope.only_some_reasons
    wrong_kind = scope.only_contains_user_certs if _is_ca(certificate) else scope.only_contains_ca_certs
    if limited or wrong_kind or scope.relative_name:
        return False
    return not scope.full_name or any(name in scope.full_name for name in _distribution_names(certificate))


def _is_ca(certificate: x509.Certificate) -> bool:
    with suppress(x509.ExtensionNotFound):
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    return False


def _distribution_names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    with suppress(x509.ExtensionNotFound, *UNREADABLE):
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        return [name for point in points for name in point.full_name or ()]
    return []


def _takes_the_stamps(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, moment: datetime
) -> bool:
    """Tell whether a list takes stamps of this moment their worth (RFC 3161 section 4)."""
    revoked = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if revoked is None:
        return False
    try:
        reason = revoked.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, *UNREADABLE):
        return True
    return reason not in _WITHDRAWN_ONLY or revoked.revocation_date_utc <= moment
