"""A bundle under audit: what is sound passes, each change is named, and what is hostile is refused."""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from custody.domain.audit.policy import DEFAULT_POLICY, AuditPolicy
from custody.domain.audit.terms import AuditTerms
from custody.domain.errors import CannotTell, MalformedData
from custody.domain.use_cases.audit_bundle import audit_bundle
from custody.domain.use_cases.audit_ledger import AuditResult
from custody.infrastructure.bundles.bundle_source import open_bundle
from custody.infrastructure.crypto.batch_verification import verifying_in_parallel
from custody.infrastructure.crypto.ed25519 import load_public_pem
from custody.reports.bundle_files import verify_custody
from tests.attacks.bundle_file import sum_up
from tests.integration.bundled_case import CASE, BundledCase, bundled_case

Change = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Made:
    case: BundledCase
    folder: Path

    def copy(self, name: str, to: Path) -> Path:
        shutil.copytree(self.folder / name, to / "bundle")
        return to / "bundle"

    def audit(
        self, bundle: Path, *, trusted: bool = True, policy: AuditPolicy = DEFAULT_POLICY
    ) -> AuditResult:
        key = load_public_pem(self.case.key.read_bytes())
        keys = {key.key_id: key.raw} if trusted else {}
        with open_bundle(bundle) as source, verifying_in_parallel() as verify_many:
            return audit_bundle(source, keys, verify_many, terms=AuditTerms(policy=policy))

    def codes(self, bundle: Path) -> list[str]:
        """What both find: the audit's codes, after the verifier in one file came to the same verdict."""
        result = self.audit(bundle)
        one_file = verify_custody.main([str(bundle), "--key", str(self.case.key)])
        assert one_file == {"passed": 0, "failed": 1, "indeterminate": 4}[result.verdict]
        return [finding.code for finding in result.findings]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    case = bundled_case(tmp_path_factory.mktemp("audited"))
    for name, *words in (
        ("whole", "--report", str(case.report)),
        ("part", "--case", CASE),
        ("part.zip", "--case", CASE),
    ):
        assert case.export(name, *words).code == 0
    return Made(case, case.home)


@pytest.mark.parametrize("name", ["whole", "part", "part.zip"])
def test_a_sound_bundle_passes_by_the_examiners_key_and_only_by_that(made: Made, name: str) -> None:
    result = made.audit(made.folder / name)
    unvouched = made.audit(made.folder / name, trusted=False)

    assert (result.verdict, result.findings) == ("passed", ())
    assert set(result.verdicts) == {
        "structure", "signatures", "authorisation", "chain", "tree", "checkpoints", "completeness"
    }  # fmt: skip
    assert (result.withheld > 0) == (name != "whole")
    assert (unvouched.verdict, unvouched.findings) == ("indeterminate", ())
    assert [check for check, verdict in unvouched.verdicts.items() if verdict != "passed"] == [
        "signatures", "authorisation", "checkpoints"
    ]  # fmt: skip


def test_read_models_that_a_policy_requires_are_in_no_bundle(made: Made) -> None:
    result = made.audit(made.folder / "whole", policy=AuditPolicy(required_checks=frozenset({"projections"})))

    assert (result.verdict, result.verdicts["projections"]) == ("indeterminate", "indeterminate")
    assert "projections" not in result.not_required


def test_the_real_command_tells_what_is_withheld(made: Made) -> None:
    ended = made.case.custody("audit", str(made.folder / "part.zip"), "--key", str(made.case.key), "--json")

    assert ended.code == 0
    assert ended.result["withheld"] == made.audit(made.folder / "part").withheld


def test_a_key_of_the_bundle_that_signed_nothing_good_refutes(made: Made, tmp_path: Path) -> None:
    bundle = made.copy("whole", tmp_path)
    lines = (bundle / "entries.ndjson").read_bytes().splitlines(keepends=True)
    envelope = json.loads(lines[-1])
    envelope["signatures"][0]["sig"] = json.loads(lines[-2])["signatures"][0]["sig"]
    lines[-1] = json.dumps(envelope, separators=(",", ":")).encode() + b"\n"
    (bundle / "entries.ndjson").write_bytes(b"".join(lines))
    sum_up(bundle)

    assert "bad-signature" in [finding.code for finding in made.audit(bundle, trusted=False).findings]


def remove_keys(bundle: Path) -> None:
    shutil.rmtree(bundle / "keys")
    sum_up(bundle)


def spoil_key(bundle: Path) -> None:
    [key] = (bundle / "keys").glob("*.pem")
    key.write_bytes(b"no key")
    sum_up(bundle)


@pytest.mark.parametrize("change", [remove_keys, spoil_key])
def test_without_any_sound_key_nothing_is_decided(made: Made, tmp_path: Path, change: Change) -> None:
    bundle = made.copy("whole", tmp_path)
    change(bundle)

    assert made.audit(bundle, trusted=False).verdict == "indeterminate"


def edited(name: str, old: bytes, new: bytes, *, summed: bool = True) -> Change:
    def change(bundle: Path) -> None:
        content = (bundle / name).read_bytes()
        assert old in content
        (bundle / name).write_bytes(content.replace(old, new, 1))
        if summed:
            sum_up(bundle)

    return change


def without_first_line(name: str) -> Change:
    def change(bundle: Path) -> None:
        lines = (bundle / name).read_bytes().splitlines(keepends=True)
        (bundle / name).write_bytes(b"".join(lines[1:]))
        sum_up(bundle)

    return change


def cut_last_line(bundle: Path) -> None:
    (bundle / "entries.ndjson").write_bytes((bundle / "entries.ndjson").read_bytes()[:-10])
    sum_up(bundle)


def endless_line(bundle: Path) -> None:
    with (bundle / "entries.ndjson").open("ab") as file:
        file.write(b"x" * 3_000_000)
    sum_up(bundle)


def long_line(bundle: Path) -> None:
    with (bundle / "entries.ndjson").open("ab") as file:
        file.write(b"x" * 70_000 + b"\n")
    sum_up(bundle)


def odd_report(bundle: Path) -> None:
    (bundle / "reports" / "1-custody.pdf").write_bytes(b"%PDF another")
    sum_up(bundle)


def odd_document(bundle: Path) -> None:
    next((bundle / "documents").iterdir()).write_bytes(b"{}")
    sum_up(bundle)


def missing_document(bundle: Path) -> None:
    next((bundle / "documents").iterdir()).unlink()
    sum_up(bundle)


def missing_file(bundle: Path) -> None:
    (bundle / "VERIFY.md").unlink()


def wrong_note_name(bundle: Path) -> None:
    shutil.copy(bundle / "checkpoint", bundle / "checkpoints" / "7.note")
    sum_up(bundle)


def bad_note(bundle: Path) -> None:
    (bundle / "checkpoints" / "9.note").write_bytes(b"nothing\n")
    sum_up(bundle)


def sums_of_another_form(bundle: Path) -> None:
    with (bundle / "SHA256SUMS").open("ab") as file:
        file.write(b"\n")


def bad_number(bundle: Path) -> None:
    edited("bundle.json", b'"withheld":0', b'"withheld":"0"')(bundle)


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("whole", edited("VERIFY.md", b"openssl", b"opensst", summed=False), "bundle-file-differs"),
        ("whole", missing_file, "bundle-file-missing"),
        ("whole", sums_of_another_form, "malformed-bundle"),
        ("whole", cut_last_line, "malformed-bundle"),
        ("whole", endless_line, "malformed-bundle"),
        ("whole", long_line, "malformed-bundle"),
        ("whole", bad_number, "malformed-bundle"),
        ("whole", edited("bundle.json", b'"entries":', b'"entries": '), "malformed-bundle"),
        ("whole", odd_report, "report-unknown"),
        ("whole", odd_document, "document-differs"),
        ("whole", missing_document, "document-missing"),
        ("whole", wrong_note_name, "checkpoint-size"),
        ("whole", bad_note, "malformed-checkpoint"),
        ("whole", without_first_line("entries.ndjson"), "misplaced-entry"),
        ("part", without_first_line("entries.ndjson"), "misplaced-entry"),
        ("part", without_first_line("leaves.txt"), "misplaced-entry"),
        ("part", edited("leaves.txt", b"\n", b"\n\n"), "malformed-bundle"),
        ("part", edited("leaves.txt", b" ", b" f"), "malformed-bundle"),
    ],
)
def test_each_change_is_named(made: Made, tmp_path: Path, name: str, change: Change, code: str) -> None:
    bundle = made.copy(name, tmp_path)
    change(bundle)

    assert code in made.codes(bundle)


def test_other_numbers_are_named(made: Made, tmp_path: Path) -> None:
    bundle = made.copy("whole", tmp_path)
    about = json.loads((bundle / "bundle.json").read_text())
    about["entries"] += 1
    about["size"] += 1
    (bundle / "bundle.json").write_text(json.dumps(about, sort_keys=True, separators=(",", ":")) + "\n")
    sum_up(bundle)

    assert made.codes(bundle) == ["bundle-numbers"]


def test_another_leaf_hash_is_seen_by_the_chain_and_the_root(made: Made, tmp_path: Path) -> None:
    bundle = made.copy("part", tmp_path)
    lines = (bundle / "leaves.txt").read_text().splitlines()
    lines[-1] = lines[-1][:-64] + "0" * 64
    (bundle / "leaves.txt").write_text("\n".join(lines) + "\n")
    sum_up(bundle)

    assert set(made.codes(bundle)) == {"checkpoint-root", "tile-differs"}


def drop_tile(bundle: Path) -> None:
    next((bundle / "tile" / "0" / "000.p").iterdir()).unlink()


def change_tile(bundle: Path) -> None:
    next((bundle / "tile" / "0" / "000.p").iterdir()).write_bytes(bytes(32))


def add_tile(bundle: Path) -> None:
    (bundle / "tile" / "0" / "001").write_bytes(b"")


@pytest.mark.parametrize("change", [drop_tile, change_tile, add_tile])
def test_tiles_that_are_not_those_of_the_tree_are_named(made: Made, tmp_path: Path, change: Change) -> None:
    bundle = made.copy("whole", tmp_path)
    change(bundle)
    sum_up(bundle)
    result = made.audit(bundle)

    assert {finding.code for finding in result.findings} == {"tile-differs"}
    assert result.verdicts["tree"] == "failed"


def test_of_very_many_tiles_that_differ_the_others_are_counted(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custody.domain.use_cases.audit_bundle._MAX_DIFFERENT_TILES", 1)
    bundle = made.copy("whole", tmp_path)
    for tile in filter(Path.is_file, (bundle / "tile").rglob("*")):
        tile.write_bytes(b"x")
    sum_up(bundle)
    result = made.audit(bundle)

    assert [finding.code for finding in result.findings] == ["tile-differs"]
    assert (result.verdicts["tree"], result.findings_not_listed) == ("failed", 1)


def test_a_bundle_may_do_without_tiles(made: Made, tmp_path: Path) -> None:
    bundle = made.copy("part", tmp_path)
    shutil.rmtree(bundle / "tile")
    sum_up(bundle)

    assert made.codes(bundle) == []


def test_what_a_bundle_has_besides_is_counted(made: Made, tmp_path: Path) -> None:
    bundle = made.copy("whole", tmp_path)
    (bundle / "letter.txt").write_bytes(b"Dear colleague")
    (bundle / ".DS_Store").write_bytes(b"x")
    result = made.audit(bundle)

    assert result.verdict == "passed"
    assert "files that SHA256SUMS does not list: 1" in result.notes
    assert "files that have no name of a bundle and were not looked at: 1" in result.notes


def test_a_link_in_a_folder_is_refused(made: Made, tmp_path: Path) -> None:
    bundle = made.copy("whole", tmp_path)
    (bundle / "checkpoint").unlink()
    (bundle / "checkpoint").symlink_to("checkpoints/4.note")

    with pytest.raises(MalformedData) as refused:
        made.audit(bundle)
    assert "ask for it" in refused.value.hint
    assert verify_custody.main([str(bundle)]) == 4


def test_another_format_and_no_bundle_decide_nothing(made: Made, tmp_path: Path) -> None:
    bundle = made.copy("whole", tmp_path)
    edited("bundle.json", b"bundle/1", b"bundle/2")(bundle)
    with pytest.raises(CannotTell):
        made.audit(bundle)
    assert verify_custody.main([str(bundle)]) == 4
    (bundle / "entries.ndjson").unlink()
    with pytest.raises(CannotTell):
        made.audit(bundle)
    assert verify_custody.main([str(bundle)]) == 4


@pytest.mark.parametrize(("name", "size"), [("bundle.json", 70_000), ("checkpoint", 300_000)])
def test_a_small_file_that_is_large_is_not_read_whole(
    made: Made, tmp_path: Path, name: str, size: int
) -> None:
    bundle = made.copy("whole", tmp_path)
    with (bundle / name).open("ab") as file:
        file.write(b" " * size)
    sum_up(bundle)

    assert {"malformed-bundle", "malformed-checkpoint"} & set(made.codes(bundle))


def test_no_flipped_byte_of_a_listed_file_passes(made: Made, tmp_path: Path) -> None:
    bundle = made.copy("part", tmp_path)
    files = sorted(file for file in bundle.rglob("*") if file.is_file() and "tile" not in file.parts)
    for number, file in enumerate(files):
        content = bytearray(file.read_bytes())
        at = (number * 7919) % len(content)
        content[at] ^= 1
        file.write_bytes(content)
        ended = made.case.custody("audit", str(bundle), "--key", str(made.case.key), "-q")
        assert ended.code in {1, 4}, file
        content[at] ^= 1
        file.write_bytes(content)
    assert made.audit(bundle).verdict == "passed"


def rewritten(source: Path, target: Path, edit: Callable[[zipfile.ZipFile], None]) -> Path:
    shutil.copy(source, target)
    with zipfile.ZipFile(target, "a") as archive:
        edit(archive)
    return target


def odd_name(name: str) -> Callable[[zipfile.ZipFile], None]:
    return lambda archive: archive.writestr(name, b"x")


def link(archive: zipfile.ZipFile) -> None:
    member = zipfile.ZipInfo("link")
    member.external_attr = 0o120777 << 16
    archive.writestr(member, "/etc/passwd")


def bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("documents/bomb", bytes(30_000_000), zipfile.ZIP_DEFLATED)


def odd_packing(archive: zipfile.ZipFile) -> None:
    archive.writestr("x", b"x", zipfile.ZIP_LZMA)


def many(archive: zipfile.ZipFile) -> None:
    for number in range(60_000):
        archive.writestr(f"a{number}", b"")
        archive.writestr(f"b{number}", b"")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "edit",
    [
        *map(odd_name, ("../x", "/etc/x", "a\\b", ".hidden", "a/../../x", "checkpoint", "C:x", "x/", "\x07")),
        link,
        bomb,
        odd_packing,
        many,
    ],
)  # fmt: skip
def test_a_hostile_zip_is_refused_before_anything_is_read(
    made: Made, tmp_path: Path, edit: Callable[[zipfile.ZipFile], None]
) -> None:
    bundle = rewritten(made.folder / "part.zip", tmp_path / "hostile.zip", edit)

    with pytest.raises(MalformedData):
        made.audit(bundle)


def test_every_damage_of_a_zip_is_seen_and_none_is_a_traceback(made: Made, tmp_path: Path) -> None:
    sound = (made.folder / "part.zip").read_bytes()
    target = tmp_path / "damaged.zip"
    for at in range(0, len(sound), max(1, len(sound) // 60)):
        for damaged in (sound[:at], sound[:at] + bytes([sound[at] ^ 0xFF]) + sound[at + 1 :]):
            target.write_bytes(damaged)
            try:
                verdict = made.audit(target).verdict
            except CannotTell:
                continue
            # A ZIP has bytes that say nothing of any content: times, versions, attributes.
            assert verdict != "passed" or len(damaged) == len(sound)


def test_a_file_that_is_neither_is_named(made: Made, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no archive")
    for path in (tmp_path / "x.zip", made.case.report):
        with pytest.raises(CannotTell):
            made.audit(path)
    ended = made.case.custody("audit", str(tmp_path / "nothing"), "--key", str(made.case.key))
    assert ended.code == 4
