"""Go's checksum-database packages verify cosigned checkpoints, requests to witnesses, and tiles."""

import base64
import subprocess
from pathlib import Path

import pytest

from custody.domain.proofs.checkpoint import Checkpoint, parse_note, signed_note, vkey
from custody.domain.proofs.merkle import leaf_hash, root_of
from custody.domain.proofs.tiles import tiles
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key
from tests.integration.witness_pair import Pair, new_pair
from tests.interop.tools import go_program, needed

GLUE = Path(__file__).parent / "witness" / "main.go"
ORIGIN = "custody.invalid/test"
MANY = 66_000  # enough for a tile of the third level


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_program(GLUE, tmp_path_factory.mktemp("witness-go"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A ledger that was cosigned, grew, and asks again."""
    pair = new_pair(tmp_path_factory.mktemp("witnessed"))
    Path(pair.file("old.note")).write_text(pair.keeper("checkpoint", "show").out)
    pair.cosign(pair.export("first"), "cosigned.note")
    pair.work()
    pair.export("request", "--since", "4")
    assert pair.keeper("log", "tiles", "--out", pair.file("tiles")).code == 0
    return pair


def run(checker: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([checker, *words], capture_output=True, text=True, timeout=60, check=False)


def refused(ended: subprocess.CompletedProcess[str]) -> bool:
    return ended.returncode == 1 and ended.stderr.startswith("refuted: ")


def test_a_cosigned_checkpoint_is_opened(checker: Path, pair: Pair) -> None:
    ended = run(checker, "cosigned", pair.ledger_key, pair.witness_key, pair.file("cosigned.note"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("cosigned by custody.invalid/")


@pytest.mark.parametrize("line", [4, 5], ids=["the ledger's", "the witness's"])
def test_a_changed_signature_is_refused(checker: Path, pair: Pair, line: int, tmp_path: Path) -> None:
    lines = Path(pair.file("cosigned.note")).read_text().splitlines()
    lead, blob = lines[line].rsplit(" ", 1)
    raw = bytearray(base64.b64decode(blob))
    raw[-1] ^= 1
    lines[line] = f"{lead} {base64.b64encode(raw).decode()}"
    changed = tmp_path / "changed.note"
    changed.write_text("\n".join(lines) + "\n")
    assert refused(run(checker, "cosigned", pair.ledger_key, pair.witness_key, changed))


def test_another_time_than_the_witness_signed_is_refused(checker: Path, pair: Pair, tmp_path: Path) -> None:
    lines = Path(pair.file("cosigned.note")).read_text().splitlines()
    lead, blob = lines[5].rsplit(" ", 1)
    raw = bytearray(base64.b64decode(blob))
    raw[11] ^= 1  # the last byte of the time
    lines[5] = f"{lead} {base64.b64encode(raw).decode()}"
    changed = tmp_path / "changed.note"
    changed.write_text("\n".join(lines) + "\n")
    assert refused(run(checker, "cosigned", pair.ledger_key, pair.witness_key, changed))


def test_a_request_holds_between_the_two_checkpoints(checker: Path, pair: Pair) -> None:
    ended = run(checker, "request", pair.ledger_key, pair.file("old.note"), pair.file("request"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith(" extends 4\n")


def test_a_request_without_a_line_of_its_proof_is_refused(checker: Path, pair: Pair, tmp_path: Path) -> None:
    lines = Path(pair.file("request")).read_text().splitlines(keepends=True)
    assert len(lines[1]) == 45
    changed = tmp_path / "request"
    changed.write_text("".join([lines[0], *lines[2:]]))
    assert refused(run(checker, "request", pair.ledger_key, pair.file("old.note"), changed))


def test_openssl_verifies_a_cosignature(pair: Pair, tmp_path: Path) -> None:
    note = parse_note(Path(pair.file("cosigned.note")).read_bytes())
    stamped = note.signatures[-1].signature
    time = int.from_bytes(stamped[:8], "big")
    (tmp_path / "message").write_bytes(b"cosignature/v1\ntime %d\n" % time + note.text)
    (tmp_path / "signature").write_bytes(stamped[8:])
    [pem] = (pair.witness.workspace / "keys").glob("*.pem")
    command = [
        needed("openssl", "openssl"), "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin",
        "-in", tmp_path / "message", "-sigfile", tmp_path / "signature",
    ]  # fmt: skip
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    (tmp_path / "message").write_bytes(b"cosignature/v1\ntime %d\n" % (time + 1) + note.text)
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 1


def test_the_tiles_of_a_case_are_read(checker: Path, pair: Pair) -> None:
    ended = run(checker, "tiles", pair.ledger_key, pair.file("tiles"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"{pair.keeper.ledger_size()} entries\n"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tiles of a tree with three levels of them, and its verifier key."""
    folder = tmp_path_factory.mktemp("many")
    entries = [b"entry %d" % number for number in range(MANY)]
    for name, content in tiles(entries):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    signer = Ed25519Signer(new_private_key())
    text = Checkpoint(origin=ORIGIN, size=MANY, root=root_of(map(leaf_hash, entries))).text()
    note = signed_note(text, ORIGIN, signer.public_raw, signer.sign(text))
    (folder / "checkpoint").write_bytes(note)
    (folder / "vkey").write_text(vkey(ORIGIN, signer.public_raw))
    return folder, folder / "vkey"


def test_the_tiles_of_a_large_tree_are_read(checker: Path, many: tuple[Path, Path]) -> None:
    folder, key = many
    ended = run(checker, "tiles", key, folder)
    assert (ended.returncode, ended.stderr, ended.stdout) == (0, "", f"{MANY} entries\n")
    assert (folder / "tile/2/000.p/1").exists()


@pytest.mark.parametrize(
    "name", ["tile/0/007", "tile/1/000", "tile/2/000.p/1", "tile/0/257.p/208", "tile/entries/100"]
)
def test_a_flipped_bit_in_any_tile_is_noticed(checker: Path, many: tuple[Path, Path], name: str) -> None:
    folder, key = many
    content = (folder / name).read_bytes()
    try:
        (folder / name).write_bytes(content[:10] + bytes([content[10] ^ 1]) + content[11:])
        assert refused(run(checker, "tiles", key, folder))
    finally:
        (folder / name).write_bytes(content)
