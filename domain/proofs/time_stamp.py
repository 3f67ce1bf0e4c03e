"""Time stamps of checkpoints (RFC 3161, RFC 5816): what a token says, and whether that counts.

Knows the order of the checks and what each failure means. Deliberately does no ASN.1 and no cryptography: a
function is handed in that takes a token apart into facts. No authority is trusted because a token names it.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

from custody.domain.errors import MalformedData
from custody.domain.verdict import Verdict

MAX_TOKEN_BYTES: Final = 24 * 1024
"""A token lies in its entry, in base64 twice over; entries have 60 KiB. Tokens with their chain have 2–10."""

MAX_ATTACHMENTS: Final = 16
"""Certificates, and as many revocation lists, that may be kept with a token: chains have two to four."""

MAX_ATTACHMENT_BYTES: Final = 4 * 1024 * 1024
"""Of a certificate or revocation list; the lists of large authorities have a few hundred kilobytes."""

Signature: TypeAlias = Literal["good", "bad", "unknown-algorithm"]
Trust: TypeAlias = Literal["trusted", "not-trusted", "outside-validity"]
Revocation: TypeAlias = Literal["not-revoked", "revoked", "not-shown"]

Outcome: TypeAlias = Literal[
    "good",
    "wrong-imprint",
    "wrong-nonce",
    "bad-signature",
    "unknown-algorithm",
    "unbound-certificate",
    "not-for-stamps",
    "not-trusted",
    "outside-validity",
    "revoked",
]

VERDICTS: Final[dict[Outcome, Verdict]] = {
    "good": "passed",
    "wrong-imprint": "failed",
    "wrong-nonce": "failed",
    "bad-signature": "failed",
    "unknown-algorithm": "indeterminate",  # it may be one that was invented later
    "unbound-certificate": "failed",
    "not-for-stamps": "failed",
    "not-trusted": "indeterminate",  # whoever stamped, nobody here vouches for them
    "outside-validity": "failed",
    "revoked": "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StampEvidence:
    """A token (DER of a CMS ContentInfo), and what was kept beside it: certificates and CRLs, DER each."""

    token: bytes
    certificates: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """What a token says, and what cryptography says of it; everything as of the stamped time.

    ``imprint`` is the digest that was stamped, None where it is none of SHA-256. ``chain`` leads from the
    signing certificate to the trusted one (DER), empty where none is trusted; ``revocation_lists`` are those
    that say something of it.
    """

    imprint: bytes | None
    nonce: int | None
    generated_at: datetime
    accuracy: timedelta | None
    serial: str
    policy: str
    authority: str
    signature: Signature
    certificate_bound: bool
    only_for_stamps: bool
    trust: Trust
    revocation: Revocation
    chain: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()

    @property
    def earliest(self) -> datetime:
        """The earliest time that the stamp can mean."""
        return self.generated_at - (self.accuracy or timedelta())

    @property
    def latest(self) -> datetime:
        """The latest time that the stamp can mean."""
        return self.generated_at + (self.accuracy or timedelta())

    @property
    def accuracy_microseconds(self) -> int | None:
        """How far off the authority says that it may be; None where it does not say."""
        return None if self.accuracy is None else self.accuracy // timedelta(microseconds=1)

    @property
    def anchor_sha256(self) -> str | None:
        """Hexadecimal SHA-256 of the trusted certificate (DER) that the chain ends in; None without one."""
        return hashlib.sha256(self.chain[-1]).hexdigest() if self.chain else None


ReadToken: TypeAlias = Callable[[StampEvidence], TokenFacts]
"""Takes a token apart; knows the trusted authorities. Raises MalformedData for what is no token."""


@dataclass(frozen=True, slots=True)
class StampJudgement:
    """What a stamp is worth, and the sentence that says why."""

    outcome: Outcome
    message: str

    @property
    def verdict(self) -> Verdict:
        """Good → passed, who or what is not known here → indeterminate, all else → failed."""
        return VERDICTS[self.outcome]


@dataclass(frozen=True, slots=True)
class StampRequest:
    """What was asked of an authority: the digest to stamp, and the number that its answer must repeat."""

    imprint: bytes
    nonce: int


def judge_token(facts: TokenFacts, imprint: bytes, nonce: int | None = None) -> StampJudgement:
    """Judge a token by the digest it should be about and, where the request is known, by its nonce."""
    return StampJudgement(*_judged(facts, imprint, nonce))


def _judged(facts: TokenFacts, imprint: bytes, nonce: int | None) -> tuple[Outcome, str]:  # noqa: PLR0911 - steps
    # 1. It must be about these bytes (RFC 3161 section 2.4.2, messageImprint).
    if facts.imprint != imprint:
        return "wrong-imprint", "the stamp is of something else than this checkpoint's note"
    # 2. It must answer this request, where that is known (RFC 3161 section 2.4.2, nonce).
    if nonce is not None and facts.nonce != nonce:
        return "wrong-nonce", "the stamp answers another request: its nonce is not the one that was sent"
    # 3. It must be signed (RFC 5652 section 5.4) …
    if facts.signature == "unknown-algorithm":
        return "unknown-algorithm", "the stamp is signed with an algorithm that is not known here"
    if facts.signature == "bad":
        return "bad-signature", "the stamp's signature does not hold: it was changed, or never signed"
    # 4. … by the certificate that the signed attributes name (RFC 5035 section 3, RFC 5816).
    if not facts.certificate_bound:
        return "unbound-certificate", "the stamp does not name the certificate that signed it"
    # 5. That certificate must be for time stamps and nothing else (RFC 3161 section 2.3).
    if not facts.only_for_stamps:
        return "not-for-stamps", "the certificate that signed is not for time stamps alone"
    # 6. A trusted authority must vouch for it at the stamped time (RFC 5280 section 6).
    if facts.trust == "outside-validity":
        return "outside-validity", "the authority's certificate was not valid at the stamped time"
    if facts.trust == "not-trusted":
        return "not-trusted", f"the authority is not trusted here: {facts.authority or 'it has no name'}"
    # 7. It must not have been revoked so that its stamps lost their worth (RFC 3161 section 4).
    if facts.revocation == "revoked":
        return "revoked", "the authority's certificate was revoked, and its stamps with it"
    return "good", f"stamped at {time_text(facts.generated_at)} by {facts.authority}"


def time_text(moment: datetime) -> str:
    """Return a time as entries carry it: UTC, microseconds, ``Z`` (RFC 3339 section 5.6)."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def token_text(token: bytes) -> str:
    """Return a token as an event carries it: base64 (RFC 4648 section 4)."""
    return base64.b64encode(token).decode("ascii")


def token_bytes(text: str) -> bytes:
    """Return the token that an event carries. Raises MalformedData for anything but its base64."""
    try:
        token = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        token = b""
    if not token or len(token) > MAX_TOKEN_BYTES or token_text(token) != text:
        raise MalformedData("a stamp's token is not in base64, empty or too long")
    return token
