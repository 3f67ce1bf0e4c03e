"""``openssl ts -verify`` on what the ledger keeps of a time stamp, also after its authority expired."""

import base64
import json
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.fakes.stamp_authority import stamped_then_expired
from tests.interop.tools import needed


@dataclass(frozen=True)
class Taken:
    """What a stranger takes out of a ledger: note, token and root certificate."""

    note: Path
    token: Path
    root: Path
    moment: int  # seconds since 1970

    def verified(self, *words: str) -> bool:
        run = subprocess.run(
            [
                needed("openssl", "openssl"), "ts", "-verify", "-data", self.note, "-in", self.token,
                "-token_in", "-CAfile", self.root, *words,
            ],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return run.returncode == 0

    def at_its_time(self) -> bool:
        return self.verified("-attime", str(self.moment))


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """From a ledger whose authority has expired meanwhile."""
    home = tmp_path_factory.mktemp("stamped")
    custody = CommandLine(home)
    custody.init()
    stamped_then_expired(custody, home)
    line = custody("log", "export").out.splitlines()[5]
    data = json.loads(base64.b64decode(json.loads(line)["payload"]))["data"]
    (home / "token").write_bytes(base64.b64decode(data["token"]))
    with closing(sqlite3.connect(custody.workspace / "ledger.db")) as database:
        [(root,)] = database.execute(
            "SELECT content FROM documents WHERE sha256 = ?", (data["certificates"][-1],)
        )
    (home / "root.der").write_bytes(root)
    command = ["openssl", "x509", "-inform", "DER", "-in", home / "root.der", "-out", home / "root.pem"]
    subprocess.run(command, check=True, timeout=60)
    return Taken(
        note=custody.workspace / "checkpoints" / f"{data['size']}.note",
        token=home / "token",
        root=home / "root.pem",
        moment=int(datetime.fromisoformat(data["generated_at"]).timestamp()),
    )


def test_the_token_that_is_kept_is_verified_over_the_note_at_its_time(taken: Taken) -> None:
    assert taken.at_its_time()


def test_it_is_refused_now_that_its_authority_has_expired(taken: Taken) -> None:
    assert not taken.verified()


def test_it_is_refused_over_another_note(taken: Taken, tmp_path: Path) -> None:
    other = tmp_path / "other.note"
    other.write_bytes(taken.note.read_bytes().replace(b"\n4\n", b"\n5\n"))
    assert not Taken(other, taken.token, taken.root, taken.moment).at_its_time()


def test_a_changed_token_is_refused(taken: Taken, tmp_path: Path) -> None:
    content = bytearray(taken.token.read_bytes())
    content[-1] ^= 1
    changed = tmp_path / "token"
    changed.write_bytes(content)
    assert not Taken(taken.note, changed, taken.root, taken.moment).at_its_time()
