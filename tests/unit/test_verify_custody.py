"""The verifier in one file: its Ed25519 and its forms against ours, proofs, copies and its answers."""

import ast
import base64
import json
import shutil
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.domain import canonical
from custody.domain.digest import Digests
from custody.domain.errors import MalformedData
from custody.domain.events import EVENT_TYPES, decode
from custody.domain.events.values import Nanoseconds, Stretches, Wide
from custody.domain.identifiers import (
    BatchId,
    JobId,
    KeyId,
    LedgerId,
    Position,
    TransferId,
    checkpoint_stream,
)
from custody.domain.keys.roles import LONG_TERM_ONLY, MAY_RECORD
from custody.domain.paths import RawPath
from custody.domain.proofs.cosignature import witness_vkey
from custody.domain.proofs.merkle import inclusion_proof, root_of
from custody.domain.public_keys import LOW_ORDER_KEYS
from custody.infrastructure.crypto.ed25519 import Ed25519Signer, verify
from custody.infrastructure.crypto.key_files import new_private_key
from custody.reports.bundle_files import verify_custody
from tests.docs.markdown import ROOT
from tests.unit.signed_ledger import KEY, LEDGER, SignedLedger, new_ledger
from tests.unit.test_audit_cosignatures import event_of
from tests.unit.witnessing import NAME, WITNESS

SCRIPT = ROOT / "reports" / "bundle_files" / "verify_custody.py"
EXAMPLE = ROOT / "docs" / "reference" / "example"
ORDER = verify_custody.L


def test_it_is_one_file_that_imports_the_standard_library_alone() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])

    assert imported <= sys.stdlib_module_names
    assert "subprocess" not in imported


@given(st.binary(max_size=200), st.integers(0, 63), st.integers(0, 255))
@settings(max_examples=25, deadline=None)
def test_signatures_are_judged_as_libsodium_does(message: bytes, at: int, flip: int) -> None:
    signature = bytearray(KEY.sign(message))
    signature[at] ^= flip

    assert verify_custody.verify(KEY.public_raw, bytes(signature), message) is (flip == 0)
    assert verify(KEY.public_raw, bytes(signature), message) is (flip == 0)


def test_a_key_of_small_order_verifies_nothing() -> None:
    for raw in LOW_ORDER_KEYS:
        assert not verify_custody.verify(raw, raw + bytes(32), b"")


def test_odd_signatures_and_keys_verify_nothing() -> None:
    signature = KEY.sign(b"message")
    s = int.from_bytes(signature[32:], "little")
    not_reduced = signature[:32] + (s + ORDER).to_bytes(32, "little")
    off_curve = next(
        bytes([y]) + bytes(31)
        for y in range(2, 50)
        if verify_custody.decompress(bytes([y]) + bytes(31)) is None
    )

    for raw, odd in (
        (KEY.public_raw, not_reduced),
        (KEY.public_raw, signature[:63]),
        (KEY.public_raw, signature + b"\0"),
        (KEY.public_raw, b""),
        (KEY.public_raw[:31], signature),
        (off_curve, signature),
        (b"\xff" * 32, signature),
    ):
        assert not verify_custody.verify(raw, odd, b"message")
        assert not verify(raw, odd, b"message")


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}', b'{"a":1 }', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"1.0", b"1e3", b"-0", b"NaN",
        b"Infinity", b"9007199254740991", b"9007199254740992", b"-9007199254740992", b'"\\u0041"',
        b'"\\ud800"', b'"\xff"',
        '"é"'.encode(), '{"é":1}'.encode(), b"[" * 33 + b"]" * 33, b"[" * 32 + b"]" * 32, b"[" * 60000, b"",
        b"null", b"true", b"[1,]", b'"\t"', b'"\\t"', b"1" * 5000, b"\xef\xbb\xbf1", b'"\\/"', b" 1",
    ],
)  # fmt: skip
def test_canonical_json_is_what_ours_is(data: bytes) -> None:
    try:
        expected = canonical.decode(data)
    except MalformedData:
        with pytest.raises(ValueError):
            verify_custody.decode(data)
    else:
        assert verify_custody.decode(data) == expected


@pytest.mark.parametrize("size", range(20))
def test_the_tree_is_ours(size: int) -> None:
    leaves = [bytes([number]) * 32 for number in range(size)]
    tree = verify_custody.Tree()
    for leaf in leaves:
        tree.append(leaf)

    assert (tree.size, tree.root()) == (size, root_of(leaves))


def run(*words: str | Path) -> int:
    return verify_custody.main([str(word) for word in words])


def test_more_signatures_than_a_batch_are_verified_in_processes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = new_ledger(300)
    lines = [row.entry for row in ledger.rows if isinstance(row.entry, bytes)]
    bad = json.loads(lines[100])
    bad["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    (tmp_path / "good.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    lines[100] = canonical.encode(bad)
    (tmp_path / "bad.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (tmp_path / "last.note").write_bytes(ledger.note())
    (tmp_path / "key.pem").write_bytes(KEY.public_pem)
    words = ("--checkpoint", tmp_path / "last.note", "--key", tmp_path / "key.pem")

    assert run(tmp_path / "good.jsonl", *words) == 0
    assert capsys.readouterr().out.startswith(f"OK  {len(lines)} entries, 0 findings")
    assert run(tmp_path / "bad.jsonl", *words) == 1
    assert "position 100  bad-signature" in capsys.readouterr().out


def test_a_proof_passes_and_each_change_of_it_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = json.loads((EXAMPLE / "session.proof").read_bytes())
    words = ("--key", (EXAMPLE / "key.vkey").read_text().strip())

    def judged(**changed: object) -> int:
        (tmp_path / "proof").write_bytes(canonical.encode({**proof, **changed}))
        return run(tmp_path / "proof", *words)

    one, two = proof["entries"]
    other = {**one, "entry": two["entry"]}
    short = {**one, "path": one["path"][:-1]}
    moved = {**one, "position": 1}
    assert judged() == 0
    assert judged(entries=[two]) == 4  # an earlier entry of the stream is withheld
    for entries in (
        [other, two],
        [short, two],
        [moved, two],
        [two, one],
        [],
        [{**one, "path": ["00"]}, two],
        [7],
        7,
    ):
        assert judged(entries=entries) == 1, entries
    assert judged(checkpoint=proof["checkpoint"].replace("\n4\n", "\n5\n")) == 1
    assert judged(checkpoint="no note") == 1
    assert judged(format="custody.proof/2") == 1
    assert "malformed-proof" in capsys.readouterr().out


def test_a_key_that_is_none_is_a_wrong_command_line(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    vkey = (EXAMPLE / "key.vkey").read_text().strip()
    for key in (tmp_path / "key", tmp_path / "missing", vkey.replace("+AW", "+AX", 1)):
        with pytest.raises(SystemExit) as ended:
            run(EXAMPLE / "log.jsonl", "--key", key)
        assert ended.value.code == 2


def test_what_is_not_there_cannot_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "missing\x1b[2J") == 4
    assert "\x1b" not in capsys.readouterr().out


def test_it_runs_alone(tmp_path: Path) -> None:
    shutil.copy(SCRIPT, tmp_path)
    words = [EXAMPLE / "log.jsonl", "--checkpoint", EXAMPLE / "4.note", "--key", EXAMPLE / "key.pem"]
    ended = subprocess.run(
        [sys.executable, "-I", "-W", "error", "verify_custody.py", *words],
        cwd=tmp_path, env={"LANG": "C"}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_stranger_is_unknown_and_a_run_of_its_entries_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.pem").write_bytes(Ed25519Signer(new_private_key()).public_pem)

    assert run(EXAMPLE / "log.jsonl", "--key", tmp_path / "other.pem") == 1
    assert capsys.readouterr().out.count("unknown-key") == 1


def test_its_table_of_types_is_ours() -> None:
    streams = {name: event.stream_kind for name, event in EVENT_TYPES.items()}

    assert streams == verify_custody.STREAM
    assert verify_custody.ROLES == MAY_RECORD
    assert verify_custody.PERSONAL == LONG_TERM_ONLY


def test_a_path_leads_to_the_root_as_ours_does() -> None:
    leaves = [bytes([number]) * 32 for number in range(19)]
    for size in range(1, 20):
        for index in range(size):
            path = list(inclusion_proof(index, leaves[:size]))
            root = root_of(leaves[:size])
            assert verify_custody.root_by_path(leaves[index], index, size, path) == root
            assert verify_custody.root_by_path(leaves[index], index, size, [*path, bytes(32)]) != root
            assert verify_custody.root_by_path(leaves[index], index, size, path[1:]) != root or not path
            assert verify_custody.root_by_path(leaves[index], index + size, size, path) != root


def test_its_table_of_fields_is_ours() -> None:
    kinds = {
        Nanoseconds: "wide", Wide: "wide", LedgerId: "id", JobId: "id", TransferId: "id", Position: "number",
        int: "number", bool: "flag", RawPath: "path", tuple[RawPath, ...]: "paths",
        tuple[str, ...]: "texts", Stretches: "pairs", Digests: "map", str: "text", KeyId: "text",
        BatchId: "text",
    }  # fmt: skip
    ours = {}
    for name, event in EVENT_TYPES.items():
        hints = get_type_hints(event)
        ours[name] = {
            field.name: (
                next(kind for type_, kind in kinds.items() if hints[field.name] in (type_, type_ | None)),
                field.default is MISSING,
            )
            for field in fields(event)
        }

    assert ours == verify_custody.FIELDS_OF


PATH_NAMES = st.sampled_from(["path", "path_b64", "a"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5)
    | st.sampled_from(["00000000-0000-4000-8000-000000000001", "YQ==", "17", "-0", "\ud800", "path"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PATH_NAMES, inner),
    max_leaves=4,
)  # fmt: skip


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_the_form_of_an_event_is_judged_as_ours_is(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(EVENT_TYPES)))
    fitting = {field: FITTING[kind] for field, (kind, _) in verify_custody.FIELDS_OF[name].items()}
    changed = data.draw(
        st.dictionaries(
            st.sampled_from([*fitting, *(f"{field}_b64" for field in fitting), "other"]), ANYTHING, max_size=2
        )
    )
    event = {**fitting, **changed}
    for gone in data.draw(st.sets(st.sampled_from(sorted(event)), max_size=2)):
        del event[gone]
    try:
        decode(name, event)
    except MalformedData:
        with pytest.raises(ValueError):
            verify_custody.check_fields(name, event)
    else:
        verify_custody.check_fields(name, event)


FITTING = {
    "text": "a", "number": 1, "flag": True, "wide": "-17", "id": "00000000-0000-4000-8000-000000000001",
    "path": "a/b", "paths": [{"path": "a"}, {"path": "?", "path_b64": "/w=="}], "texts": ["a"],
    "pairs": [[0, 1]], "map": {"sha256": "a"},
}  # fmt: skip


def test_it_reads_as_python_of_the_oldest_version_that_it_names() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 9))
    assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            assert "strict" not in {keyword.arg for keyword in node.keywords}, ast.unparse(node)


@pytest.mark.parametrize("option", ["--witness", "--authority", "--key"])
def test_whom_to_trust_must_be_somebody(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger_key = (EXAMPLE / "key.vkey").read_text().strip()
    (tmp_path / "odd").write_bytes(b"\x30\x03\x1b[2")
    values = [tmp_path / "odd", tmp_path / "missing", *([ledger_key] if option == "--witness" else [])]
    for value in values:
        with pytest.raises(SystemExit) as ended:
            run(EXAMPLE / "log.jsonl", option, value)
        assert ended.value.code == 2
    assert "\x1b" not in capsys.readouterr().err


def exported(tmp_path: Path, ledger: SignedLedger, *words: str | Path) -> list[str | Path]:
    lines = [row.entry for row in ledger.rows if isinstance(row.entry, bytes)]
    (tmp_path / "log.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (tmp_path / "last.note").write_bytes(ledger.note())
    (tmp_path / "key.pem").write_bytes(KEY.public_pem)
    return [
        tmp_path / "log.jsonl", "--checkpoint", tmp_path / "last.note", "--key", tmp_path / "key.pem", *words
    ]  # fmt: skip


def test_an_export_has_no_notes_so_that_its_anchors_are_open_until_they_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = new_ledger(1)
    cosigned = ledger.note()
    ledger.add(checkpoint_stream(LEDGER, 5), event_of(cosigned))
    (tmp_path / "cosigned.note").write_bytes(cosigned)
    words = exported(tmp_path, ledger, "--witness", witness_vkey(NAME, WITNESS.public_raw))

    assert run(*words) == 4
    assert "the note of 5 entries was not given" in capsys.readouterr().out
    assert run(*words, "--checkpoint", tmp_path / "cosigned.note") == 0
    assert f"witness {NAME} cosigned the first 5 entries" in capsys.readouterr().out
    assert run(*words[:-2], "--checkpoint", tmp_path / "cosigned.note") == 4
    assert "not trusted here" in capsys.readouterr().out
