import re

import pytest

from custody.cli.exit_codes import ExitCode
from custody.domain.events import EVENT_TYPES
from tests.docs.command_line import Command, command_line, mistakes
from tests.docs.markdown import documents, reference

EXAMPLE = Command(
    ("custody",),
    {"--workspace": True, "-w": True},
    {
        "log": Command(
            ("custody", "log"), {}, {"show": Command(("custody", "log", "show"), {"--out": True}, {})}
        )
    },
)


def _stands_in(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def test_the_reference_names_every_command() -> None:
    text = reference()

    assert [c.line for c in command_line().walk() if not _stands_in(text, c.line)] == []


def _sections(page: str) -> dict[str, str]:
    """The text below each heading, by its title, up to the next heading."""
    parts = re.split(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_section_of_each_command_names_its_options() -> None:
    (page,) = documents("docs/reference/cli.md")
    sections = _sections(page.text)
    shared = sections["Shared options"]
    long = {(c.line, o) for c in command_line().walk() for o in c.options if o.startswith("--")}

    missing = [
        f"{line} {option}"
        for line, option in long
        if not (_stands_in(sections.get(line, ""), option) or _stands_in(shared, option))
    ]
    assert sorted(missing) == []


def test_an_option_named_only_in_another_section_does_not_count() -> None:
    sections = _sections("# a\n\n--out\n\n## b\n\nx\n")

    assert not _stands_in(sections["b"], "--out")


def test_the_reference_has_a_row_for_every_exit_code() -> None:
    rows = [line.strip("| `") for line in reference().splitlines() if line.lstrip().startswith("|")]
    numbers = {int(number) for row in rows for number in re.findall(r"\d+", row.split("|")[0])}

    assert sorted(code for code in ExitCode if code.value not in numbers) == []


def test_the_reference_names_every_event_type() -> None:
    text = reference()

    assert sorted(name for name in EVENT_TYPES if not _stands_in(text, name)) == []


def test_every_example_in_the_documents_uses_commands_and_options_that_exist() -> None:
    root = command_line()
    found = [
        f"{document.name}: {mistake}"
        for document in documents()
        for line in document.shell_lines()
        if line.split(" ")[0].rpartition("/")[2] == "custody"
        for mistake in mistakes(line, root)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("custody log shwo", "custody log: no command shwo"),
        ("custody --workspace log log show --ot f", "custody log show: no option --ot"),
        ("custody log show --colour=never", "custody log show: no option --colour"),
    ],
)
def test_an_example_that_the_command_would_refuse_is_found(line: str, mistake: str) -> None:
    assert list(mistakes(line, EXAMPLE)) == [mistake]


def test_an_example_that_the_command_takes_is_no_mistake() -> None:
    assert not list(mistakes("custody -w case log show --out=log.jsonl | wc -l  # lines", EXAMPLE))
