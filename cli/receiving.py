"""The receiver's side of a hand-over: the offer judged, the copy read, the answer signed.

Knows the order: nothing is recorded before the offer holds, nothing is signed before every file was read.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Final

from custody.cli.acquisition import absolute
from custody.cli.brought_files import brought_keys, file_content, own_keys
from custody.cli.evidence import working
from custody.cli.exit_codes import ExitCode, code_of_signal
from custody.cli.hand_overs import answer_given, require_free, write_recorded
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.progress import shown_progress
from custody.cli.render import limited
from custody.cli.session import Session, in_session
from custody.cli.signals import pausing_on_signals
from custody.cli.verification import READ_ONCE
from custody.cli.wording import counted, size_text
from custody.cli.workspace import Workspace, open_workspace
from custody.domain.entries.entry import rfc3339
from custody.domain.errors import DestinationMissing, Refused, UsageError
from custody.domain.exhibits.offer import MAX_OFFER_BYTES
from custody.domain.exhibits.texts import form_text
from custody.domain.identifiers import KeyId
from custody.domain.paths import printable, to_json
from custody.domain.use_cases.check_proof import TrustedKey
from custody.domain.use_cases.exhibits.answering import Answerer, Desk, Said
from custody.domain.use_cases.exhibits.books import enrolled
from custody.domain.use_cases.exhibits.handed_copy import HandedCopy, read_handed_copy
from custody.domain.use_cases.exhibits.received_offers import ReceivedOffer, received_offer
from custody.domain.use_cases.lane_feed import Interrupted
from custody.domain.use_cases.verification.verify_copies import Problem
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import verify

_NOTHING_READ: Final = HandedCopy()


def accepted_offer(
    run: Invocation, file: str, *, copy: str | None, out: str, keys: Sequence[str], place: str | None,
    comments: str | None,
) -> Answer:  # fmt: skip
    """Judge an offer, read the copy, and sign for it. Raises what the domain refuses."""
    texts = form_text("--place", place), form_text("--comments", comments)
    require_free(out)
    received = _received(run, file, keys)
    if received.offer.event.files and copy is None:
        raise UsageError("the exhibit has files: name the folder with the copy you were given with --copy")

    def accept(session: Session) -> Answer:
        desk = Desk(session.ledger, session.store.reader, received)
        desk.require_answerable(session.store.person_key, "accepted")
        found = _NOTHING_READ if copy is None else _read(session, copy, received)
        if isinstance(found, Answer):
            return found
        if found.problems:
            return _refused(desk, found)
        return _accepted(session, desk, texts, out, found)

    return in_session(run, accept)


def declined_offer(
    run: Invocation, file: str, *, out: str | None, keys: Sequence[str], place: str | None, reason: str | None
) -> Answer:  # fmt: skip
    """Judge an offer, and sign that it is not taken, or is withdrawn. Raises what the domain refuses."""
    texts = form_text("--place", place), form_text("--reason", reason)
    if out is not None:
        require_free(out)
    received = _received(run, file, keys)

    def decline(session: Session) -> Answer:
        if out is None and session.ledger.ledger != received.offer.ledger:
            raise UsageError("the giver needs your answer: name a new file for it with --out")
        desk = Desk(session.ledger, session.store.reader, received)
        desk.require_answerable(session.store.person_key, "declined")
        given = desk.decline(_answerer(session), _said(session, *texts))
        if out is not None:
            write_recorded(out, given.envelope + b"\n", given.position)
        return answer_given(given, out)

    return in_session(run, decline)


def _received(run: Invocation, file: str, keys: Sequence[str]) -> ReceivedOffer:
    trusted = brought_keys(keys) if keys else _workspace_keys(open_workspace(run))
    with verifying_in_parallel() as verify_many:
        return received_offer(file_content(file, MAX_OFFER_BYTES + 1), trusted, verify_many)


def _workspace_keys(workspace: Workspace) -> dict[KeyId, TrustedKey]:
    return {key: TrustedKey(raw=raw) for key, raw in own_keys(workspace).items()}


def _read(session: Session, copy: str, received: ReceivedOffer) -> HandedCopy | Answer:
    """Read the copy; an answer when a signal ended that."""
    run = session.run
    with (
        shown_progress(
            run.output, session.clock, verbose=run.choices.verbose, passes=READ_ONCE, said=()
        ) as shown,
        pausing_on_signals(run, _paused) as stop,
        working(session, stop, shown) as workshop,
    ):
        try:
            return read_handed_copy(workshop, absolute(copy), received.manifest)
        except DestinationMissing as error:
            raise Refused(
                f"the folder with the copy is not there: {printable(os.fsencode(copy))}",
                done="Nothing was accepted and nothing was recorded.",
                hint="name the folder that holds the paths of the offer's list with --copy",
            ) from error
        except Interrupted as interrupted:
            return _paused(code_of_signal(interrupted.signal))


def _accepted(
    session: Session, desk: Desk, texts: tuple[str | None, str | None], out: str, found: HandedCopy
) -> Answer:
    given = desk.accept(_answerer(session), _said(session, *texts), found)
    write_recorded(out, given.envelope + b"\n", given.position)
    answer = answer_given(given, out)
    methods = ", ".join(f"{count} {method}" for method, count in sorted(found.read_back.items()))
    return Answer(
        verdict=answer.verdict,
        lines=(
            f"  read again {counted(found.files, 'file')}, {size_text(found.size)}"
            + (f" ({methods})" if methods else ""),
            "  next       send the answer to the giver, for 'custody transfer import'",
        ),
        fields={**answer.fields, "checked": found.files, "bytes": found.size},
    )


def _refused(desk: Desk, found: HandedCopy) -> Answer:
    position = desk.refuse(found)
    code = ExitCode.REFUTED if found.differs else ExitCode.INCOMPLETE
    word = "CHANGED" if found.differs else "UNREAD"
    return Answer(
        code=code,
        verdict=f"{word}  the copy is not what was offered: nothing was accepted; see entry {position}",
        lines=list(limited(list(_lines(found)))),
        fields={
            "position": position, "checked": found.files, "changed": _fields(found.changed),
            "missing": _fields(found.missing), "unreadable": _fields(found.unreadable),
        },
    )  # fmt: skip


def _lines(found: HandedCopy) -> Iterator[str]:
    for word, problems in (
        ("CHANGED", found.changed),
        ("MISSING", found.missing),
        ("UNREAD", found.unreadable),
    ):
        yield from (f"  {word:<8}  {printable(one.path)}: {one.message}" for one in problems)


def _fields(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [{**to_json("path", problem.path), "message": problem.message} for problem in problems]


def _answerer(session: Session) -> Answerer:
    store = session.store
    known = enrolled(store.reader, store.person_key)
    return Answerer(
        key=store.person_key, name="" if known is None else known.examiner,
        badge=None if known is None else known.badge, agency=None if known is None else known.agency,
        sign=store.sign, verify=verify,
    )  # fmt: skip


def _said(session: Session, place: str | None, comments: str | None) -> Said:
    return Said(at=rfc3339(session.clock.now()), place=place, comments=comments)


def _paused(code: ExitCode) -> Answer:
    return Answer(
        code=code,
        verdict="PAUSED  the copy was not read to its end: nothing was accepted and nothing was recorded",
        lines=("  again with the same command",),
    )
