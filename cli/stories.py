"""The story of one thing, as the ledger tells it: each sentence with its entry."""

from custody.cli.acquisition import absolute
from custody.cli.adapters import reading_ledger
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.wording import counted
from custody.domain.use_cases.explain import explain


def story_answer(run: Invocation, target: str) -> Answer:
    """Tell the story of a file, an exhibit or an entry. Raises NotFound."""
    with reading_ledger(run) as view:
        sentences = list(explain(view.reader, view.model, target, path=absolute(target)))
    return Answer(
        verdict=f"{target}: {counted(len(sentences), 'entry', 'entries')}",
        lines=[f"{one.position:>8}  {one.at[:19]}Z  {one.text}" for one in sentences],
        fields={
            "target": target,
            "sentences": [{"position": one.position, "at": one.at, "text": one.text} for one in sentences],
        },
    )
