"""Witnesses by the real command: a ledger's keeper and a witness exchange files between workspaces."""

import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from custody.domain import canonical
from custody.domain.entries import dsse
from custody.domain.proofs.checkpoint import parse_note
from tests.attacks.ledger_file import LedgerFile
from tests.cli.command_line import is_three_line_error
from tests.integration.witness_pair import Pair, new_pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return new_pair(tmp_path)


def test_a_checkpoint_goes_to_the_witness_and_comes_back_as_an_anchor(pair: Pair) -> None:
    cosigned = pair.cosign(pair.export("request"), "cosigned.note")
    pair.trust_the_witness()
    assert "anchors" not in pair.keeper("audit", "--json").result["verdicts"]

    ended = pair.keeper("checkpoint", "import", cosigned, "--json")

    assert ended.code == 0, ended.err
    [recorded] = ended.result["recorded"]
    assert recorded["position"] == 5  # four entries of init, the session's opening
    audited = pair.keeper("audit", "--json")
    assert (audited.code, audited.result["verdicts"]["anchors"]) == (0, "passed")
    assert any("cosigned the first 4 entries" in note for note in audited.result["notes"])
    body = pair.keeper("log", "show", "5", "--json").result["entries"][0]["body"]
    kept = (pair.keeper.workspace / "checkpoints" / "4.note").read_bytes()
    assert body["data"]["note_sha256"] == hashlib.sha256(kept).hexdigest()
    assert "by its clock" in pair.keeper("explain", "5").out


def test_a_second_round_goes_on_from_the_first_by_itself(pair: Pair) -> None:
    pair.trust_the_witness()
    assert pair.keeper("checkpoint", "import", pair.cosign(pair.export("1"), "1.note")).code == 0
    pair.work()

    request = pair.export("2")

    assert Path(request).read_text().startswith("old 4\n")
    assert pair.keeper("checkpoint", "import", pair.cosign(request, "2.note")).code == 0
    assert pair.keeper("audit").code == 0
    assert pair.witness("audit").code == 0


def test_the_witness_remembers_before_it_gives_anything_out(pair: Pair) -> None:
    request = pair.export("request")
    first = pair.witness("checkpoint", "cosign", request, "--key", pair.ledger_key)
    size = pair.witness.ledger_size()
    assert size == 7

    # It never arrived: the same request gets the same line, and no second entry.
    again = pair.witness("checkpoint", "cosign", request, "--key", pair.ledger_key)

    assert (again.code, again.out) == (0, first.out)
    assert pair.witness.ledger_size() == size


def test_two_histories_are_refused_with_both_notes_as_evidence(pair: Pair) -> None:
    shutil.copytree(pair.keeper.workspace, pair.keeper.home / "before")
    pair.work()
    size = pair.keeper.ledger_size()
    pair.cosign(pair.export("request"), "cosigned.note")
    shutil.rmtree(pair.keeper.workspace)
    (pair.keeper.home / "before").rename(pair.keeper.workspace)
    pair.work()
    assert pair.keeper.ledger_size() == size

    forked = pair.export("forked")
    ended = pair.witness("checkpoint", "cosign", forked, "--key", pair.ledger_key, "--json")

    assert (ended.code, ended.result["outcome"]) == (1, "forked")
    notes = [ended.result[name]["note"] for name in ("before", "checkpoint")]
    assert len({parse_note(note.encode()).text for note in notes}) == 2
    shown = pair.witness("checkpoint", "cosign", forked, "--key", pair.ledger_key).out
    assert all(line in shown for note in notes for line in note.splitlines())
    assert pair.witness.ledger_size() == 7


def test_a_longer_history_that_does_not_extend_is_refused(pair: Pair) -> None:
    shutil.copytree(pair.keeper.workspace, pair.keeper.home / "before")
    pair.work()
    size = pair.keeper.ledger_size()
    pair.cosign(pair.export("request"), "cosigned.note")
    shutil.rmtree(pair.keeper.workspace)
    (pair.keeper.home / "before").rename(pair.keeper.workspace)
    pair.work()
    pair.work()

    forked = pair.export("forked", "--since", str(size))
    ended = pair.witness("checkpoint", "cosign", forked, "--key", pair.ledger_key, "--json")

    assert (ended.code, ended.result["outcome"]) == (1, "inconsistent")
    assert ended.result["before"]["size"] == size


def test_an_older_checkpoint_is_refused_and_nothing_recorded(pair: Pair) -> None:
    pair.work()
    pair.cosign(pair.export("request"), "cosigned.note")
    size = pair.witness.ledger_size()

    older = pair.export("older", "--size", "4")
    ended = pair.witness("checkpoint", "cosign", older, "--key", pair.ledger_key)

    assert ended.code == 6
    assert is_three_line_error(ended, "refused")
    assert pair.witness.ledger_size() == size


def test_a_proof_from_another_size_names_the_right_one(pair: Pair) -> None:
    pair.cosign(pair.export("request"), "cosigned.note")
    pair.work()

    ended = pair.witness("checkpoint", "cosign", pair.export("again"), "--key", pair.ledger_key)

    assert ended.code == 6
    assert "--since 4" in ended.error_lines[-1]


def test_without_a_trusted_key_the_witness_signs_nothing(pair: Pair) -> None:
    request = pair.export("request")
    ended = pair.witness("checkpoint", "cosign", request, "--out", pair.file("cosigned.note"))
    assert ended.code == 4
    assert is_three_line_error(ended, "cannot-tell")
    assert not Path(pair.file("cosigned.note")).exists()

    folder = pair.witness.workspace / "ledgers"
    folder.mkdir()
    shutil.copy(pair.ledger_key, folder / "lab.vkey")
    assert pair.witness("checkpoint", "cosign", request).code == 0


def test_a_key_for_another_ledger_is_none_for_this_one(pair: Pair, tmp_path: Path) -> None:
    other = new_pair(tmp_path / "others")
    request = pair.export("request")
    assert pair.witness("checkpoint", "cosign", request, "--key", other.ledger_key).code == 4
    [pem] = (other.keeper.workspace / "keys").glob("*.pem")
    ended = pair.witness("checkpoint", "cosign", request, "--key", str(pem), "--json")
    assert (ended.code, ended.result["outcome"]) == (1, "unknown-key")


def test_a_witness_is_not_trusted_because_the_file_names_it(pair: Pair) -> None:
    cosigned = pair.cosign(pair.export("request"), "cosigned.note")
    ended = pair.keeper("checkpoint", "import", cosigned)
    assert ended.code == 4
    assert is_three_line_error(ended, "cannot-tell")
    assert pair.keeper.ledger_size() == 4

    assert pair.keeper("checkpoint", "import", cosigned, "--witness", pair.witness_key).code == 0
    # Whose key is not at hand cannot judge the anchor.
    assert pair.keeper("audit").code == 4
    assert pair.keeper("audit", "--witness", pair.witness_key).code == 0
    assert pair.keeper("audit", "--witness", Path(pair.witness_key).read_text().strip()).code == 0


def test_a_forged_cosignature_is_refuted_and_not_recorded(pair: Pair) -> None:
    cosigned = Path(pair.cosign(pair.export("request"), "cosigned.note"))
    pair.trust_the_witness()
    pair.work()
    newer = pair.keeper("checkpoint", "show").out
    forged = Path(pair.file("forged.note"))
    forged.write_text(newer + cosigned.read_text().splitlines(keepends=True)[-1])
    size = pair.keeper.ledger_size()

    ended = pair.keeper("checkpoint", "import", str(forged))

    assert ended.code == 1
    assert pair.keeper.ledger_size() == size
    assert pair.keeper("checkpoint", "check", str(forged)).code == 1
    assert pair.keeper("audit", "--checkpoint", str(forged)).code == 1


def test_a_cosigned_note_is_checked_like_any_other(pair: Pair) -> None:
    cosigned = pair.cosign(pair.export("request"), "cosigned.note")
    pair.work()

    ended = pair.keeper("checkpoint", "check", cosigned, "--witness", pair.witness_key, "--json")

    assert (ended.code, ended.result["outcome"]) == (0, "extends")
    assert [one["witness"] for one in ended.result["witnessed"]] == [
        parse_note(Path(cosigned).read_bytes()).signatures[-1].name
    ]
    assert pair.keeper("checkpoint", "check", cosigned, "--json").result["witnessed"] == []


def test_a_ledger_rewritten_by_its_keeper_is_refuted_by_what_the_witness_signed(pair: Pair) -> None:
    pair.work()
    cosigned = pair.cosign(pair.export("request"), "cosigned.note")
    ledger = LedgerFile(pair.keeper.workspace)
    del ledger.rows[4:]
    ledger.save()
    ledger.empty_read_models()
    ledger.forget_checkpoints(above=4)

    assert pair.keeper("audit").code == 0
    result = pair.keeper("audit", "--checkpoint", cosigned, "--witness", pair.witness_key, "--json").result

    codes = [finding["code"] for finding in result["findings"]]
    assert (result["exit"], codes) == (1, ["cut", "cosigned-otherwise"])
    assert result["verdicts"]["anchors"] == "failed"


def test_a_note_of_another_ledger_proves_nothing_in_both_commands(pair: Pair) -> None:
    other = pair.witness("checkpoint", "show").out
    Path(pair.file("other.note")).write_text(other)

    checked = pair.keeper("checkpoint", "check", pair.file("other.note"), "--json")
    audited = pair.keeper("audit", "--checkpoint", pair.file("other.note"), "--json")

    assert (checked.code, checked.result["outcome"]) == (4, "other-ledger")
    assert (audited.code, audited.result["findings"]) == (4, [])
    assert audited.result["verdicts"]["checkpoints"] == "indeterminate"
    assert any("another ledger" in one["message"] for one in audited.result["undecided"])


@pytest.mark.parametrize(
    ("command", "option"),
    [("cosign", "--key"), ("import", "--witness"), ("check", "--witness")],
)
def test_rubbish_is_a_usage_mistake(pair: Pair, command: str, option: str) -> None:
    Path(pair.file("rubbish")).write_bytes(b"\x00\xff\x30\x82")
    ended = pair.keeper("checkpoint", command, pair.file("rubbish"))
    assert ended.code == 2
    assert is_three_line_error(ended, "usage")
    note = pair.export("request") if command == "cosign" else pair.file("own.note")
    Path(pair.file("own.note")).write_text(pair.keeper("checkpoint", "show").out)
    keyed = pair.keeper("checkpoint", command, note, option, pair.file("rubbish"))
    assert keyed.code == 2
    assert option in keyed.error_lines[-3]


def test_a_missing_file_cannot_tell(pair: Pair) -> None:
    for command in ("cosign", "import"):
        assert pair.keeper("checkpoint", command, pair.file("missing")).code == 4


def test_a_damaged_key_in_the_workspace_cannot_tell(pair: Pair) -> None:
    cosigned = pair.cosign(pair.export("request"), "cosigned.note")
    pair.trust_the_witness()
    # The key of a ledger is none of a witness.
    shutil.copy(pair.ledger_key, pair.keeper.workspace / "witnesses" / "wrong.vkey")
    for words in (("checkpoint", "import", cosigned), ("audit",), ("checkpoint", "check", cosigned)):
        ended = pair.keeper(*words)
        assert ended.code == 4
        assert is_three_line_error(ended, "cannot-tell")
        assert "wrong.vkey" in ended.err


def test_what_is_given_out_replaces_nothing(pair: Pair) -> None:
    request = pair.export("request")
    taken = Path(pair.file("taken"))
    taken.write_text("mine")
    size = pair.witness.ledger_size()
    words = ("checkpoint", "cosign", request, "--key", pair.ledger_key, "--out", str(taken))
    assert pair.witness(*words).code == 6
    assert pair.keeper("checkpoint", "export", "--out", str(taken)).code == 6
    assert (taken.read_text(), pair.witness.ledger_size()) == ("mine", size)


def test_programs_get_the_texts_as_fields(pair: Pair) -> None:
    exported = pair.keeper("checkpoint", "export", "--json").result
    assert (exported["size"], exported["since"], exported["request"][:6]) == (4, 0, "old 0\n")
    Path(pair.file("request")).write_text(str(exported["request"]))
    words = ("checkpoint", "cosign", pair.file("request"), "--key", pair.ledger_key, "--json")
    given = pair.witness(*words).result
    assert len(parse_note(str(given["note"]).encode()).signatures) == 2
    assert given["before"] is None
    key = pair.witness("checkpoint", "witness", "--json").result["vkey"]
    assert str(key).split("+")[0] == json.loads(json.dumps(given["note"])).splitlines()[-1].split()[1]


def test_without_its_public_key_a_workspace_has_no_key_as_a_witness(pair: Pair) -> None:
    for pem in (pair.witness.workspace / "keys").glob("*.pem"):
        pem.unlink()
    ended = pair.witness("checkpoint", "witness")
    assert ended.code == 4
    assert is_three_line_error(ended, "cannot-tell")


def test_a_memory_that_was_edited_is_not_signed_upon(pair: Pair) -> None:
    pair.cosign(pair.export("request"), "cosigned.note")
    pair.work()
    request = pair.export("next", "--since", "4")
    ledger = LedgerFile(pair.witness.workspace)
    [at] = [position for position, _ in ledger.rows if ledger.body(position)["type"] == "CosignatureGiven"]
    body = ledger.body(at)
    body["data"] = {**body["data"], "size": 3}  # type: ignore[dict-item]
    ledger.replace(at, dsse.envelope(canonical.encode(body), ledger.signer.key_id, ledger.signature(at)))
    with sqlite3.connect(ledger.database) as database:
        database.execute("UPDATE entries SET entry = ? WHERE position = ?", (ledger.rows[at][1], at))
    ended = pair.witness("checkpoint", "cosign", request, "--key", pair.ledger_key)
    assert ended.code == 1
    assert is_three_line_error(ended, "ledger-refuted")


def test_a_witness_who_knows_only_the_key_before_a_rotation_is_told_what_to_get(pair: Pair) -> None:
    old = pair.file("old.vkey")
    shutil.copy(pair.ledger_key, old)
    assert pair.keeper("keys", "rotate", "--no-passphrase").code == 0

    ended = pair.witness("checkpoint", "cosign", pair.export("request"), "--key", old)

    assert (ended.code, ended.out.split()[1]) == (1, "unknown-key:")
    assert "get its verifier key anew from its keeper" in ended.out
