"""The ledger as static files, from the command line.

Knows where they are written. What they are, ``domain.proofs.tiles`` says.
"""

from pathlib import Path

from custody.cli.adapters import reading_ledger
from custody.cli.brought_files import own_keys
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.wording import counted
from custody.domain.paths import to_json
from custody.domain.use_cases.signed_tree import chosen_checkpoint, one_at_a_time, signed_checkpoints
from custody.domain.use_cases.tile_ledger import tile_files
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.files.new_files import new_files


def exported_tiles(run: Invocation, out: str, *, size: int | None) -> Answer:
    """Write the tiles of a checkpoint, by default the latest, to a new folder.

    Raises Refused when something is there, CannotTell and NotFound without such a checkpoint, Tampered when
    the entries are not those that were signed.
    """
    path, count = Path(out), 0
    with reading_ledger(run) as view, verifying_in_parallel() as verify_many:
        keys = own_keys(view.workspace)
        signed = chosen_checkpoint(signed_checkpoints(view.reader, keys, one_at_a_time(verify_many)), size)
        with new_files(path) as files:
            for name, content in tile_files(view.reader, signed):
                with files.file(name) as stream:
                    stream.write(content)
                count += 1
    checkpoint, where = signed.checkpoint, to_json("out", bytes(path))
    return Answer(
        verdict=f"OK  {counted(checkpoint.size, 'entry', 'entries')} written to {where['out']}",
        lines=(f"  {counted(count, 'file')}", f"  root {checkpoint.root.hex()}"),
        fields={"entries": checkpoint.size, "root": checkpoint.root.hex(), "files": count, **where},
    )
