"""The giver's side of a hand-over from the command line: the offer, its file, and the answer that comes back.

Knows the order: an offer is recorded and covered by a checkpoint before its file is made.
"""

import os
from pathlib import Path

from custody.cli.adapters import reading_ledger
from custody.cli.brought_files import brought_keys, file_content, own_keys
from custody.cli.casework import named, named_in
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.session import Session, in_session
from custody.cli.wording import counted, size_text
from custody.domain.errors import NotFound, Refused
from custody.domain.events import CustodyAccepted, CustodyDeclined
from custody.domain.exhibits.answer import MAX_ANSWER_BYTES
from custody.domain.exhibits.texts import form_text
from custody.domain.identifiers import KeyId, Position
from custody.domain.paths import printable, to_json
from custody.domain.public_keys import pem_of
from custody.domain.use_cases.exhibits.answering import GivenAnswer, take_answer
from custody.domain.use_cases.exhibits.books import ExhibitBook, enrolled, exhibit_book
from custody.domain.use_cases.exhibits.offering import Receiver, Terms, offer_file, open_offer, record_offer
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import verify
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.files.new_file import new_file


def made_offer(
    run: Invocation, exhibit: str, case: str | None, *, to: str, out: str, receiver: str | None, terms: Terms
) -> Answer:  # fmt: skip
    """Record an offer and write its file. Raises NotFound, NotAllowed, Refused, UsageError."""
    said = Terms(
        purpose=form_text("--purpose", terms.purpose), place=form_text("--place", terms.place),
        comments=form_text("--comments", terms.comments),
    )  # fmt: skip
    named_receiver = form_text("--receiver", receiver)
    require_free(out)
    name = named(run, exhibit, case)
    return in_session(run, lambda session: _offer(session, name, to, out, named_receiver, said))


def _offer(
    session: Session, name: tuple[str, str], to: str, out: str, receiver: str | None, terms: Terms
) -> Answer:
    reader, model, actor = session.store.reader, session.store.read_model, session.store.person_key
    giver = enrolled(reader, actor)
    offered = record_offer(
        session.ledger, reader, model, name, actor=actor, giver_name="" if giver is None else giver.examiner,
        receiver=_receiver(session, to, receiver), terms=terms,
    )  # fmt: skip
    session.store.make_checkpoint()
    with verifying_in_parallel() as verify_many:
        content = offer_file(reader, offered, own_keys(session.workspace), verify_many)
    write_recorded(out, content, offered.position)
    event = offered.event
    return Answer(
        verdict=f"OK  exhibit {name[1]} of case {name[0]} offered, entry {offered.position}",
        lines=(
            f"  file       {printable(bytes(Path(out)))}",
            f"  to         {event.receiver_name or 'the holder of'} key {event.receiver}",
            f"  files      {counted(event.files, 'file')}, {size_text(event.bytes)}",
            f"  manifest   SHA-256 {event.manifest_sha256}",
            "  next       give the file and the copy to the receiver, then 'custody transfer import ANSWER'",
        ),
        fields={
            **to_json("out", bytes(Path(out))), "case": name[0], "exhibit": name[1],
            "position": offered.position, "receiver": event.receiver, "files": event.files,
            "bytes": event.bytes, "manifest_sha256": event.manifest_sha256,
        },
    )  # fmt: skip


def _receiver(session: Session, to: str, name: str | None) -> Receiver:
    """Return whom a person means: a key that the workspace has, by its id, or one that was brought along."""
    known = own_keys(session.workspace)
    key = KeyId(to)
    raw = known.get(key)
    if raw is None:
        [(key, brought)] = brought_keys([to], option="--to").items()
        raw = brought.raw
    enrolment = enrolled(session.store.reader, key)
    return Receiver(
        key=key, public_key=pem_of(raw), name=name or (None if enrolment is None else enrolment.examiner)
    )


def imported_answer(run: Invocation, file: str) -> Answer:
    """Record the answer in a file. Raises CannotTell, Refused, Tampered."""
    data = file_content(file, MAX_ANSWER_BYTES + 1)

    def taken(session: Session) -> Answer:
        reader = session.store.reader
        keys = own_keys(session.workspace)
        given = take_answer(session.ledger, reader, data.rstrip(b"\n"), key_of=keys.get, verify=verify)
        return answer_given(given)

    return in_session(run, taken)


def written_again(run: Invocation, exhibit: str, case: str | None, out: str) -> Answer:
    """Write the open offer of an exhibit, or else the last answer about it, to a new file.

    Raises NotFound when there is neither, Refused for a file that is there.
    """
    with reading_ledger(run) as view:
        reader = view.reader
        book = exhibit_book(reader, *named_in(reader, exhibit, case))
        made = open_offer(reader, book)
        if made is not None:
            with verifying_in_parallel() as verify_many:
                content = offer_file(reader, made, own_keys(view.workspace), verify_many)
            what, position = "offer", made.position
        else:
            position, content = _last_answer(reader, book)
            what = "answer"
    with new_file(Path(out)) as stream:
        stream.write(content)
    return Answer(
        verdict=f"OK  {what} of position {position} written to {printable(bytes(Path(out)))}",
        fields={**to_json("out", bytes(Path(out))), "file": what, "position": position},
    )


def _last_answer(reader: SqlLedgerReader, book: ExhibitBook) -> tuple[Position, bytes]:
    answers = [
        (one.position, one.event.answer)
        for one in reader.history(book.stream)
        if isinstance(one.event, CustodyAccepted | CustodyDeclined)
    ]
    if not answers:
        raise NotFound(f"no offer of {book.exhibit.title} is open or was answered in this ledger")
    position, envelope = answers[-1]
    return position, envelope.encode() + b"\n"


def answer_given(given: GivenAnswer, out: str | None = None) -> Answer:
    """Return what is said of an answer that was recorded."""
    answer = given.answer
    where = {} if out is None else to_json("out", bytes(Path(out)))
    written = f", answer written to {where['out']}" if where else ""
    return Answer(
        verdict=f"OK  exhibit {answer.exhibit} of case {answer.case_number} {answer.answer} "
        f"by {answer.name}, entry {given.position}{written}",
        fields={
            "case": answer.case_number, "exhibit": answer.exhibit, "answer": answer.answer, "key": answer.key,
            "name": answer.name, "position": given.position, "offer": answer.offer, **where,
        },
    )  # fmt: skip


def write_recorded(out: str, content: bytes, position: Position) -> None:
    """Write the file of what is recorded already. Raises Refused, and says that only the file is missing."""
    try:
        with new_file(Path(out)) as stream:
            stream.write(content)
    except Refused as error:
        raise Refused(
            error.what,
            done=f"It is recorded in entry {position}; only the file is missing.",
            hint="write the file with 'custody transfer again'",
        ) from error


def require_free(out: str) -> None:
    """Raise Refused for a file that is there or could not be made: before anything is recorded."""
    folder = os.path.dirname(out) or "."  # noqa: PTH120 - as it was typed
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refused(
            f"no file can be made there: {printable(os.fsencode(out))}",
            done="Nothing was recorded or written.",
            hint="choose a folder you may write",
        )
    if os.path.lexists(out):
        raise Refused(
            f"there is a file already: {printable(os.fsencode(out))}",
            done="Nothing was recorded or written.",
            hint="give another name",
        )
