"""The story of one thing, as the ledger tells it: each sentence with its entry."""

from collections.abc import Iterator
from dataclasses import asdict

from custody.cli.acquisition import absolute
from custody.cli.adapters import LedgerView, reading_ledger
from custody.cli.authorities import trusted_authorities
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.wording import counted
from custody.domain.paths import escape_text
from custody.domain.use_cases.explain import explain
from custody.domain.use_cases.time_window import Window, time_window
from custody.infrastructure.crypto.time_stamps import TokenReader


def story_answer(run: Invocation, target: str) -> Answer:
    """Tell the story of a file, an exhibit or an entry. Raises NotFound."""
    with reading_ledger(run) as view:
        sentences = list(explain(view.reader, view.model, target, path=absolute(target)))
        window = _window(view, sentences[0].position) if target.isdecimal() else None
    return Answer(
        verdict=f"{target}: {counted(len(sentences), 'entry', 'entries')}",
        lines=[
            *(f"{one.position:>8}  {one.at[:19]}Z  {one.text}" for one in sentences),
            *(() if window is None else _window_lines(window)),
        ],
        fields={
            "target": target,
            "sentences": [{"position": one.position, "at": one.at, "text": one.text} for one in sentences],
            **({} if window is None else {"window": _window_fields(window)}),
        },
    )


def _window(view: LedgerView, position: int) -> Window:
    read_token = TokenReader(trusted_authorities(view.workspace, ()))
    return time_window(view.reader, position, read_token)


def _window_lines(window: Window) -> Iterator[str]:
    for words, bound in (("not before", window.not_before), ("not after", window.not_after)):
        if bound is None:
            yield f"  {words:<10}  no time stamp shows it"
        else:
            by = f"by the stamp of {escape_text(bound.authority)} at position {bound.position}"
            yield f"  {words:<10}  {bound.at[:19]}Z, {by}"
    if window.not_before or window.not_after:
        yield "  that these are the entries that were stamped, 'custody audit' shows"
    if window.not_counted:
        yield f"  not counted: {counted(window.not_counted, 'stamp')} that cannot be trusted here"


def _window_fields(window: Window) -> dict[str, object]:
    bounds = {"not_before": window.not_before, "not_after": window.not_after}
    return {
        **{name: None if bound is None else asdict(bound) for name, bound in bounds.items()},
        "not_counted": window.not_counted,
    }
