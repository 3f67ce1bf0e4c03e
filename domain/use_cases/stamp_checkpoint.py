"""Having a checkpoint stamped: asked for, judged, and only then recorded.

Knows the order, and that an authority which is dead, slow, unknown or lying costs its stamp and nothing else.
Speaks no protocol: requests, replies and the way to an authority are functions handed in.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from custody.domain.entries.entry import Recorded
from custody.domain.errors import AuthorityFailed, MalformedData, Refused
from custody.domain.events import CheckpointStamped
from custody.domain.identifiers import Position, Stream, checkpoint_stream
from custody.domain.ports import LedgerWriter, Recording
from custody.domain.proofs.time_stamp import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    Outcome,
    ReadToken,
    StampEvidence,
    StampRequest,
    TokenFacts,
    judge_token,
    time_text,
    token_text,
)
from custody.domain.verdict import Verdict


class StampProtocol(Protocol):
    """The protocol of RFC 3161."""

    def make_request(self, request: StampRequest) -> bytes:
        """Return a request in the form of the protocol."""

    def open_reply(self, raw: bytes) -> bytes:
        """Return the token in a reply. Raises AuthorityFailed for a refusal, MalformedData."""


class Streams(Protocol):
    """The ledger's streams as they are."""

    def revision(self, stream: Stream) -> int:
        """Return the last revision of a stream; 0 when there is none."""

    def history(self, stream: Stream) -> Iterable[Recorded]:
        """Return the events of one stream in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampDesk:
    """The ports of one command. ``find_lists`` looks for revocation lists (DER) where none is at hand."""

    ledger: LedgerWriter
    streams: Streams
    protocol: StampProtocol
    read_token: ReadToken
    find_lists: Callable[[TokenFacts], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedNote:
    """A signed note whose stamp is wanted: its exact bytes, and the size that it states."""

    note: bytes
    size: int

    @property
    def imprint(self) -> bytes:
        """What is stamped: SHA-256 over the note's exact bytes."""
        return hashlib.sha256(self.note).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StampAttempt:
    """What became of one authority's stamp. ``position`` is None unless it was recorded."""

    asked: str  # the URL, or the file that the reply came in
    outcome: Outcome | Literal["no-stamp"]
    verdict: Verdict
    message: str
    facts: TokenFacts | None = None
    position: Position | None = None


def ask_authorities(
    desk: StampDesk,
    wanted: StampedNote,
    urls: Iterable[str],
    *,
    ask: Callable[[str, bytes], bytes],
    new_nonce: Callable[[], int],
) -> Iterator[StampAttempt]:
    """Ask each authority in turn and record what holds. Raises what the ledger raises, nothing of theirs."""
    for url in urls:
        request = StampRequest(wanted.imprint, new_nonce())
        try:
            token = desk.protocol.open_reply(ask(url, desk.protocol.make_request(request)))
            attempt = take_reply(desk, wanted, token, nonce=request.nonce, asked=url)
        except (AuthorityFailed, MalformedData, Refused) as error:
            attempt = StampAttempt(asked=url, outcome="no-stamp", verdict="indeterminate", message=error.what)
        yield attempt


def take_reply(
    desk: StampDesk, wanted: StampedNote, token: bytes, *, nonce: int | None, asked: str
) -> StampAttempt:
    """Judge a token and record it if it holds.

    Raises MalformedData for what is no token, Refused for one that is recorded already or cannot be kept.
    """
    facts = desk.read_token(StampEvidence(token=token))
    judgement = judge_token(facts, wanted.imprint, nonce)
    if judgement.verdict == "passed" and facts.revocation == "not-shown":
        facts = desk.read_token(StampEvidence(token=token, revocation_lists=desk.find_lists(facts)))
        judgement = judge_token(facts, wanted.imprint, nonce)
    position = _record(desk, wanted, token, facts) if judgement.verdict == "passed" else None
    return StampAttempt(
        asked=asked,
        outcome=judgement.outcome,
        verdict=judgement.verdict,
        message=judgement.message,
        facts=facts,
        position=position,
    )


def _record(desk: StampDesk, wanted: StampedNote, token: bytes, facts: TokenFacts) -> Position:
    stream = checkpoint_stream(desk.ledger.ledger, wanted.size)
    text = token_text(token)
    for recorded in desk.streams.history(stream):
        if isinstance(recorded.event, CheckpointStamped) and recorded.event.token == text:
            raise Refused(
                f"this stamp is recorded already, at position {recorded.position}",
                done="Nothing was written.",
                hint="nothing is left to do: 'custody explain' with that position tells of it",
            )
    event = CheckpointStamped(
        size=wanted.size,
        note_sha256=wanted.imprint.hex(),
        generated_at=time_text(facts.generated_at),
        accuracy_microseconds=facts.accuracy_microseconds,
        authority=facts.authority,
        serial=facts.serial,
        policy=facts.policy,
        token=text,
        certificates=_kept(desk.ledger, facts.chain),
        revocation_lists=_kept(desk.ledger, facts.revocation_lists),
    )
    return desk.ledger.append([Recording(stream, desk.streams.revision(stream) + 1, event)])


def _kept(ledger: LedgerWriter, contents: tuple[bytes, ...]) -> tuple[str, ...]:
    """Keep what belongs to a stamp as documents; returns their SHA-256. Raises Refused for too much of it."""
    if len(contents) > MAX_ATTACHMENTS or any(len(one) > MAX_ATTACHMENT_BYTES for one in contents):
        raise Refused(
            "the authority's certificates or revocation lists are more than can be kept",
            done="The stamp was not recorded.",
        )
    return tuple(ledger.keep_document(content) for content in contents)
