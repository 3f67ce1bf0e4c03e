"""Making, showing and checking checkpoints.

Knows that a checkpoint is no entry: signing one opens no session.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from custody.cli.adapters import opened_for_writing, reading_ledger
from custody.cli.brought_files import brought_keys, brought_note, brought_witnesses, own_keys, raw_keys
from custody.cli.exit_codes import VERDICT_CODES, VERDICT_WORDS
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.wording import counted
from custody.cli.workspace import open_workspace
from custody.domain.errors import MalformedData, NotFound, UsageError
from custody.domain.proofs.checkpoint import Checkpoint, parse_note
from custody.domain.proofs.cosignature import moment
from custody.domain.use_cases.check_checkpoint import ConsistencyResult, check_checkpoint
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.system import SystemClock

_NOT_SHOWN: Final = (
    "that the entries are sound and their signatures good: 'custody audit'",
    "anything behind the last checkpoint that somebody else holds: a cut there leaves no trace",
)


def made_checkpoint(run: Invocation) -> Answer:
    """Sign the ledger's current size, unless that is done, and say what was signed."""
    with opened_for_writing(run, open_workspace(run), SystemClock()) as opened:
        note = opened.make_checkpoint()
    fields = note_fields(note)
    return Answer(
        verdict=f"OK  checkpoint of {counted(int(str(fields['size'])), 'entry', 'entries')}",
        lines=(f"  root {fields['root']}",),
        fields=fields,
    )


def shown_checkpoint(run: Invocation) -> Answer:
    """Write the note of the largest size to stdout. Raises NotFound when there is none."""
    with reading_ledger(run) as view:
        kept = view.reader.latest_checkpoint()
    if kept is None:
        raise NotFound("the ledger has no checkpoint yet", hint="make one with 'custody checkpoint make'")
    if not run.output.json:
        run.output.data(kept.note)
    return Answer(fields=note_fields(kept.note))


def checked_checkpoint(
    run: Invocation, file: str, *, keys: Sequence[str], witnesses: Sequence[str]
) -> Answer:
    """Say whether today's ledger extends the one that the note in a file was signed over.

    The keys named are trusted instead of the workspace's, the witnesses besides its own. Raises UsageError
    for a file that holds no checkpoint, CannotTell for one that cannot be read.
    """
    note = brought_note(file, "FILE")
    with reading_ledger(run) as view, verifying_in_parallel() as verify_many:
        trusted = raw_keys(brought_keys(keys)) if keys else own_keys(view.workspace)
        watched = brought_witnesses(witnesses, view.workspace)
        try:
            result = check_checkpoint(view.reader, note, trusted, verify_many, watched)
        except MalformedData as error:
            hint = "give a file that 'custody checkpoint show' wrote"
            raise UsageError(f"FILE names no checkpoint: {error.what}", hint=hint) from error
    return consistency_answer(result, note)


def consistency_answer(result: ConsistencyResult, note: bytes) -> Answer:
    """Return the answer about a note that was compared with the ledger: roots, proof, witnesses."""
    own = result.own
    return Answer(
        code=VERDICT_CODES[result.verdict],
        verdict=f"{VERDICT_WORDS[result.verdict]}  {result.outcome}: {result.message}",
        lines=[
            *_evidence(result),
            "  this check does not show:",
            *(f"   - {limit}" for limit in _NOT_SHOWN),
        ],
        fields={
            "outcome": result.outcome,
            "message": result.message,
            "checkpoint": note_fields(note),
            "signed": None if own is None else note_fields(own.note),
            "size": result.size,
            "root": None if result.root is None else result.root.hex(),
            "root_then": None if result.root_then is None else result.root_then.hex(),
            "consistency": [node.hex() for node in result.proof],
            "witnessed": [{"witness": one.name, "time": one.time} for one in result.witnessed],
            "not_shown": list(_NOT_SHOWN),
        },
    )


def _evidence(result: ConsistencyResult) -> Iterator[str]:
    """Yield the roots that were compared, the two signed ones first."""
    yield f"  signed in the file    size {result.given.size}, root {result.given.root.hex()}"
    if result.own is not None:
        own = result.own.checkpoint
        yield f"  signed by the ledger  size {own.size}, root {own.root.hex()}"
    if result.root_then is not None:
        yield f"  the entries make      size {result.given.size}, root {result.root_then.hex()}"
    if result.root is not None and result.size != result.given.size:
        yield f"  and as it is today    size {result.size}, root {result.root.hex()}"
    for one in result.witnessed:
        yield f"  cosigned              by witness {one.name} at {moment(one.time)}, by its own clock"
    if result.proof:
        yield f"  consistency proof     of {counted(len(result.proof), 'hash', 'hashes')}; --json shows them"


def note_fields(note: bytes) -> dict[str, object]:
    """Return a note and what it says for programs."""
    checkpoint = Checkpoint.parse(parse_note(note).text)
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "note": note.decode(),
    }
