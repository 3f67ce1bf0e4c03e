"""Witnesses from the command line: asking one, being one, and taking in what one gave back.

Knows files, keys and sessions, and how it is shown. Decides nothing; see ``domain.use_cases`` for each step.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from custody.cli.adapters import ledger_paths, reading_ledger
from custody.cli.brought_files import (
    brought_keys,
    brought_witnesses,
    file_content,
    known_ledgers,
    own_keys,
)
from custody.cli.checkpoints import consistency_answer, note_fields
from custody.cli.exit_codes import VERDICT_CODES
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.session import Session, in_session
from custody.cli.signing import chosen_key
from custody.cli.wording import counted
from custody.cli.workspace import Workspace
from custody.domain.errors import CannotTell, MalformedData, UsageError
from custody.domain.events import CheckpointCosigned
from custody.domain.identifiers import KeyId, Position
from custody.domain.paths import to_json
from custody.domain.proofs.checkpoint import origin_of
from custody.domain.proofs.cosign_request import CosignRequest
from custody.domain.proofs.cosignature import moment, witness_vkey
from custody.domain.use_cases.check_proof import TrustedKey
from custody.domain.use_cases.cosign_checkpoint import CosignResult, Witness
from custody.domain.use_cases.import_cosignature import ImportResult, import_cosignatures
from custody.domain.use_cases.request_cosignature import request_cosignature
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import load_public_pem, verify

_WORD: Final = {"passed": "OK", "failed": "CHANGED", "indeterminate": "CANNOT TELL"}


def exported_request(run: Invocation, out: str | None, *, size: int | None, since: int | None) -> Answer:
    """Write what a witness needs to a new file or to stdout. Raises what ``request_cosignature`` raises."""
    with reading_ledger(run) as view, verifying_in_parallel() as verify_many:
        keys = own_keys(view.workspace)
        request = request_cosignature(view.reader, keys, verify_many, size=size, since=since)
    checkpoint = request.checkpoint
    answer = Answer(
        verdict=f"OK  checkpoint of {_entries(checkpoint.size)}, with the proof from {request.old_size} on",
        lines=("  the witness runs: custody checkpoint cosign FILE",),
        fields={"size": checkpoint.size, "since": request.old_size, "root": checkpoint.root.hex()},
    )
    return _given_out(run, "request", request.to_bytes(), out, answer)


def witness_key(run: Invocation) -> Answer:
    """Write the verifier key of this workspace as a witness, for those who are to trust it, to stdout."""
    with reading_ledger(run) as view:
        workspace, name = view.workspace, origin_of(view.reader.ledger)
        key = chosen_key(run, workspace, ledger_paths(workspace))
    pem = workspace.public_keys().get(key)
    if pem is None:
        raise CannotTell(
            "the public key of this workspace is missing", hint="restore the .pem file in its keys folder"
        )
    vkey = witness_vkey(name, load_public_pem(pem).raw)
    if not run.output.json:
        run.output.data(f"{vkey}\n".encode())
    return Answer(fields={"vkey": vkey})


def cosigned_checkpoint(run: Invocation, file: str, out: str | None, *, keys: Sequence[str]) -> Answer:
    """Cosign the checkpoint in a file with this workspace's key, if its ledger only grew.

    The keys named are trusted instead of those in ``ledgers``. Raises UsageError for a file that holds no
    request, Refused when ``out`` is there, and what ``Witness.answer`` raises.
    """
    try:
        request = CosignRequest.parse(file_content(file))
    except MalformedData as error:
        hint = "give a file that 'custody checkpoint export' wrote"
        raise UsageError(f"FILE holds no request to a witness: {error.what}", hint=hint) from error
    if out is not None:
        from custody.infrastructure.files.new_file import require_new

        require_new(Path(out))
    brought = brought_keys(keys)
    return in_session(run, lambda session: _cosigned(session, request, brought, out))


def _cosigned(
    session: Session, request: CosignRequest, brought: Mapping[KeyId, TrustedKey], out: str | None
) -> Answer:
    witness = Witness(
        ledger=session.ledger, own=session.store.reader, verify=verify, cosign=session.store.cosign
    )
    trusted = _keys_for(request.checkpoint.origin, brought, session.workspace)
    result = witness.answer(request, trusted)
    answer = Answer(
        code=VERDICT_CODES[result.verdict],
        verdict=f"{_WORD[result.verdict]}  {result.outcome}: {result.message}",
        lines=list(_cosign_lines(result)),
        fields=_cosign_fields(result),
    )
    if result.note is None:
        return answer
    return _given_out(session.run, "note", result.note, out, answer)


def _keys_for(origin: str, brought: Mapping[KeyId, TrustedKey], workspace: Workspace) -> Collection[bytes]:
    """Return the keys by which a ledger's checkpoint is judged: those named, else those of the workspace."""
    if brought:
        return [key.raw for key in brought.values() if key.origin in {None, origin}]
    return [key.public_raw for key in known_ledgers(workspace) if key.name == origin]


def _cosign_lines(result: CosignResult) -> Iterator[str]:
    checkpoint = result.request.checkpoint
    yield f"  root      {checkpoint.root.hex()}"
    if result.note is not None:
        yield f"  recorded  at position {result.position} of this ledger"
        return
    yield "  nothing was signed or recorded"
    if result.outcome == "unknown-key":
        yield "  if that key was rotated, get its verifier key anew from its keeper, and name it with --key"
    if result.last is not None:
        yield f"  before    size {result.last.size}, root {result.last.root}"
        yield "  both notes are signed by that ledger; keep them, they are the evidence:"
        notes = (result.last.note, result.request.note.to_bytes().decode())
        yield from (f"    {line}" for note in notes for line in note.splitlines())


def _cosign_fields(result: CosignResult) -> dict[str, object]:
    last = result.last
    return {
        "outcome": result.outcome,
        "message": result.message,
        "checkpoint": note_fields(result.request.note.to_bytes()),
        "before": None if last is None else note_fields(last.note.encode()),
        "position": result.position,
    }


def imported_reply(run: Invocation, content: bytes, *, witnesses: Sequence[str]) -> Answer:
    """Record what somebody gave back who vouches for a checkpoint: a note that a witness cosigned.

    Raises UsageError for a file that is none, and what ``import_cosignatures`` raises.
    """
    return in_session(run, lambda session: _imported(session, content, witnesses))


def _imported(session: Session, note: bytes, witnesses: Sequence[str]) -> Answer:
    with verifying_in_parallel() as verify_many:
        try:
            result = import_cosignatures(
                session.ledger, session.store.reader, note,
                trusted=own_keys(session.workspace),
                witnesses=brought_witnesses(witnesses, session.workspace),
                verify_many=verify_many,
            )  # fmt: skip
        except MalformedData as error:
            hint = "give a file that 'custody checkpoint cosign' wrote, or the reply of an authority (DER)"
            raise UsageError(f"FILE holds no cosigned checkpoint: {error.what}", hint=hint) from error
    if result.check.verdict != "passed":
        return consistency_answer(result.check, note)
    lines = [_anchor_line(*one, "recorded") for one in result.recorded]
    lines += [_anchor_line(*one, "known") for one in result.known]
    if result.ignored:
        lines.append(
            f"  ignored   {counted(result.ignored, 'signature')} of others, who are not trusted here"
        )
    return Answer(
        verdict=f"OK  {counted(len(result.recorded), 'cosignature')} of {_entries(result.check.given.size)} "
        "recorded",
        lines=lines,
        fields=_import_fields(result, note),
    )


def _anchor_line(position: Position, event: CheckpointCosigned, word: str) -> str:
    return f"  {word:<8}  at position {position}: witness {event.witness}, {moment(event.time)}"


def _import_fields(result: ImportResult, note: bytes) -> dict[str, object]:
    def shown(found: Sequence[tuple[Position, CheckpointCosigned]]) -> list[dict[str, object]]:
        return [
            {"position": position, "witness": event.witness, "key_hash": event.key_hash, "time": event.time}
            for position, event in found
        ]

    return {
        "checkpoint": note_fields(note),
        "recorded": shown(result.recorded),
        "known": shown(result.known),
        "ignored": result.ignored,
    }


def _given_out(run: Invocation, what: str, content: bytes, out: str | None, answer: Answer) -> Answer:
    """Write a text to a new file, else to stdout alone; programs get it as a field."""
    if out is not None:
        from custody.infrastructure.files.new_file import new_file

        with new_file(Path(out)) as stream:
            stream.write(content)
        where = to_json("out", bytes(Path(out)))
        lines = (*answer.lines, f"  written   {where['out']}")
        return replace(answer, lines=lines, fields={**answer.fields, **where})
    if run.output.json:
        return replace(answer, fields={**answer.fields, what: content.decode()})
    run.output.data(content)
    return Answer(code=answer.code)


def _entries(number: int) -> str:
    return counted(number, "entry", "entries")
