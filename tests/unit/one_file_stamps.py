"""The verifier in one file beside the one that is built on libraries: both judge the same stamp."""

from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from custody.domain.errors import MalformedData
from custody.domain.proofs.time_stamp import StampEvidence, judge_token
from custody.domain.verdict import Verdict
from custody.infrastructure.crypto.authorities import Authorities
from custody.infrastructure.crypto.time_stamps import TokenReader
from custody.reports.bundle_files import verify_custody

Said = tuple[object, ...]
NOTHING: Final[Said] = ()


def by_libraries(evidence: StampEvidence, trusted: Authorities, imprint: bytes) -> tuple[Verdict, Said]:
    """The verdict on a stamp, and what it says of itself; MalformedData is a verdict, too."""
    try:
        facts = TokenReader(trusted)(evidence)
    except MalformedData:
        return "failed", NOTHING
    said = (facts.generated_at, facts.accuracy_microseconds, facts.authority, facts.serial, facts.policy)
    return judge_token(facts, imprint).verdict, said


def by_one_file(evidence: StampEvidence, trusted: Authorities, imprint: bytes) -> tuple[Verdict, Said]:
    """The same, as the verifier in one file has it."""
    authorities = verify_custody.Authorities()
    for part in (*trusted.certificates, *trusted.revocation_lists):
        authorities.add(part.public_bytes(Encoding.DER))
    said = NOTHING
    try:
        token = verify_custody.Token(
            evidence.token, list(evidence.certificates), list(evidence.revocation_lists)
        )
        said = (token.at, token.microseconds, token.authority, token.serial, token.policy)
        code, _ = token.refusal(imprint, authorities)
    except verify_custody.Unknown:
        return "indeterminate", said
    except ValueError:
        return "failed", NOTHING
    return ("failed" if code else "passed"), said


def require_agreement(
    token: bytes,
    roots: Sequence[x509.Certificate],
    imprint: bytes,
    *,
    kept: tuple[bytes, ...] = (),
    lists: tuple[bytes, ...] = (),
) -> Verdict:
    """Judge a stamp by both, and return the verdict on which they agree."""
    evidence = StampEvidence(token=token, certificates=kept, revocation_lists=lists)
    trusted = Authorities(tuple(roots))
    ours, theirs = by_libraries(evidence, trusted, imprint), by_one_file(evidence, trusted, imprint)
    if (ours, theirs) != (
        ("failed", NOTHING),
        ("indeterminate", NOTHING),
    ):  # what might be BER it leaves open
        assert ours == theirs
    return ours[0]
