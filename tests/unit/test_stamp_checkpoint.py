"""A stamp is recorded only after it was judged, and an authority that gives none costs nothing else."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from custody.domain.entries.entry import Recorded
from custody.domain.errors import AuthorityFailed, MalformedData, Refused
from custody.domain.events import CheckpointStamped
from custody.domain.identifiers import KeyId, LedgerId, Position, Stream
from custody.domain.ports import Recording
from custody.domain.proofs.time_stamp import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, StampEvidence, TokenFacts
from custody.domain.use_cases.stamp_checkpoint import StampDesk, StampedNote, ask_authorities, take_reply
from tests.fakes.tokens import GOOD, TokenProtocol, TokenTable
from tests.unit.signed_ledger import LEDGER, new_ledger

NOTE = StampedNote(note=new_ledger(1).note(), size=5)


@dataclass
class MemoryLedger:
    """What was recorded and kept; implements writer and streams as far as they are used."""

    recorded: list[Recording] = field(default_factory=list)
    documents: dict[str, bytes] = field(default_factory=dict)

    @property
    def ledger(self) -> LedgerId:
        return LEDGER

    def append(self, recordings: list[Recording]) -> Position:
        self.recorded += recordings
        return Position(4 + len(self.recorded))

    def keep_document(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        self.documents[name] = content
        return name

    def revision(self, stream: Stream) -> int:
        return sum(one.stream == stream for one in self.recorded)

    def history(self, stream: Stream) -> list[Recorded]:
        return [
            Recorded(
                position=Position(position), stream=one.stream, revision=one.revision, at="",
                actor=KeyId(""), event=one.event,
            )
            for position, one in enumerate(self.recorded, start=5)
            if one.stream == stream
        ]  # fmt: skip


@dataclass
class Desk:
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    tokens: TokenTable = field(default_factory=TokenTable)
    found_lists: tuple[bytes, ...] = ()
    looked: int = 0

    def ports(self) -> StampDesk:
        return StampDesk(
            ledger=self.ledger,  # type: ignore[arg-type]  # vouched() is not used
            streams=self.ledger,
            protocol=TokenProtocol(),
            read_token=self.tokens,
            find_lists=self._find,
        )

    def _find(self, _facts: TokenFacts) -> tuple[bytes, ...]:
        self.looked += 1
        return self.found_lists


@pytest.fixture
def desk() -> Desk:
    return Desk()


def asked(desk: Desk, answers: dict[str, Callable[[bytes], bytes]]) -> list[tuple[str, str, Position | None]]:
    nonces = iter(range(7, 100))
    attempts = ask_authorities(
        desk.ports(),
        NOTE,
        answers,
        ask=lambda url, request: answers[url](request),
        new_nonce=lambda: next(nonces),
    )
    return [(attempt.asked, attempt.outcome, attempt.position) for attempt in attempts]


def dead(_request: bytes) -> bytes:
    raise AuthorityFailed("no answer")


def test_a_stamp_that_holds_is_recorded_with_what_belongs_to_it(desk: Desk) -> None:
    token = desk.tokens.token(NOTE.imprint)
    assert asked(desk, {"a": lambda _: token}) == [("a", "good", 5)]
    [recording] = desk.ledger.recorded
    event = recording.event
    assert isinstance(event, CheckpointStamped)
    assert (recording.stream.kind, recording.revision) == ("checkpoint", 1)
    assert event == desk.tokens.event(
        token, 5, certificates=event.certificates, revocation_lists=event.revocation_lists
    )
    assert [desk.ledger.documents[name] for name in event.certificates] == [b"leaf", b"root"]
    assert [desk.ledger.documents[name] for name in event.revocation_lists] == [b"list"]
    assert desk.looked == 0


def test_dead_refusing_lying_and_unknown_authorities_cost_their_stamps_alone(desk: Desk) -> None:
    good = [desk.tokens.token(NOTE.imprint, nonce=nonce) for nonce in (7, 12)]
    other = desk.tokens.token(bytes(32), nonce=10)
    stranger = desk.tokens.token(NOTE.imprint, nonce=11, trust="not-trusted")
    answers: dict[str, Callable[[bytes], bytes]] = {
        "first": lambda _: good[0],
        "dead": dead,
        "refusing": lambda _: b"refused",
        "lying": lambda _: other,
        "unknown": lambda _: stranger,
        "last": lambda _: good[1],
        "rubbish": lambda _: b"rubbish",
    }
    assert asked(desk, answers) == [
        ("first", "good", 5),
        ("dead", "no-stamp", None),
        ("refusing", "no-stamp", None),
        ("lying", "wrong-imprint", None),
        ("unknown", "not-trusted", None),
        ("last", "good", 6),
        ("rubbish", "no-stamp", None),
    ]
    assert [one.revision for one in desk.ledger.recorded] == [1, 2]


def test_the_answer_to_another_request_is_not_recorded(desk: Desk) -> None:
    token = desk.tokens.token(NOTE.imprint, nonce=6)
    assert asked(desk, {"replaying": lambda _: token}) == [("replaying", "wrong-nonce", None)]
    assert desk.ledger.recorded == []


def test_a_stamp_is_recorded_once(desk: Desk) -> None:
    token = desk.tokens.token(NOTE.imprint)
    take_reply(desk.ports(), NOTE, token, nonce=7, asked="file")
    with pytest.raises(Refused, match="already, at position 5"):
        take_reply(desk.ports(), NOTE, token, nonce=7, asked="file")
    other = desk.tokens.token(NOTE.imprint)
    assert take_reply(desk.ports(), NOTE, other, nonce=7, asked="file").position == 6


def test_what_is_no_token_is_told_to_whoever_brought_it(desk: Desk) -> None:
    with pytest.raises(MalformedData):
        take_reply(desk.ports(), NOTE, b"rubbish", nonce=7, asked="file")


def test_revocation_lists_are_looked_for_where_a_token_has_none(desk: Desk) -> None:
    token = desk.tokens.token(NOTE.imprint, revocation="not-shown", revocation_lists=())
    desk.found_lists = (b"fetched",)
    assert take_reply(desk.ports(), NOTE, token, nonce=7, asked="a").position == 5
    assert desk.tokens.read[-1] == StampEvidence(token=token, revocation_lists=(b"fetched",))


def test_a_list_that_was_found_can_refute_the_stamp(desk: Desk) -> None:
    token = desk.tokens.token(NOTE.imprint, revocation="not-shown")
    honest = desk.tokens.facts[token]

    def find(_facts: TokenFacts) -> tuple[bytes, ...]:
        desk.tokens.token(NOTE.imprint)
        desk.tokens.facts[token] = GOOD.__class__(
            **{name: getattr(honest, name) for name in honest.__slots__ if name != "revocation"},
            revocation="revoked",
        )
        return (b"fetched",)

    ports = StampDesk(
        ledger=desk.ledger,  # type: ignore[arg-type]  # as above
        streams=desk.ledger, protocol=TokenProtocol(), read_token=desk.tokens, find_lists=find,
    )  # fmt: skip
    attempt = take_reply(ports, NOTE, token, nonce=7, asked="a")
    assert (attempt.outcome, attempt.verdict, attempt.position) == ("revoked", "failed", None)


@pytest.mark.parametrize(
    "chain", [(b"x",) * (MAX_ATTACHMENTS + 1), (bytes(MAX_ATTACHMENT_BYTES + 1),)], ids=["many", "large"]
)
def test_more_than_can_be_kept_is_not_recorded(desk: Desk, chain: tuple[bytes, ...]) -> None:
    token = desk.tokens.token(NOTE.imprint, chain=chain)
    with pytest.raises(Refused, match="more than can be kept"):
        take_reply(desk.ports(), NOTE, token, nonce=7, asked="a")
    assert (desk.ledger.recorded, desk.ledger.documents) == ([], {})
