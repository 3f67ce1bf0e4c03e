"""The second part of ``custody demo --tamper``: each way to falsify the case, and what catches it.

Knows the order and the words. What is broken, and how, is in ``tampering``.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Final

from custody.cli.demo.forgeries import BUNDLE_FORGERIES, LEDGER_FORGERIES
from custody.cli.demo.forging import Forger
from custody.cli.demo.others import BUNDLE, HELD_KEY, bring_others_in
from custody.cli.demo.stage import FIRST_COPY, WORKSPACE, Stage
from custody.cli.demo.tampering import LEDGER_BREAKS, Break, copy_folder, flip_a_bit, keep_note, line_of
from custody.cli.exit_codes import ExitCode
from custody.cli.output import Answer
from custody.cli.wording import counted

_REREAD: Final = ("verify", FIRST_COPY, "--no-record")


def breaks_answer(stage: Stage) -> Answer:
    """Break the finished case in every way there is, and say whether each was caught.

    Exit code 1 when one was not.
    """
    _keep_note(stage)
    outcomes = [
        _flipped_byte(stage),
        *(_broken_copy(stage, number, one) for number, one in enumerate(LEDGER_BREAKS, start=10)),
        *_forgeries(stage, first=10 + len(LEDGER_BREAKS)),
    ]
    missed = [str(outcome["name"]) for outcome in outcomes if not outcome["caught"]]
    word = "CHANGED" if missed else "OK"
    verdict = f"{word}  {counted(len(outcomes), 'break')}, {len(outcomes) - len(missed)} caught"
    return Answer(
        code=ExitCode.REFUTED if missed else ExitCode.OK,
        verdict=verdict + (f"; not caught: {', '.join(missed)}" if missed else ""),
        lines=(f"  everything of this demonstration is in {stage.folder}; remove it when you like",),
        fields={
            "dir": str(stage.folder), "report": str(stage.folder / "report.pdf"), "breaks": outcomes,
        },
    )  # fmt: skip


def _keep_note(stage: Stage) -> None:
    """Keep the last checkpoint outside of the workspace, as somebody else would."""
    stage.narrate("8. Somebody else keeps the last checkpoint.")
    _, shown = stage.ask(("checkpoint", "show"), stage.folder / WORKSPACE)
    keep_note(stage.folder, str(shown["note"]))


def _flipped_byte(stage: Stage) -> Mapping[str, object]:
    stage.narrate("9. Somebody flips one bit of a copy.")
    flip_a_bit(stage.folder / FIRST_COPY)
    try:
        code, result = stage.ask(_REREAD, stage.folder / WORKSPACE)
    finally:
        flip_a_bit(stage.folder / FIRST_COPY)
    return _outcome(stage, "flipped-bit", code, line_of(result, "changed"))


def _broken_copy(stage: Stage, number: int, one: Break) -> Mapping[str, object]:
    stage.narrate(f"{number}. {one.sentence}")
    workspace = Path(stage.folder, "tampered", one.name)
    copy_folder(stage.folder / WORKSPACE, workspace)
    one.spoil(workspace)
    code, result = stage.ask(one.words, workspace)
    return _outcome(stage, one.name, code, line_of(result, one.code))


def _forgeries(stage: Stage, *, first: int) -> Iterator[Mapping[str, object]]:
    """Let others come into the case, then forge what they would have signed."""
    stage.narrate(f"{first}. Others come into the case: a laboratory, a colleague whose key is stolen.")
    bring_others_in(stage)
    numbers = count(first + 1)
    for one in LEDGER_FORGERIES:
        stage.narrate(f"{next(numbers)}. {one.sentence}")
        workspace = stage.folder / "tampered" / one.name
        copy_folder(stage.folder / WORKSPACE, workspace)
        one.deed(Forger(workspace, stage.folder / WORKSPACE / "keys"))
        code, result = stage.ask(("audit",), workspace)
        yield _outcome(stage, one.name, code, line_of(result, one.code))
    for other in BUNDLE_FORGERIES:
        stage.narrate(f"{next(numbers)}. {other.sentence}")
        bundle = stage.folder / "tampered" / other.name
        copy_folder(stage.folder / BUNDLE, bundle)
        other.deed(bundle)
        code, result = stage.ask(("audit", f"tampered/{other.name}", "--key", HELD_KEY), None)
        yield _outcome(stage, other.name, code, line_of(result, other.code))


def _outcome(stage: Stage, name: str, code: int, line: str | None) -> Mapping[str, object]:
    caught = code == ExitCode.REFUTED and line is not None
    if not stage.run.output.json and not stage.run.output.quiet:
        stage.run.output.lines([f"  {'caught' if caught else 'NOT CAUGHT'}: {line or f'exit code {code}'}"])
    return {"name": name, "caught": caught, "exit": code, "line": line}
