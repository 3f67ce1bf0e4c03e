"""A bundle as the real command makes it: what is in it, what is not, and what the ledger says of it."""

import base64
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from custody.domain.events import BundleExported
from tests.cli.command_line import is_three_line_error
from tests.integration.bundled_case import CASE, OTHER, SECRET, BundledCase, bundled_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> BundledCase:
    return bundled_case(tmp_path_factory.mktemp("exported"))


def contents(bundle: Path) -> dict[str, bytes]:
    files = [file for file in bundle.rglob("*") if file.is_file()]
    return {file.relative_to(bundle).as_posix(): file.read_bytes() for file in files}


def zipped(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {member.filename: archive.read(member) for member in archive.infolist()}


def test_a_whole_bundle_has_the_exported_entries_under_its_checkpoint(case: BundledCase) -> None:
    log = case.custody("log", "export").out.encode()
    ended = case.export("whole", "--json")
    files = contents(case.home / "whole")

    assert ended.code == 0, ended.err
    assert files["entries.ndjson"] == log
    assert files["checkpoint"] == files[f"checkpoints/{len(log.splitlines())}.note"]
    assert "leaves.txt" not in files
    for name, digest in (line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines()):
        assert hashlib.sha256(files.pop(name)).hexdigest() == digest
    assert set(files) == {"SHA256SUMS"}


def test_the_ledger_says_what_was_given_out(case: BundledCase) -> None:
    result = case.export("recorded", "--case", CASE, "--json").result
    body = json.loads(case.custody("log", "show", str(result["position"]), "--json").out)["entries"][0][
        "body"
    ]
    sums = hashlib.sha256((case.home / "recorded" / "SHA256SUMS").read_bytes()).hexdigest()

    assert body["type"] == BundleExported.__name__
    assert body["data"] == {
        "case_number": CASE, "disclosed": result["disclosed"], "size": result["size"], "sums_sha256": sums,
    }  # fmt: skip
    assert result["withheld"] == result["size"] - result["disclosed"] > 0
    told = case.custody("explain", str(result["position"]))
    assert f"bundle of case {CASE} exported by J. Ortiz" in told.out


def test_a_zip_has_the_same_files_and_the_ledger_its_digest(case: BundledCase) -> None:
    ended = case.export("one.zip", "--case", OTHER, "--json")
    bundle = case.home / "one.zip"

    assert ended.result["zip_sha256"] == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert {"entries.ndjson", "leaves.txt", "VERIFY.md", "verify_custody.py"} <= zipped(bundle).keys()


def test_the_same_ledger_gives_the_same_bytes(case: BundledCase, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        shutil.copytree(case.custody.workspace, tmp_path / name)
        ended = case.custody(
            "-w", str(tmp_path / name), "export", "bundle", "--out", str(tmp_path / f"{name}.zip")
        )
        assert ended.code == 0, ended.err
        made.append((tmp_path / f"{name}.zip").read_bytes())

    assert made[0] == made[1]


def test_nothing_of_another_case_gets_out(case: BundledCase) -> None:
    case.export("ours", "--case", CASE)
    files = contents(case.home / "ours")
    bodies = [base64.b64decode(json.loads(line)["payload"]) for line in files["entries.ndjson"].splitlines()]
    everything = b"\n".join([*bodies, *files.values()])

    assert SECRET.encode() not in everything
    assert OTHER.encode() not in everything
    assert b"clip.mov" in everything
    assert files["leaves.txt"].count(b"\n") == json.loads(files["bundle.json"])["withheld"]
    assert not any(name.startswith("tile/entries") for name in files)
    assert any(name.startswith("tile/0/") for name in files)


def test_an_exhibit_is_disclosed_alone(case: BundledCase) -> None:
    assert case.export("exhibit", "--exhibit", "A-2").code == 0
    files = contents(case.home / "exhibit")
    text = b"".join(
        base64.b64decode(json.loads(line)["payload"]) for line in files["entries.ndjson"].splitlines()
    )

    assert b"scan.mov" in text
    assert b"clip.mov" not in text
    assert json.loads(files["bundle.json"])["exhibit"] == "A-2"


def test_a_report_goes_along_under_the_name_that_the_ledger_gives_it(case: BundledCase) -> None:
    assert case.export("reported", "--case", CASE, "--report", str(case.report)).code == 0
    files = contents(case.home / "reported")
    [name] = [name for name in files if name.startswith("reports/")]

    assert name.endswith("-custody.pdf")
    assert files[name] == case.report.read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("--case", "unknown"), 4, "not-found"),
        (("--case", CASE, "--exhibit", "B"), 4, "not-found"),
        (("--exhibit", "B"), 4, "not-found"),
        (("--exhibit", "A-1"), 2, "usage"),
        (("--report", "{home}/card0/clip.mov"), 2, "usage"),
        (("--report", "{home}/nothing.pdf"), 4, "cannot-tell"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_leaves_nothing(
    case: BundledCase, words: tuple[str, ...], code: int, error: str
) -> None:
    size = case.custody.ledger_size()
    ended = case.export("none", *(word.format(home=case.home) for word in words))

    assert ended.code == code
    assert is_three_line_error(ended, error)
    assert not (case.home / "none").exists()
    assert not list(case.home.glob(".custody-*"))
    assert case.custody.ledger_size() == size


@pytest.mark.parametrize("name", ["there", "there.zip"])
def test_what_stands_there_is_never_touched(case: BundledCase, name: str) -> None:
    (case.home / name).write_bytes(b"mine")
    ended = case.export(name)

    assert (ended.code, (case.home / name).read_bytes()) == (6, b"mine")
    assert is_three_line_error(ended, "refused")


def test_a_folder_that_is_not_there_is_named(case: BundledCase) -> None:
    ended = case.export("missing/bundle")

    assert ended.code == 6
    assert "missing" in ended.error_lines[-3]
