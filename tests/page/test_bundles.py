"""Bundles as folders and ZIPs, whole and in part, honest and hostile, judged by the page."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from custody.domain import canonical
from custody.domain.use_cases.audit_bundle import MAY_BE_WITHHELD
from tests.attacks.ledger_file import LedgerFile, signed
from tests.attacks.test_attacks import carry_out
from tests.cli.command_line import CommandLine
from tests.integration.honest_ledgers import HONEST, Honest, cosigned, stamped
from tests.page.bundles import Files, bundle_of, with_sums, written, zipped
from tests.page.conftest import SIZE, Verifier, keys_of, read

WITHHELD = range(8, 14)
ATTACKS_FOLDER = Path(__file__).parents[1] / "attacks"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zipped_bundle_is_ok(method: int, verify: Verifier, ledger: LedgerFile, case: CommandLine) -> None:
    bundle = zipped(bundle_of(ledger), case.home / "bundle.zip", method)
    outcome = verify(bundle, trust=keys_of(case))
    assert (outcome.word, outcome.findings) == ("OK", [])


def test_a_zip_in_the_form_for_large_ones_is_ok(
    verify: Verifier, ledger: LedgerFile, case: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    bundle = zipped(bundle_of(ledger), case.home / "bundle.zip")
    assert b"PK\x06\x06" in bundle.read_bytes()
    assert verify(bundle, trust=keys_of(case)).word == "OK"


def test_a_dropped_folder_is_read_and_judged(verify: Verifier, ledger: LedgerFile, case: CommandLine) -> None:
    bundle = written(bundle_of(ledger), case.home / "bundle")
    verify.page.load()
    verify.page.drop("#subject", [bundle])
    verify.page.wait_for("document.getElementById('subject-chosen').children.length > 0")
    verify.page.drop("#trust", keys_of(case))
    verify.page.wait_for("document.getElementById('trust-chosen').children.length > 0")
    assert verify.check().word == "OK"


def test_what_it_does_not_show_is_said_in_the_words_of_the_audit(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    bundle = written(bundle_of(ledger), case.home / "bundle")
    outcome = verify(bundle, trust=keys_of(case))
    audited = case("audit", str(bundle), "--key", str(keys_of(case)[0]), "--json").result["not_shown"]
    assert isinstance(audited, list)
    assert set(outcome.not_shown) == {line for line in audited if "'custody verify'" not in line}


def test_in_a_part_of_a_ledger_the_withheld_entries_are_counted_and_the_tree_holds(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    whole_streams = [at for at in range(SIZE) if ledger.body(at)["stream"] == ledger.body(12)["stream"]]
    bundle = written(bundle_of(ledger, whole_streams), case.home / "bundle")
    outcome = verify(bundle, trust=keys_of(case))
    assert (outcome.word, outcome.findings) == ("OK", [])
    assert f"withheld entries say and who signed them: {len(whole_streams)}" in outcome.not_shown[0]


def test_a_stream_with_withheld_entries_leaves_the_structure_open(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    outcome = verify(written(bundle_of(ledger, WITHHELD), case.home / "bundle"), trust=keys_of(case))
    assert (outcome.word, outcome.findings) == ("CANNOT TELL", [])
    assert [name for name, verdict in outcome.verdicts.items() if verdict != "passed"] == ["structure"]


def test_a_changed_leaf_hash_breaks_the_chain_and_the_tree(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    files = bundle_of(ledger, WITHHELD)
    lines = files["leaves.txt"].splitlines(keepends=True)
    lines[-1] = b"13 " + b"00" * 32 + b"\n"
    bundle = written(with_sums({**files, "leaves.txt": b"".join(lines)}), case.home / "bundle")
    outcome = verify(bundle, trust=keys_of(case))
    assert outcome.word == "CHANGED"
    assert {"chain-broken", "checkpoint-root", "tile-differs"} <= {code for code, _ in outcome.findings}


def test_the_keys_of_a_bundle_prove_nothing_and_can_refute(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    honest = verify(written(bundle_of(ledger), case.home / "bundle"))
    assert (honest.word, honest.findings) == ("CANNOT TELL", [])
    ledger.seal_again(22, ledger.stranger)
    forged = verify(written(bundle_of(ledger), case.home / "forged"))
    assert forged.word == "CHANGED"
    assert ("unknown-key", 22) in forged.findings


def without(name: str) -> Callable[[Files], Files]:
    return lambda files: {other: content for other, content in files.items() if other != name}


def changed(name: str, old: bytes, new: bytes, *, sums: bool = True) -> Callable[[Files], Files]:
    def change(files: Files) -> Files:
        assert old in files[name]
        after = {**files, name: files[name].replace(old, new, 1)}
        return with_sums(after) if sums else after

    return change


def added(name: str, content: bytes) -> Callable[[Files], Files]:
    return lambda files: with_sums({**files, name: content})


def first_document(files: Files) -> str:
    return next(name for name in files if name.startswith("documents/"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (changed("entries.ndjson", b"\n", b"\n\n"), "malformed-entry"),
        (changed("bundle.json", b'"size":30', b'"size":31'), "bundle-numbers"),
        (changed("bundle.json", b"bundle/1", b"bundle/9"), "malformed-bundle"),
        (changed("bundle.json", b'"size"', b' "size"'), "malformed-bundle"),
        (changed("bundle.json", b"30", b"31", sums=False), "bundle-file-differs"),
        (changed("SHA256SUMS", b"  ", b" *", sums=False), "malformed-bundle"),
        (without("SHA256SUMS"), "malformed-bundle"),
        (without("checkpoint"), "bundle-file-missing"),
        (without("entries.ndjson"), "malformed-bundle"),
        (changed("tile/0/000.p/30", b"", b"x"), "tile-differs"),
        (changed("tile/entries/000.p/30", b"payload", b"Payload"), "tile-differs"),
        (lambda files: with_sums(without("tile/0/000.p/30")(files)), "tile-differs"),
        (added("reports/28-custody.pdf", b"%PDF"), "report-unknown"),
        (added("leaves.txt", b"40 " + b"00" * 32 + b"\n"), "malformed-bundle"),
        (added("leaves.txt", b"3 zz\n"), "malformed-bundle"),
        (added("checkpoints/12.note", b"12"), "malformed-checkpoint"),
        (added("keys/" + "0" * 64 + ".pem", b"no key"), None),
        (lambda files: changed(first_document(files), b"{", b"[")(files), "document-differs"),
        (lambda files: with_sums(without(first_document(files))(files)), "document-missing"),
    ],
)
def test_a_change_of_a_bundle_is_a_finding(
    change: Callable[[Files], Files],
    code: str | None,
    verify: Verifier,
    ledger: LedgerFile,
    case: CommandLine,
) -> None:
    bundle = written(change(bundle_of(ledger)), case.home / "bundle")
    outcome = verify(bundle, trust=keys_of(case))
    if code is None:  # a bundle's own keys are not asked where a person brought theirs
        assert outcome.word == "OK"
    else:
        assert outcome.word == "CHANGED"
        assert code in [found for found, _ in outcome.findings], outcome.text


def test_the_tiles_of_more_than_one_level_are_compared(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    template = ledger.body(3)
    for position in range(SIZE, 600):
        body = {**template, "position": position, "revision": position}
        ledger.rows.append((position, signed(canonical.encode(body), ledger.signer)))
    files = bundle_of(ledger)
    assert {"tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001"} <= files.keys()
    outcome = verify(written(files, case.home / "bundle"), trust=keys_of(case))
    assert outcome.verdicts["tree"] == "passed"
    files["tile/1/000.p/2"] = bytes(64)
    outcome = verify(written(with_sums(files), case.home / "bundle"), trust=keys_of(case))
    assert outcome.verdicts["tree"] == "failed"


def rewritten(change: Callable[[zipfile.ZipFile], None]) -> Callable[[Path], None]:
    def carry_out(file: Path) -> None:
        with zipfile.ZipFile(file, "a") as archive:
            change(archive)

    return carry_out


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("keys/link.pem")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def patched(old: bytes, new: bytes) -> Callable[[Path], None]:
    def carry_out(file: Path) -> None:
        content = file.read_bytes()
        assert old in content
        file.write_bytes(content.replace(old, new))

    return carry_out


def cut_in_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def encrypted(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(bytes(content))


def wrong_size(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 24] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (rewritten(lambda archive: archive.writestr("../outside", b"")), "name that no bundle has"),
        (rewritten(lambda archive: archive.writestr("/absolute", b"")), "name that no bundle has"),
        (rewritten(lambda archive: archive.writestr("a\\b", b"")), "name that no bundle has"),
        (rewritten(lambda archive: archive.writestr("checkpoint", b"other")), "name twice"),
        (rewritten(lambda archive: archive.writestr(link(), b"/etc/passwd")), "link or special file"),
        (
            rewritten(lambda archive: archive.writestr("x", bytes(5_000_000), zipfile.ZIP_DEFLATED)),
            "unpacks to more than 200 times",
        ),
        (rewritten(lambda archive: archive.writestr("x", b"x", zipfile.ZIP_BZIP2)), "packed in a way"),
        (encrypted, "encrypted"),
        (wrong_size, "another size"),
        (cut_in_half, "no ZIP, or is cut"),
        (patched(b"PK\x03\x04", b"PK\x03\x05"), "no header of its own"),
        (patched(b"PK\x01\x02", b"PK\x01\x09"), "directory is damaged"),
    ],
)
def test_a_hostile_zip_is_refused_and_nothing_is_decided(
    attack: Callable[[Path], None], said: str, verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    bundle = zipped(bundle_of(ledger), case.home / "bundle.zip")
    attack(bundle)
    outcome = verify(bundle, trust=keys_of(case))
    assert outcome.word == "CANNOT TELL"
    assert said in outcome.sentence
    assert "passed" not in outcome.verdicts.values() or outcome.findings == []


def test_hostile_names_and_texts_are_shown_escaped_and_never_run(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    hostile = "<img src=x onerror=document.title='run'>\u202ecod.exe\x1b[2J"
    body = {**ledger.body(22), "type": hostile}
    ledger.replace(22, signed(canonical.encode(body), ledger.signer))
    files = bundle_of(ledger)
    files["SHA256SUMS"] += b"0" * 64 + b"  " + hostile.encode() + b"\n"
    outcome = verify(written(files, case.home / "bundle"), trust=keys_of(case))
    assert outcome.word == "CHANGED"
    assert "<img src=x onerror=document.title='run'>\\u202ecod.exe\\x1b[2J" in outcome.text
    assert verify.page.evaluate("document.title") == "Custody: verify"
    assert verify.page.evaluate("document.querySelectorAll('#result img').length") == 0


def test_evidence_is_compared_with_what_the_entries_record(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    bundle = written(bundle_of(ledger), case.home / "bundle")
    copies = case.home / "copies"
    good = verify(bundle, trust=keys_of(case), evidence=[copies])
    assert (good.word, good.evidence) == ("OK", ["passed"] * 3)

    (copies / "card" / "clip2.mov").write_bytes(b"clip X")
    changed_copy = verify(bundle, trust=keys_of(case), evidence=[copies])
    assert changed_copy.word == "CHANGED"
    assert [code for code, _ in changed_copy.findings] == ["copy-changed"]

    (copies / "card" / "clip2.mov").write_bytes(b"clip 1")  # another file's content under this name
    assert verify(bundle, trust=keys_of(case), evidence=[copies]).verdicts["evidence"] == "failed"

    (copies / "card" / "clip2.mov").rename(copies / "card" / "renamed.mov")
    renamed = verify(bundle, trust=keys_of(case), evidence=[copies])
    assert (renamed.word, "under another name: card/clip1.mov" in renamed.text) == ("OK", True)

    (copies / "foreign.bin").write_bytes(b"unknown")
    foreign = verify(bundle, trust=keys_of(case), evidence=[copies / "foreign.bin"])
    assert (foreign.word, foreign.verdicts["evidence"]) == ("CANNOT TELL", "indeterminate")


def test_the_result_is_told_to_those_who_do_not_see_it(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    verify(written(bundle_of(ledger), case.home / "bundle"), trust=keys_of(case))
    page = verify.page
    assert page.evaluate("document.activeElement.id") == "verdict"
    assert page.evaluate("document.getElementById('progress').getAttribute('role')") == "status"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input, section')]"
        ".filter((e) => !(e.labels?.length || e.ariaLabelledByElements?.length)).length"
    )
    assert unnamed == 0
    assert read(page).word == "OK"


def test_a_withheld_end_of_a_key_cannot_be_seen_and_that_is_said(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    carry_out(ATTACKS_FOLDER / "revoked_key_used_later_fail", case.workspace)
    bundle = written(bundle_of(LedgerFile(case.workspace), [31]), case.home / "bundle")
    outcome = verify(bundle, trust=keys_of(case))
    assert (outcome.word, outcome.findings) == ("OK", [])
    assert MAY_BE_WITHHELD in outcome.notes


def test_a_note_of_another_ledger_that_was_brought_along_decides_nothing(
    verify: Verifier, ledger: LedgerFile, case: CommandLine
) -> None:
    bundle = written(bundle_of(ledger), case.home / "bundle")
    for signer in (ledger.signer, ledger.stranger):
        note = ledger.note(7, bytes(32), signer, "custody.invalid/another")
        (case.home / "other.note").write_bytes(note)
        outcome = verify(bundle, trust=[*keys_of(case), case.home / "other.note"])
        assert (outcome.word, outcome.findings) == ("CANNOT TELL", [])
        assert outcome.verdicts["checkpoints"] == "indeterminate"


def trusted_by(honest: Honest) -> list[Path]:
    """What somebody outside has: the key, and whom else they trust, in files."""
    files = [honest.key]
    for name, value in zip(honest.trust[::2], honest.trust[1::2], strict=True):
        if name == "--authority":
            files.append(Path(value))
        else:
            files.append(honest.custody.home / "trusted.vkey")
            files[-1].write_text(Path(value).read_text() if Path(value).is_file() else value)
    return files


@pytest.mark.parametrize("make", HONEST, ids=[make.__name__ for make in HONEST])
def test_an_honest_bundle_is_ok(make: Callable[[Path], Honest], verify: Verifier, tmp_path: Path) -> None:
    honest = make(tmp_path / "honest")
    for name, *words in (("whole",), ("part", "--case", honest.case)):
        bundle = honest.export(name, *words)
        outcome = verify(bundle, trust=trusted_by(honest))
        assert (outcome.word, outcome.findings) == ("OK", [])
        audited = honest.custody("audit", str(bundle), "--key", str(honest.key), *honest.trust, "--json")
        assert outcome.verdicts == audited.result["verdicts"]


@pytest.mark.parametrize("make", [stamped, cosigned])
def test_a_bundle_makes_nobody_trust_the_makers_of_its_anchors(
    make: Callable[[Path], Honest], verify: Verifier, tmp_path: Path
) -> None:
    honest = make(tmp_path / "honest")
    outcome = verify(honest.export("whole"), trust=[honest.key])
    assert (outcome.word, outcome.findings) == ("CANNOT TELL", [])
    assert [name for name, verdict in outcome.verdicts.items() if verdict != "passed"] == ["anchors"]
    assert "not trusted here" in outcome.sentence
