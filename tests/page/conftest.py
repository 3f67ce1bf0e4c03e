"""The page in a real browser, given files as a person would give them, and what it then says."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.ledger_file import LedgerFile
from tests.cli.command_line import CommandLine
from tests.interop.tools import needed
from tests.page.browser import Browser, Page, running
from tests.page.seal import PAGE

READ_RESULT = """(() => {
  const rows = (table) => [...document.querySelectorAll(`#result table.${table} tbody tr`)];
  const cells = (row) => [...row.children].map((cell) => cell.innerText);
  const items = (id) => [...document.querySelectorAll(`#${id} li`)].map((item) => item.innerText);
  return {
    word: document.getElementById("verdict").innerText,
    sentence: document.querySelector("#result .banner p").innerText,
    checks: rows("checks").map(cells),
    findings: rows("findings").filter((row) => row.dataset.check).map(cells),
    evidence: rows("findings").filter((row) => !row.dataset.check).map(cells),
    notes: items("notes"),
    notShown: items("not-shown"),
    text: document.getElementById("result").innerText,
  };
})()"""
WORDS = {"✓ OK": "OK", "✕ CHANGED": "CHANGED", "? CANNOT TELL": "CANNOT TELL"}


@dataclass(frozen=True)
class Outcome:
    """What the page showed."""

    word: str
    sentence: str
    verdicts: dict[str, str]
    findings: list[tuple[str, int | None]]  # code and position
    evidence: list[str]
    notes: list[str]
    not_shown: list[str]
    text: str


@dataclass(frozen=True)
class Verifier:
    """The page as a person uses it."""

    page: Page

    def __call__(
        self, subject: Path, *, trust: Sequence[Path] = (), evidence: Sequence[Path] = ()
    ) -> Outcome:
        self.choose(subject, trust=trust, evidence=evidence)
        return self.check()

    def choose(self, subject: Path, *, trust: Sequence[Path] = (), evidence: Sequence[Path] = ()) -> None:
        self.page.load()
        self._give("subject", [subject])
        self._give("trust", trust)
        self._give("evidence", evidence)

    def check(self) -> Outcome:
        self.page.wait_for("!document.getElementById('check').disabled")
        self.page.evaluate("document.getElementById('check').click()")
        self.page.wait_for(
            "!document.getElementById('result').hidden || "
            "document.getElementById('progress').textContent.startsWith('CANNOT TELL')"
        )
        assert self.page.evaluate("document.getElementById('progress').textContent") == ""
        return read(self.page)

    def _give(self, zone: str, files: Sequence[Path]) -> None:
        if files:
            kind = "folder" if files[0].is_dir() else "files"
            self.page.give_files(f"#{zone}-{kind}", files)
            self.page.wait_for(f"document.getElementById('{zone}-chosen').children.length > 0")


def read(page: Page) -> Outcome:
    shown = page.evaluate(READ_RESULT)
    return Outcome(
        word=WORDS[shown["word"]],
        sentence=shown["sentence"],
        verdicts={name: verdict.split()[1] for name, verdict, _ in shown["checks"]},
        findings=[(code, _position(where)) for where, code, _ in shown["findings"]],
        evidence=[cells[0].split()[1] for cells in shown["evidence"]],
        notes=shown["notes"],
        not_shown=shown["notShown"],
        text=shown["text"],
    )


def _position(where: str) -> int | None:
    return int(where.removeprefix("position ")) if where.startswith("position ") else None


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = needed("chromium", "chromium")
    with running(program, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page, loaded; in the end it must have asked for nothing but itself, and have thrown nothing."""
    browser.events.clear()
    page = browser.page(PAGE.as_uri())
    page.load()
    yield page
    requests, complaints = page.requests(), page.complaints()
    page.close()
    assert {url for url in requests if not url.startswith("blob:")} == {PAGE.as_uri()}
    assert complaints == []


@pytest.fixture
def verify(page: Page) -> Verifier:
    return Verifier(page)


SIZE = 30  # four entries of init, twenty-six of a job with three files


@pytest.fixture(scope="session")
def finished_case(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    custody = CommandLine(tmp_path_factory.mktemp("case"))
    custody.init()
    source = custody.home / "card"
    source.mkdir()
    for number in range(1, 4):
        (source / f"clip{number}.mov").write_bytes(b"clip %d" % number)
    copied = custody("copy", str(source), "--to", str(custody.home / "copies"), "--case", "2026-0147")
    assert (copied.code, custody.ledger_size()) == (0, SIZE), copied.err
    for file in ("clip2.mov", "clip3.mov"):
        ended = custody("prove", file, "--out", str(custody.home / f"{file}.proof"))
        assert ended.code == 0, ended.err
    (custody.home / "log.jsonl").write_text(custody("log", "export").out)
    return custody


@pytest.fixture
def case(finished_case: CommandLine, tmp_path: Path) -> CommandLine:
    """A copy of the finished case to change; ``held.note`` is its last checkpoint."""
    shutil.copytree(finished_case.home, tmp_path / "case")
    shutil.copy(
        tmp_path / "case" / "workspace" / "checkpoints" / f"{SIZE}.note", tmp_path / "case" / "held.note"
    )
    return CommandLine(tmp_path / "case")


@pytest.fixture
def ledger(case: CommandLine) -> LedgerFile:
    return LedgerFile(case.workspace)


def keys_of(case: CommandLine) -> list[Path]:
    return sorted((case.workspace / "keys").glob("*.pem"))
