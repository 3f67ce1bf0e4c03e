"""Hand-overs by the real command, between two workspaces that exchange nothing but files."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, Ended, is_three_line_error

CASE, EXHIBIT = "26-1", "A-001"
NAMES = (b"clip1.mov", b"sub/we\xffird\n.mov", b"empty")


class Handing:
    """Two people, a medium with a copy, and what went to and fro."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.giver = CommandLine(home / "giver")
        self.receiver = CommandLine(home / "receiver")

    @property
    def copy(self) -> Path:
        return self.home / "copy"

    @property
    def offer(self) -> Path:
        return self.home / "a.offer"

    @property
    def answer(self) -> Path:
        return self.home / "a.answer"

    def key(self, who: CommandLine, ending: str = "vkey") -> str:
        [key] = (who.workspace / "keys").glob(f"*.{ending}")
        return str(key)

    def make_offer(self, *words: str, out: str = "a.offer") -> Ended:
        to = ("--to", self.key(self.receiver, "pem"), "--out", str(self.home / out))
        return self.giver("transfer", "offer", EXHIBIT, *to, *words)

    def accept(self, *words: str, copy: Path | None = None) -> Ended:
        given = ("--copy", str(copy or self.copy), "--key", self.key(self.giver), "--out", str(self.answer))
        return self.receiver("transfer", "accept", str(self.offer), *given, *words)

    def custodian(self, who: CommandLine, *words: str) -> object:
        return who("exhibit", "show", EXHIBIT, *words, "--json").result["custodian_name"]


def begun(home: Path) -> Handing:
    both = Handing(home)
    for who, name in ((both.giver, "J. Ortiz"), (both.receiver, "M. Berger")):
        who.home.mkdir()
        ended = who("init", "--examiner", name, "--badge", "4411", "--no-passphrase")
        assert ended.code == 0, ended.err
    card = home / "card"
    for name in NAMES:
        file = Path(str(card)) / Path(name.decode(errors="surrogateescape"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name * 3 if name != b"empty" else b"")
    registered = both.giver(
        "exhibit",
        "register",
        EXHIBIT,
        "--case",
        CASE,
        "--make",
        "Nikon",
        "--serial",
        "4E5",
        "--seal",
        "bag 1",
    )
    assert registered.code == 0, registered.err
    copied = both.giver("copy", str(card), "--to", str(both.copy), "--case", CASE, "--exhibit", EXHIBIT)
    assert copied.code == 0, copied.err
    return both


@pytest.fixture(scope="module")
def offered_once(tmp_path_factory: pytest.TempPathFactory) -> Handing:
    both = begun(tmp_path_factory.mktemp("handing"))
    ended = both.make_offer("--receiver", "M. Berger", "--purpose", "Analysis", "--place", "Room 3")
    assert ended.code == 0, ended.err
    return both


@pytest.fixture
def handing(offered_once: Handing, tmp_path: Path) -> Handing:
    """An offer that is open; each test has both workspaces to itself."""
    shutil.copytree(offered_once.home, tmp_path / "home")
    return Handing(tmp_path / "home")


def audited(who: CommandLine) -> object:
    return who("audit", "--json").result["verdicts"]


def test_custody_moves_only_when_the_receiver_has_signed(handing: Handing) -> None:
    assert handing.custodian(handing.giver) == "J. Ortiz"
    accepted = handing.accept("--place", "Lab")
    assert (accepted.code, "3 files" in accepted.out) == (0, True), accepted.err
    assert handing.custodian(handing.giver) == "J. Ortiz"
    assert handing.custodian(handing.receiver) == "M. Berger"
    taken = handing.giver("transfer", "import", str(handing.answer))
    assert taken.code == 0, taken.err
    assert handing.custodian(handing.giver) == "M. Berger"
    for who in (handing.giver, handing.receiver):
        assert set(audited(who).values()) == {"passed"}  # type: ignore[attr-defined]


def test_the_custodian_is_known_at_every_position_and_time(handing: Handing) -> None:
    offer = handing.giver("transfer", "list", "--json").result["transfers"][0]  # type: ignore[index]
    handing.accept()
    taken = handing.giver("transfer", "import", str(handing.answer), "--json").result["position"]
    assert handing.custodian(handing.giver, "--at", str(offer["position"])) == "J. Ortiz"
    assert handing.custodian(handing.giver, "--at", str(taken)) == "M. Berger"
    assert handing.custodian(handing.giver, "--at", offer["offered_at"]) == "J. Ortiz"
    assert handing.custodian(handing.giver, "--at", "2999-01-01T00:00:00Z") == "M. Berger"
    before = handing.giver("exhibit", "show", EXHIBIT, "--at", "2")
    assert (before.code, is_three_line_error(before, "not-found")) == (4, True)
    for wrong, code in (
        ("yesterday", 2),
        ("2026-03-01T10:00:00", 2),
        ("999999", 4),
        ("1990-01-01T00:00Z", 4),
    ):
        assert handing.giver("exhibit", "list", "--at", wrong).code == code


@pytest.mark.parametrize(
    ("damage", "word"),
    [("changed", "CHANGED"), ("missing", "MISSING"), ("link", "CHANGED")],
)
def test_a_copy_that_differs_is_not_accepted_and_that_is_recorded(
    handing: Handing, damage: str, word: str
) -> None:
    bad = handing.home / "bad"
    shutil.copytree(handing.copy, bad)
    clip = bad / "card" / "clip1.mov"
    if damage == "changed":
        clip.write_bytes(b"X" * clip.stat().st_size)
    else:
        clip.unlink()
        if damage == "link":
            clip.symlink_to(handing.copy / "card" / "clip1.mov")
    ended = handing.accept(copy=bad)
    assert (ended.code, word in ended.out, handing.answer.exists()) == (1, True, False), ended.out + ended.err
    assert handing.custodian(handing.receiver) == "J. Ortiz"
    assert "not accepted by M. Berger" in handing.receiver("explain", EXHIBIT).out
    assert handing.receiver("audit").code == 0
    assert handing.accept().code == 0  # the offer is still open


def test_an_answer_counts_once(handing: Handing) -> None:
    assert handing.accept().code == 0
    handing.answer.rename(handing.home / "first.answer")
    again = handing.accept()
    assert (again.code, "answered before" in again.err) == (6, True)
    assert handing.giver("transfer", "import", str(handing.home / "first.answer")).code == 0
    second = handing.giver("transfer", "import", str(handing.home / "first.answer"))
    assert (second.code, "answered before" in second.err) == (6, True)


def test_a_lost_file_is_written_again(handing: Handing) -> None:
    again = handing.giver("transfer", "again", EXHIBIT, "--out", str(handing.home / "again.offer"))
    assert again.code == 0, again.err
    manifest = handing.offer.read_bytes().partition(b"\n")[2]
    assert (handing.home / "again.offer").read_bytes().endswith(manifest)
    (handing.home / "again.offer").replace(handing.offer)
    assert handing.receiver("transfer", "again", EXHIBIT, "--case", CASE, "--out", "x").code == 4
    handing.accept()
    before = handing.answer.read_bytes()
    handing.answer.unlink()
    assert handing.receiver("transfer", "again", EXHIBIT, "--out", str(handing.answer)).code == 0
    assert handing.answer.read_bytes() == before


def test_an_offer_that_is_declined_moves_nothing(handing: Handing) -> None:
    words = ("--reason", "Seal broken.", "--key", handing.key(handing.giver), "--out", str(handing.answer))
    declined = handing.receiver("transfer", "decline", str(handing.offer), *words)
    assert declined.code == 0, declined.err
    assert handing.giver("transfer", "import", str(handing.answer)).code == 0
    assert handing.custodian(handing.giver) == handing.custodian(handing.receiver) == "J. Ortiz"
    assert "DECLINED" in handing.giver("transfer", "list").out
    assert handing.giver("audit").code == handing.receiver("audit").code == 0


def test_the_giver_may_withdraw_and_offer_again(handing: Handing) -> None:
    twice = handing.make_offer(out="b.offer")
    assert (twice.code, "offered already" in twice.err) == (6, True)
    assert handing.giver("transfer", "decline", str(handing.offer)).code == 0
    assert "WITHDRAWN" in handing.giver("transfer", "list").out
    assert handing.make_offer(out="b.offer").code == 0
    assert handing.accept().code == 0  # the receiver was not told
    late = handing.giver("transfer", "import", str(handing.answer))
    assert (late.code, "answered before" in late.err) == (6, True)
    assert handing.giver("audit").code == 0


def test_without_the_givers_key_nothing_is_decided(handing: Handing) -> None:
    words = ("--copy", str(handing.copy), "--out", str(handing.answer))
    ended = handing.receiver("transfer", "accept", str(handing.offer), *words)
    assert (ended.code, is_three_line_error(ended, "cannot-tell")) == (4, True), ended.err
    assert not handing.answer.exists()


def test_an_offer_is_for_one_key(handing: Handing) -> None:
    words = ("--copy", str(handing.copy), "--out", str(handing.answer), "--key", handing.key(handing.giver))
    ended = handing.giver("transfer", "accept", str(handing.offer), *words)
    assert (ended.code, is_three_line_error(ended, "not-allowed")) == (7, True), ended.err


def test_only_the_custodian_offers_and_releases(handing: Handing) -> None:
    handing.accept()
    handing.giver("transfer", "import", str(handing.answer))
    assert handing.make_offer(out="b.offer").code == 7
    assert handing.giver("exhibit", "release", EXHIBIT, "--to", "the owner").code == 7
    released = handing.receiver("exhibit", "release", EXHIBIT, "--to", "the owner", "--reason", "no case")
    assert released.code == 0, released.err
    assert "released to the owner" in handing.receiver("exhibit", "show", EXHIBIT).out


def test_an_exhibit_comes_back_with_the_same_files(handing: Handing) -> None:
    handing.accept()
    handing.giver("transfer", "import", str(handing.answer))
    back = ("--to", handing.key(handing.giver, "pem"), "--out", str(handing.home / "back.offer"))
    offered = handing.receiver("transfer", "offer", EXHIBIT, *back, "--json").result
    assert offered["files"] == 3
    given = ("--copy", str(handing.copy), "--out", str(handing.home / "back.answer"))
    accepted = handing.giver(
        "transfer", "accept", str(handing.home / "back.offer"), *given, "--key", handing.key(handing.receiver)
    )
    assert accepted.code == 0, accepted.err
    assert handing.receiver("transfer", "import", str(handing.home / "back.answer")).code == 0
    assert handing.custodian(handing.giver) == handing.custodian(handing.receiver) == "J. Ortiz"
    for who in (handing.giver, handing.receiver):
        assert who("audit").code == 0


def test_the_offer_file_is_checked_with_other_tools(handing: Handing) -> None:
    proof, manifest = handing.offer.read_bytes().split(b"\n", 1)
    (handing.home / "a.proof").write_bytes(proof + b"\n")
    checked = handing.receiver(
        "check-proof", str(handing.home / "a.proof"), "--key", handing.key(handing.giver)
    )
    assert (checked.code, "offered by" in checked.out) == (0, True)
    listed = [json.loads(line) for line in manifest.splitlines()[1:]]
    for file in listed:
        path = handing.copy / file["path"] if "path_b64" not in file else None
        if path is not None:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == file["digests"]["sha256"]
    offer = json.loads(handing.giver("log", "tail", "--json").out.splitlines()[-1])["entries"]
    [made] = [one["body"]["data"] for one in offer if one["body"]["type"] == "CustodyOffered"]
    assert hashlib.sha256(manifest).hexdigest() == made["manifest_sha256"]
    assert len(listed) == made["files"] == 3


@pytest.mark.parametrize("part", ["proof", "manifest", "cut", "rubbish"])
def test_a_changed_offer_is_refuted(handing: Handing, part: str) -> None:
    data = handing.offer.read_bytes()
    if part == "proof":
        at = data.index(b'"path":["') + len(b'"path":["')
        data = data[:at] + (b"0" if data[at : at + 1] != b"0" else b"1") + data[at + 1 :]
    elif part == "manifest":
        at = data.rindex(b'"size":') + len(b'"size":')
        data = data[:at] + b"7" + data[at:]
    elif part == "cut":
        data = data[: data.index(b"\n") + 1]
    else:
        data = b"[" * 100_000 + b"\n\xff\n"
    handing.offer.write_bytes(data)
    ended = handing.accept()
    assert (ended.code, handing.answer.exists()) in {(1, False), (4, False)}, ended.err
    assert len(ended.error_lines) >= 3


def test_a_changed_answer_is_refuted(handing: Handing) -> None:
    handing.accept()
    envelope = json.loads(handing.answer.read_text())
    signature = envelope["signatures"][0]
    signature["sig"] = ("B" if signature["sig"][0] == "A" else "A") + signature["sig"][1:]
    handing.answer.write_text(json.dumps(envelope, sort_keys=True, separators=(",", ":")))
    ended = handing.giver("transfer", "import", str(handing.answer))
    assert (ended.code, "signature" in ended.err) == (1, True), ended.err
    assert handing.custodian(handing.giver) == "J. Ortiz"
    for rubbish in (b"", b"\xff\x00", b"{}", b"[" * 70_000):
        handing.answer.write_bytes(rubbish)
        assert handing.giver("transfer", "import", str(handing.answer)).code == 4


def test_an_answer_belongs_to_the_ledger_of_its_offer(handing: Handing) -> None:
    handing.accept()
    ended = handing.receiver("transfer", "import", str(handing.answer))
    assert (ended.code, "another ledger" in ended.err) == (6, True)


def test_nothing_is_offered_over_an_existing_file(handing: Handing) -> None:
    handing.giver("transfer", "decline", str(handing.offer))
    size = handing.giver.ledger_size()
    assert handing.make_offer().code == 6
    assert handing.make_offer(out="no/folder").code == 6
    assert handing.giver.ledger_size() == size


def test_a_copy_known_to_be_bad_is_not_offered(tmp_path: Path) -> None:
    both = begun(tmp_path)
    (both.copy / "card" / "clip1.mov").write_bytes(b"other")
    assert both.giver("verify").code == 1
    ended = both.make_offer()
    assert (ended.code, "found changed" in ended.err) == (6, True), ended.err


def test_a_thing_without_files_needs_no_copy(tmp_path: Path) -> None:
    both = begun(tmp_path)
    both.giver("exhibit", "register", "B-1", "--case", CASE)
    out = both.home / "b.offer"
    to = ("--to", both.key(both.receiver), "--out", str(out))
    assert both.giver("transfer", "offer", f"{CASE}/B-1", *to).code == 0
    given = ("--key", both.key(both.giver), "--out", str(both.answer))
    accepted = both.receiver("transfer", "accept", str(out), *given)
    assert accepted.code == 0, accepted.err
    assert both.make_offer().code == 0
    without = both.receiver(
        "transfer", "accept", str(both.offer), "--key", both.key(both.giver), "--out", str(tmp_path / "x")
    )
    assert (without.code, "--copy" in without.err) == (2, True)


def test_the_code_of_a_case(tmp_path: Path) -> None:
    custody = CommandLine(tmp_path)
    custody.init()
    assert custody("case", "open", CASE, "--title", "Main Street").code == 0
    assert custody("case", "open", CASE).code == 6
    assert custody("case", "note", CASE, "order \x1b[31m").code == 2
    assert custody("case", "note", CASE, "order 12").code == 0
    assert custody("case", "note", "other", "text").code == 4
    assert custody("case", "close", CASE, "--reason", "final").code == 0
    assert custody("exhibit", "register", "A", "--case", CASE).code == 6
    (tmp_path / "f").write_text("x")
    copied = custody("copy", "f", "--to", str(tmp_path / "to"), "--case", CASE, "--exhibit", "A")
    assert (copied.code, "closed" in copied.err) == (6, True)
    assert not (tmp_path / "to" / "f").exists()
    assert "closed" in custody("case", "list").out
    assert custody("case", "open", CASE).code == 0
    assert custody("exhibit", "register", "A", "--case", CASE, "--description", "x" * 1001).code == 2
    assert custody("exhibit", "register", "A", "--case", CASE, "--description", "phone").code == 0
    assert custody("exhibit", "register", "A", "--case", CASE).code == 6
    assert custody("exhibit", "register", "A", "--case", "other").code == 0
    assert custody("exhibit", "note", "A", "text").code == 2  # two cases have it
    assert custody("exhibit", "note", "A", "seen\nagain", "--case", CASE).code == 0
    assert custody("exhibit", "note", "Z", "text").code == 4
    shown = custody("case", "show", CASE)
    assert all(text in shown.out for text in ("Main Street", "phone", "order 12"))
    assert r"seen\x0aagain" in custody("exhibit", "show", f"{CASE}/A").out
    assert custody("case", "show", "none").code == 4
    assert custody("explain", f"{CASE}/A").out.count("note by J. Ortiz") == 1
    assert custody("audit").code == 0


def test_an_acceptance_that_crossed_a_withdrawal_is_not_taken_and_both_ledgers_stand(
    handing: Handing,
) -> None:
    assert handing.accept().code == 0
    assert handing.giver("transfer", "decline", str(handing.offer)).code == 0

    ended = handing.giver("transfer", "import", str(handing.answer))

    assert ended.code == 6
    assert "answered before" in ended.err
    assert (handing.custodian(handing.giver), handing.custodian(handing.receiver)) == (
        "J. Ortiz",
        "M. Berger",
    )
    for who in (handing.giver, handing.receiver):
        assert who("audit").code == 0


def test_a_copy_that_is_not_there_is_called_the_copy(handing: Handing) -> None:
    ended = handing.accept(copy=handing.home / "nowhere")

    assert ended.code == 6
    assert is_three_line_error(ended, "refused")
    assert "the folder with the copy" in ended.err
    assert "destination" not in ended.err
    assert not handing.answer.exists()


def test_what_happened_to_an_exhibit_is_shown_in_its_order(handing: Handing) -> None:
    assert handing.giver("exhibit", "note", EXHIBIT, "first").code == 0
    assert handing.giver("transfer", "decline", str(handing.offer)).code == 0
    assert handing.make_offer(out="second.offer").code == 0
    assert handing.giver("exhibit", "note", EXHIBIT, "last").code == 0

    shown = handing.giver("exhibit", "show", EXHIBIT).out
    entries = [int(line.split()[0]) for line in shown.splitlines() if line.split()[0].isdigit()]

    assert len(entries) == 4
    assert entries == sorted(entries)


@pytest.fixture
def rotated(tmp_path: Path) -> Handing:
    """The giver's key was rotated while an exhibit was held by it."""
    handing = begun(tmp_path)
    ended = handing.giver("keys", "rotate", "--no-passphrase")
    assert ended.code == 0, ended.err
    return handing


def givers_keys(handing: Handing) -> list[str]:
    files = sorted((handing.giver.workspace / "keys").glob("*.vkey"))
    return [word for file in files for word in ("--key", str(file))]


def test_who_rotated_their_key_still_holds_the_exhibit_and_hands_it_over(rotated: Handing) -> None:
    assert rotated.custodian(rotated.giver) == "J. Ortiz"
    offered = rotated.make_offer()
    assert offered.code == 0, offered.err
    given = ("--copy", str(rotated.copy), *givers_keys(rotated), "--out", str(rotated.answer))
    accepted = rotated.receiver("transfer", "accept", str(rotated.offer), *given)
    assert accepted.code == 0, accepted.err
    assert rotated.giver("transfer", "import", str(rotated.answer)).code == 0

    for who in (rotated.giver, rotated.receiver):
        assert rotated.custodian(who) == "M. Berger"
        assert who("audit").code == 0


def test_an_offer_is_withdrawn_with_the_key_that_came_after(tmp_path: Path) -> None:
    handing = begun(tmp_path)
    assert handing.make_offer().code == 0
    assert handing.giver("keys", "rotate", "--no-passphrase").code == 0
    withdrawn = handing.giver("transfer", "decline", str(handing.offer))
    assert withdrawn.code == 0, withdrawn.err
    assert "WITHDRAWN" in handing.giver("transfer", "list").out

    again = handing.make_offer(out="b.offer")
    assert again.code == 0, again.err
    assert handing.giver("audit").code == 0


def test_without_the_older_key_of_the_giver_nothing_is_decided(rotated: Handing) -> None:
    assert rotated.make_offer().code == 0
    for key in givers_keys(rotated)[1::2]:
        given = ("--copy", str(rotated.copy), "--key", key, "--out", str(rotated.answer))
        ended = rotated.receiver("transfer", "accept", str(rotated.offer), *given)
        assert ended.code == 4, ended.out + ended.err
