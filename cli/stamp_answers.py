"""What is said of time stamps: of those asked for, of a request made, of a reply taken in."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from custody.cli.exit_codes import VERDICT_CODES, ExitCode
from custody.cli.output import Answer
from custody.cli.wording import counted
from custody.domain.paths import to_json
from custody.domain.proofs.time_stamp import TokenFacts, time_text
from custody.domain.use_cases.stamp_checkpoint import StampAttempt, StampedNote

_LATER: Final = (
    "  ask again later, or carry a request there by hand: custody checkpoint stamp --request OUT",
)
_WORD: Final = {"passed": "OK", "failed": "CHANGED", "indeterminate": "CANNOT TELL"}


def stamped_answer(wanted: StampedNote, attempts: Sequence[StampAttempt]) -> Answer:
    """Return the answer of authorities that were asked: one that gave no stamp costs that stamp alone."""
    recorded = sum(attempt.position is not None for attempt in attempts)
    complete = recorded == len(attempts)
    word = "OK" if complete else "INCOMPLETE"
    return Answer(
        code=ExitCode.OK if complete else ExitCode.INCOMPLETE,
        verdict=f"{word}  {_what(wanted)} stamped by {recorded} of "
        f"{counted(len(attempts), 'authority', 'authorities')}",
        lines=[*(line for attempt in attempts for line in _lines(attempt)), *(() if complete else _LATER)],
        fields=_fields(wanted, attempts),
    )


def imported_answer(wanted: StampedNote, attempt: StampAttempt) -> Answer:
    """Return the answer of a reply that was brought."""
    return Answer(
        code=VERDICT_CODES[attempt.verdict],
        verdict=f"{_WORD[attempt.verdict]}  {_what(wanted)}: {attempt.message}",
        lines=list(_lines(attempt)),
        fields=_fields(wanted, [attempt]),
    )


def request_answer(wanted: StampedNote, out: Path, *, not_covered: int) -> Answer:
    """Return the answer of a request that was written; ``not_covered`` entries have no checkpoint yet."""
    where = to_json("out", bytes(out))
    behind = [
        f"  no checkpoint covers {counted(not_covered, 'entry', 'entries')} yet: they will not be stamped"
    ]
    return Answer(
        verdict=f"OK  request for a time stamp of {_what(wanted)} written to {where['out']}",
        lines=[
            *(behind if not_covered else ()),
            "  have it answered by an authority, then: custody checkpoint import REPLY.tsr",
        ],
        fields={
            **where,
            "size": wanted.size,
            "note_sha256": wanted.imprint.hex(),
            "not_covered": not_covered,
        },
    )


def _what(wanted: StampedNote) -> str:
    return f"checkpoint of {counted(wanted.size, 'entry', 'entries')}"


def _lines(attempt: StampAttempt) -> Iterator[str]:
    if attempt.position is None or attempt.facts is None:
        yield f"  not recorded: {attempt.outcome}: {attempt.message}"
        yield f"    asked: {attempt.asked}"
        return
    facts = attempt.facts
    yield f"  {attempt.message}"
    yield f"    recorded at position {attempt.position}, serial number {facts.serial}, policy {facts.policy}"
    if facts.revocation == "not-shown":
        yield "    no revocation list shows that its certificate was not revoked"


def _fields(wanted: StampedNote, attempts: Sequence[StampAttempt]) -> dict[str, object]:
    return {
        "size": wanted.size,
        "note_sha256": wanted.imprint.hex(),
        "stamps": [
            {
                "asked": attempt.asked,
                "outcome": attempt.outcome,
                "message": attempt.message,
                "position": attempt.position,
                **({} if attempt.facts is None else _said(attempt.facts)),
            }
            for attempt in attempts
        ],
    }


def _said(facts: TokenFacts) -> dict[str, object]:
    """Return what the token says, whether or not it holds: ``outcome`` says that."""
    return {
        "generated_at": time_text(facts.generated_at),
        "accuracy_microseconds": facts.accuracy_microseconds,
        "authority": facts.authority,
        "serial": facts.serial,
        "policy": facts.policy,
        "anchor_sha256": facts.anchor_sha256,
        "revocation": facts.revocation,
    }
