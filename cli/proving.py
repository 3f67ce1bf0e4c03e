"""Proofs from the command line: one file's entries given out, and such a document judged.

Knows how they are shown. Decides nothing; see ``domain.use_cases.prove`` and ``check_proof``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from custody.cli.acquisition import absolute
from custody.cli.adapters import reading_ledger
from custody.cli.brought_files import brought_keys, file_content, own_keys
from custody.cli.exit_codes import VERDICT_CODES, VERDICT_WORDS, ExitCode
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.render import finding_fields, limited
from custody.cli.wording import counted
from custody.domain.paths import to_json
from custody.domain.proofs.proof import MAX_PROOF_BYTES
from custody.domain.use_cases.check_proof import ProofResult, check_proof
from custody.domain.use_cases.prove import MadeProof, prove
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel


def proof_answer(run: Invocation, target: str, out: str | None) -> Answer:
    """Write the proof of a file to a new file or to stdout. Raises what ``prove`` raises, and Refused."""
    with reading_ledger(run) as view, verifying_in_parallel() as verify_many:
        made = prove(
            view.reader, view.model, target, path=absolute(target), trusted=own_keys(view.workspace),
            verify_many=verify_many,
        )  # fmt: skip
    if out is not None:
        return _kept(made, out)
    if not run.output.json:
        run.output.data(made.document)
        for line in _uncovered(made):
            run.output.warn(line)
        return Answer(code=_code(made))
    return Answer(code=_code(made), fields={**_made_fields(made), "proof": made.document.decode()})


def checked_proof(run: Invocation, file: str, *, keys: Sequence[str]) -> Answer:
    """Judge the proof in a file by the keys given. Needs no workspace. Raises CannotTell and UsageError."""
    del run
    trusted = brought_keys(keys)
    with verifying_in_parallel() as verify_many:
        result = check_proof(file_content(file, MAX_PROOF_BYTES + 1), trusted, verify_many)
    return Answer(
        code=VERDICT_CODES[result.verdict],
        verdict=f"{VERDICT_WORDS[result.verdict]}  {_summary(result)}",
        lines=list(_details(result)),
        fields=_result_fields(result),
    )


def _kept(made: MadeProof, out: str) -> Answer:
    from custody.infrastructure.files.new_file import new_file

    path = Path(out)
    with new_file(path) as stream:
        stream.write(made.document)
    where = to_json("out", bytes(path))
    word = "INCOMPLETE" if made.uncovered else "OK"
    number = counted(len(made.result.entries), "entry", "entries")
    return Answer(
        code=_code(made),
        verdict=f"{word}  proof of {number} written to {where['out']}",
        lines=[*_uncovered(made), *_story(made.result)],
        fields={**_made_fields(made), **where},
    )


def _code(made: MadeProof) -> ExitCode:
    return ExitCode.INCOMPLETE if made.uncovered else ExitCode.OK


def _uncovered(made: MadeProof) -> Iterator[str]:
    if made.uncovered:
        number = counted(len(made.uncovered), "entry", "entries")
        yield f"no checkpoint covers {number} of this file yet; see 'custody checkpoint make'"


def _made_fields(made: MadeProof) -> dict[str, object]:
    return {"positions": [entry.position for entry in made.result.entries], "uncovered": list(made.uncovered)}


def _summary(result: ProofResult) -> str:
    number = counted(len(result.entries), "entry", "entries")
    if result.verdict == "passed":
        return f"{number} shown to be signed and in the ledger"
    return f"{number} read, {counted(len(result.findings), 'finding')}"


def _story(result: ProofResult) -> Iterator[str]:
    for entry in result.entries:
        yield f"{entry.position:>8}  {entry.at[:19]}Z  {entry.text}"


def _details(result: ProofResult) -> Iterator[str]:
    findings = [
        f"  {'' if finding.position is None else f'position {finding.position}  '}"
        f"{finding.code}: {finding.message}"
        for finding in result.findings
    ]
    yield from limited(findings)
    yield from _story(result)
    if result.checkpoint is not None:
        yield f"  checkpoint   {result.checkpoint.origin}"
        yield f"               size {result.checkpoint.size}, root {result.checkpoint.root.hex()}"
    yield from (f"  {check:<11}  {verdict}" for check, verdict in result.verdicts.items())
    yield from (f"  note: {note}" for note in result.notes)
    yield "  a proof does not show:"
    yield from (f"   - {limit}" for limit in result.not_shown)


def _result_fields(result: ProofResult) -> dict[str, object]:
    checkpoint = result.checkpoint
    return {
        "verdicts": dict(result.verdicts),
        "findings": [finding_fields(finding) for finding in result.findings],
        "checkpoint": None
        if checkpoint is None
        else {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()},
        "entries": [
            {"position": entry.position, "at": entry.at, "actor": entry.actor, "text": entry.text}
            for entry in result.entries
        ],
        "notes": list(result.notes),
        "not_shown": list(result.not_shown),
    }
