"""Tokens without ASN.1: a table from a token's bytes to what it says, for whoever tests decisions alone."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from custody.domain.errors import AuthorityFailed, MalformedData
from custody.domain.events import CheckpointStamped
from custody.domain.proofs.time_stamp import StampEvidence, StampRequest, TokenFacts, time_text, token_text

MOMENT = datetime(2026, 3, 1, 21, 20, tzinfo=UTC)
GOOD = TokenFacts(
    imprint=bytes(32),
    nonce=7,
    generated_at=MOMENT,
    accuracy=timedelta(seconds=1),
    serial="12",
    policy="1.2.3",
    authority="CN=Test TSA",
    signature="good",
    certificate_bound=True,
    only_for_stamps=True,
    trust="trusted",
    revocation="not-revoked",
    chain=(b"leaf", b"root"),
    revocation_lists=(b"list",),
)


@dataclass
class TokenTable:
    """Reads and makes tokens that are nothing but their number in this table."""

    facts: dict[bytes, TokenFacts] = field(default_factory=dict)
    read: list[StampEvidence] = field(default_factory=list)

    def __call__(self, evidence: StampEvidence) -> TokenFacts:
        self.read.append(evidence)
        if evidence.token not in self.facts:
            raise MalformedData("no token of this table")
        return self.facts[evidence.token]

    def token(self, imprint: bytes, at: datetime = MOMENT, **changes: object) -> bytes:
        """A new token."""
        made = b"token %d" % len(self.facts)
        self.facts[made] = replace(GOOD, imprint=imprint, generated_at=at, **changes)  # type: ignore[arg-type]
        return made

    def event(self, token: bytes, size: int, /, **changes: object) -> CheckpointStamped:
        """What an honest program records of a token."""
        facts = self.facts[token]
        event = CheckpointStamped(
            size=size,
            note_sha256=(facts.imprint or b"").hex(),
            generated_at=time_text(facts.generated_at),
            accuracy_microseconds=facts.accuracy_microseconds,
            authority=facts.authority,
            serial=facts.serial,
            policy=facts.policy,
            token=token_text(token),
        )
        return replace(event, **changes)  # type: ignore[arg-type]


@dataclass
class TokenProtocol:
    """``StampProtocol``: a request is its digest and nonce, a reply the token itself."""

    def make_request(self, request: StampRequest) -> bytes:
        return request.imprint + b"%d" % request.nonce

    def open_reply(self, raw: bytes) -> bytes:
        if raw == b"refused":
            raise AuthorityFailed("the authority refused to stamp")
        return raw
