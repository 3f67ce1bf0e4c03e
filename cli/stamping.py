"""Time stamps from the command line: asked for over the network, or by files carried by hand.

Knows files, sessions and how it is shown. Decides nothing; see ``domain.use_cases.stamp_checkpoint``.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from custody.cli.adapters import reading_ledger
from custody.cli.authorities import trusted_authorities
from custody.cli.brought_files import file_content
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.session import Session, in_session
from custody.cli.stamp_answers import imported_answer, request_answer, stamped_answer
from custody.cli.workspace import PRIVATE, Workspace, open_workspace, shown
from custody.domain.errors import AuthorityFailed, CannotTell, MalformedData, NotFound, Refused, UsageError
from custody.domain.paths import printable
from custody.domain.proofs.checkpoint import Checkpoint, parse_note
from custody.domain.proofs.time_stamp import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    StampEvidence,
    StampRequest,
    TokenFacts,
)
from custody.domain.use_cases.stamp_checkpoint import StampDesk, StampedNote, ask_authorities, take_reply
from custody.infrastructure.authority_http import HttpExchange, parsed_url
from custody.infrastructure.crypto.authorities import Authorities, der, load_revocation_list
from custody.infrastructure.crypto.revocation import list_urls
from custody.infrastructure.crypto.time_stamps import MAX_REPLY_BYTES, Rfc3161, TokenReader
from custody.infrastructure.event_store.reader import SqlLedgerReader
from custody.infrastructure.files.new_file import new_file
from custody.infrastructure.system import new_nonce

_LIST_SECONDS: Final = 10.0  # for a revocation list, which is good to have and no more
_MAX_REQUEST_BYTES: Final = 4096


def stamped_checkpoint(run: Invocation, urls: Sequence[str], authorities: Sequence[str]) -> Answer:
    """Have the ledger as it is stamped by each authority, and record the stamps that hold.

    Raises UsageError for what is no URL, CannotTell when no authority is trusted.
    """
    for url in urls:
        parsed_url(url)
    trusted = _trusted(open_workspace(run), authorities)
    return in_session(run, lambda session: _stamped(session, urls, trusted))


def written_request(run: Invocation, out: str) -> Answer:
    """Write a request about the latest checkpoint to a new file, and keep it for the reply to be matched.

    Raises NotFound when there is no checkpoint, Refused when ``out`` is there.
    """
    with reading_ledger(run) as view:
        kept = view.reader.latest_checkpoint()
        size = view.reader.size()
    if kept is None:
        raise NotFound("the ledger has no checkpoint yet", hint="make one with 'custody checkpoint make'")
    wanted = _wanted(kept.note)
    content = Rfc3161().make_request(StampRequest(wanted.imprint, new_nonce()))
    with new_file(Path(out)) as stream:
        stream.write(content)
        _keep_request(view.workspace, content)
    return request_answer(wanted, Path(out), not_covered=max(0, size - wanted.size))


def imported_reply(run: Invocation, file: str, raw: bytes, authorities: Sequence[str]) -> Answer:
    """Judge the reply in a file by the request that it answers, and record its stamp if it holds.

    Raises UsageError for what is no reply, AuthorityFailed for a refusal, NotFound when no request of this
    workspace is about the same, Refused when it is recorded already.
    """
    workspace = open_workspace(run)
    trusted = _trusted(workspace, authorities)
    try:
        token = Rfc3161().open_reply(raw)
        facts = TokenReader(trusted)(StampEvidence(token=token))
    except MalformedData as error:
        hint = "give the reply as the authority wrote it, in DER"
        raise UsageError(f"FILE holds no time stamp reply: {error.what}", hint=hint) from error
    request = _request_of(workspace, facts)
    return in_session(run, lambda session: _imported(session, file, token, request, trusted))


def _trusted(workspace: Workspace, brought: Sequence[str]) -> Authorities:
    found = trusted_authorities(workspace, brought)
    if not found.certificates:
        raise CannotTell(
            "no time stamping authority is trusted here, so no stamp could be judged",
            done="Nothing was asked for and nothing was recorded.",
            hint=f"put the authority's certificate into {shown(workspace.authorities)}, or name it "
            "with --authority",
        )
    return found


def _stamped(session: Session, urls: Sequence[str], trusted: Authorities) -> Answer:
    wanted = _wanted(session.store.make_checkpoint())
    exchange = HttpExchange()

    def ask(url: str, request: bytes) -> bytes:
        session.run.output.note(f"asking {url}")
        return exchange.ask(url, request, MAX_REPLY_BYTES)

    def find_lists(facts: TokenFacts) -> tuple[bytes, ...]:
        return tuple(_fetched_lists(session, facts))

    desk = _desk(session, trusted, find_lists)
    return stamped_answer(wanted, list(ask_authorities(desk, wanted, urls, ask=ask, new_nonce=new_nonce)))


def _imported(
    session: Session, file: str, token: bytes, request: StampRequest, trusted: Authorities
) -> Answer:
    wanted = _note_of(session.store.reader, request.imprint)
    desk = _desk(session, trusted, lambda _facts: ())
    shown_file = printable(os.fsencode(file))
    return imported_answer(wanted, take_reply(desk, wanted, token, nonce=request.nonce, asked=shown_file))


def _desk(
    session: Session, trusted: Authorities, find_lists: Callable[[TokenFacts], tuple[bytes, ...]]
) -> StampDesk:
    return StampDesk(
        ledger=session.ledger,
        streams=session.store.reader,
        protocol=Rfc3161(),
        read_token=TokenReader(trusted),
        find_lists=find_lists,
    )


def _fetched_lists(session: Session, facts: TokenFacts) -> Iterator[bytes]:
    """Yield the revocation lists that the authority's certificates name, as far as they are to be had."""
    for url in list_urls(facts.chain)[:MAX_ATTACHMENTS]:
        try:
            found = HttpExchange(_LIST_SECONDS).fetch(url, MAX_ATTACHMENT_BYTES)
            yield der(load_revocation_list(found))
        except (AuthorityFailed, MalformedData, UsageError) as error:
            session.run.output.note(f"no revocation list: {error.what}")


def _wanted(note: bytes) -> StampedNote:
    return StampedNote(note=note, size=Checkpoint.parse(parse_note(note).text).size)


def _note_of(reader: SqlLedgerReader, imprint: bytes) -> StampedNote:
    """Return the checkpoint that was to be stamped. Raises NotFound when it is not kept."""
    for kept in reader.checkpoints():
        if hashlib.sha256(kept.note).digest() == imprint:
            return _wanted(kept.note)
    raise NotFound(
        "the reply is about no checkpoint of this ledger",
        done="Nothing was recorded.",
        hint="use the workspace in which the request was made",
    )


def _keep_request(workspace: Workspace, content: bytes) -> None:
    """Keep a request under the name of its SHA-256. Raises Refused when the workspace does not take it."""
    folder = workspace.stamp_requests
    try:
        folder.mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        raise Refused(f"the folder cannot be made: {shown(folder)}: {error.strerror}") from error
    with new_file(folder / f"{hashlib.sha256(content).hexdigest()}.tsq") as stream:
        stream.write(content)


def _request_of(workspace: Workspace, facts: TokenFacts) -> StampRequest:
    """Return the request that a reply answers; one about the same whose nonce differs, if none does.

    Raises NotFound when no request that was made here is about the same.
    """
    about_the_same = [
        request for request in _requests(workspace.stamp_requests) if request.imprint == facts.imprint
    ]
    for request in about_the_same:
        if request.nonce == facts.nonce:
            return request
    if about_the_same:
        return about_the_same[0]
    raise NotFound(
        "the reply answers no request that was made in this workspace",
        done="Nothing was recorded.",
        hint="make one with 'custody checkpoint stamp --request OUT.tsq', and have that stamped",
    )


def _requests(folder: Path) -> Iterator[StampRequest]:
    """Yield the requests kept. Raises CannotTell when one cannot be read."""
    for file in sorted(folder.glob("*.tsq")):
        yield Rfc3161().parse_request(file_content(str(file), _MAX_REQUEST_BYTES))
