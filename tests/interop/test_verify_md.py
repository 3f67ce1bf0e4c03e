"""Every command of a bundle's VERIFY.md, run as printed: it passes, and fails after what it should see."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.bundle_file import fit_to, shell_blocks, sum_up
from tests.attacks.ledger_file import LedgerFile
from tests.cli.command_line import CommandLine
from tests.interop.tools import needed

BLOCKS = ("keys", "sums", "entry", "checkpoint", "one file", "custody")
STAMPED = (*BLOCKS[:4], "stamp", *BLOCKS[4:])
KEPT = Path(__file__).parents[1] / "attacks" / "kept" / "format-1"


@dataclass(frozen=True, slots=True)
class Given:
    """A bundle, the workspace that it is of, and the keys that the receiver got another way."""

    bundle: Path
    workspace: Path
    keys: Path


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    for program, package in (("openssl", "openssl"), ("sha256sum", "coreutils"), ("base64", "coreutils")):
        needed(program, package)
    custody = CommandLine(tmp_path_factory.mktemp("given"))
    custody.init()
    (custody.home / "clip.mov").write_bytes(b"clip")
    for case in ("2026-0147", "2026-0200"):
        copies = str(custody.home / f"copies of {case}")
        assert custody("copy", str(custody.home / "clip.mov"), "--to", copies, "--case", case).code == 0
    shutil.copytree(custody.workspace, custody.home / "before")
    for name, *words in (("whole",), ("part", "--case", "2026-0147")):
        ended = custody("export", "bundle", "--out", str(custody.home / name), *words)
        assert ended.code == 0, ended.err
    return Given(custody.home / "whole", custody.home / "before", custody.home / "whole" / "keys")


def failing(bundle: Path, keys: Path | None = None, names: Sequence[str] = BLOCKS) -> set[str]:
    """The blocks that do not end well, each in a shell that the first one has prepared."""
    blocks = shell_blocks(bundle)
    assert len(blocks) == len(names)
    begin = blocks[0] if keys is None else f"KEYS={keys}\n"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    failed = set()
    for name, block in zip(names, blocks, strict=True):
        run = subprocess.run(
            ["sh", "-e", "-c", begin + block],
            cwd=bundle,
            env={"PATH": path, "HOME": str(bundle.parent)},
            capture_output=True,
            timeout=120,
            check=False,
        )
        if run.returncode != 0:
            failed.add(name)
    return failed


@pytest.mark.parametrize("name", ["whole", "part"])
def test_every_command_passes_as_printed(given: Given, tmp_path: Path, name: str) -> None:
    shutil.copytree(given.bundle.parent / name, tmp_path / "bundle")
    before = sorted(path.name for path in (tmp_path / "bundle").rglob("*"))

    assert failing(tmp_path / "bundle") == set()
    assert sorted(path.name for path in (tmp_path / "bundle").rglob("*")) == before


@pytest.fixture
def anchored(tmp_path: Path) -> Path:
    """A bundle of a ledger that an authority, expired since, stamped and a witness cosigned."""
    with zipfile.ZipFile(KEPT / "bundle.zip") as archive:
        archive.extractall(tmp_path / "bundle")  # our own file
    return tmp_path / "bundle"


def test_every_command_passes_as_printed_where_others_have_signed(given: Given, anchored: Path) -> None:
    assert given.bundle.exists()  # the programs are there
    assert failing(anchored, names=STAMPED) == set()


@pytest.mark.parametrize("file", ["entries.ndjson", "checkpoints"])
def test_a_stamp_of_something_else_fails(given: Given, anchored: Path, file: str) -> None:
    assert given.bundle.exists()
    size = re.search(r"checkpoints/(\d+)\.note", (anchored / "VERIFY.md").read_text())
    assert size is not None
    if file == "checkpoints":
        note = anchored / "checkpoints" / f"{size[1]}.note"
        note.write_bytes(note.read_bytes().replace(b"custody.invalid", b"custody.example", 1))
        sum_up(anchored)
        assert {"stamp", "one file", "custody"} <= failing(anchored, names=STAMPED)
        return
    lines = (anchored / "entries.ndjson").read_bytes().splitlines(keepends=True)
    (anchored / "entries.ndjson").write_bytes(
        b"".join(lines[:20] + lines[21:])
    )  # what stands behind moves up
    sum_up(anchored)
    assert {"stamp", "one file", "custody"} <= failing(anchored, names=STAMPED)


def test_the_ids_of_the_keys_are_those_that_are_listed(given: Given) -> None:
    run = subprocess.run(
        ["sh", "-e", "-c", shell_blocks(given.bundle)[0]],
        cwd=given.bundle,
        capture_output=True,
        text=True,
        check=True,
    )
    listed = (given.bundle / "VERIFY.md").read_text()

    assert all(f"- `{line.split()[0]}`" in listed for line in run.stdout.splitlines())


def damaged_file(bundle: Path) -> None:
    with (bundle / "VERIFY.md").open("a") as file:
        file.write("\n")


def changed_last_entry(bundle: Path) -> None:
    lines = (bundle / "entries.ndjson").read_bytes().splitlines(keepends=True)
    lines[-1] = lines[-1].replace(b'"sig":"', b'"sig":"AAAA', 1).replace(b'"}]}', b'"}]}', 1)
    lines[-1] = lines[-1][: lines[-1].index(b'"sig":"') + 7] + b"A" * 86 + b'=="}]}\n'
    (bundle / "entries.ndjson").write_bytes(b"".join(lines))
    sum_up(bundle)


def changed_first_entry(bundle: Path) -> None:
    content = (bundle / "entries.ndjson").read_bytes()
    (bundle / "entries.ndjson").write_bytes(content.replace(b'"payload":"eyJhY3', b'"payload":"eyJhY4', 1))
    sum_up(bundle)


def cut_end(bundle: Path) -> None:
    lines = (bundle / "entries.ndjson").read_bytes().splitlines(keepends=True)
    (bundle / "entries.ndjson").write_bytes(b"".join(lines[:-1]))
    sum_up(bundle)


def other_root(bundle: Path) -> None:
    lines = (bundle / "checkpoint").read_bytes().split(b"\n")
    lines[2] = b"A" * 43 + b"="
    (bundle / "checkpoint").write_bytes(b"\n".join(lines))
    sum_up(bundle)


@pytest.mark.parametrize(
    ("change", "seen_by"),
    [
        (damaged_file, {"sums", "one file", "custody"}),
        (changed_last_entry, {"entry", "one file", "custody"}),
        (changed_first_entry, {"one file", "custody"}),
        (cut_end, {"entry", "one file", "custody"}),
        (other_root, {"checkpoint", "one file", "custody"}),
    ],
)
def test_each_command_fails_after_what_it_should_see(
    given: Given, tmp_path: Path, change: Callable[[Path], None], seen_by: set[str]
) -> None:
    shutil.copytree(given.bundle, tmp_path / "bundle")
    change(tmp_path / "bundle")

    assert failing(tmp_path / "bundle", given.keys) == seen_by


def test_a_ledger_signed_anew_by_a_stranger_fails_by_the_keys_that_you_have(
    given: Given, tmp_path: Path
) -> None:
    shutil.copytree(given.workspace, tmp_path / "workspace")
    shutil.copytree(given.bundle, tmp_path / "bundle")
    ledger = LedgerFile(tmp_path / "workspace")
    ledger.seal_again(2, ledger.stranger)
    ledger.save()
    ledger.forget_checkpoints(above=2)
    ledger.sign_checkpoint(ledger.stranger)
    fit_to(tmp_path / "bundle", tmp_path / "workspace")

    assert failing(tmp_path / "bundle", given.keys) == {"entry", "checkpoint", "one file", "custody"}
