"""Making and showing checkpoints.

Knows that a checkpoint is no entry: signing one opens no session.
"""

from custody.cli.adapters import opened_for_writing, reading_ledger
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.wording import counted
from custody.cli.workspace import open_workspace
from custody.domain.checkpoint import Checkpoint, parse_note
from custody.domain.errors import NotFound
from custody.infrastructure.system import SystemClock


def made_checkpoint(run: Invocation) -> Answer:
    """Sign the ledger's current size, unless that is done, and say what was signed."""
    with opened_for_writing(run, open_workspace(run), SystemClock()) as opened:
        note = opened.make_checkpoint()
    fields = _fields(note)
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
    return Answer(fields=_fields(kept.note))


def _fields(note: bytes) -> dict[str, object]:
    checkpoint = Checkpoint.parse(parse_note(note).text)
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "note": note.decode(),
    }
