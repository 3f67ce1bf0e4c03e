"""Time stamps through the real command, with an authority of our own behind ``openssl ts``."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.cli.command_line import CommandLine, Ended, is_three_line_error
from tests.fakes.stamp_authority import Root, StampAuthority, serving, stamped_then_expired

GONE = "http://127.0.0.1:1/"


@dataclass(frozen=True)
class Lab:
    custody: CommandLine
    authority: StampAuthority
    url: str

    def __call__(self, *words: str) -> Ended:
        return self.custody(*words)

    def trust(self, authority: StampAuthority) -> None:
        folder = self.custody.workspace / "authorities"
        folder.mkdir(exist_ok=True)
        (folder / f"{len(list(folder.iterdir()))}.pem").write_bytes(authority.root.pem)

    def stamps(self, ended: Ended) -> list[dict[str, object]]:
        found = ended.result["stamps"]
        assert isinstance(found, list)
        return found

    def verdict(self, *words: str) -> tuple[int, object]:
        ended = self("audit", *words, "--json")
        verdicts = ended.result["verdicts"]
        assert isinstance(verdicts, dict)
        return ended.code, verdicts.get("anchors")


@pytest.fixture
def lab(case: CommandLine, tmp_path: Path) -> Iterator[Lab]:
    authority = StampAuthority(tmp_path / "authority")
    with serving(post=authority.reply) as url:
        made = Lab(case, authority, url)
        made.trust(authority)
        yield made


def test_a_stamp_is_asked_for_judged_recorded_and_audited(lab: Lab) -> None:
    ended = lab("checkpoint", "stamp", "--tsa", lab.url, "--json")
    [stamp] = lab.stamps(ended)
    assert (ended.code, stamp["outcome"], stamp["position"]) == (0, "good", 5)
    assert (stamp["authority"], stamp["accuracy_microseconds"]) == ("CN=Test TSA", 1_500_000)
    assert lab.verdict() == (0, "passed")
    shown = lab("log", "show", "5").out
    assert "CheckpointStamped" in shown
    assert lab("explain", "5").out.count("CN=Test TSA") == 2


def test_each_of_several_authorities_has_its_own_entry(lab: Lab, tmp_path: Path) -> None:
    other = StampAuthority(tmp_path / "other", name="Other TSA", root=Root("Other Root"))
    lab.trust(other)
    with serving(post=other.reply) as url:
        ended = lab("checkpoint", "stamp", "--tsa", lab.url, "--tsa", url, "--json")
    assert [(one["authority"], one["position"]) for one in lab.stamps(ended)] == [
        ("CN=Test TSA", 5),
        ("CN=Other TSA", 6),
    ]
    assert lab.verdict() == (0, "passed")


def test_an_authority_that_is_not_there_costs_its_stamp_and_nothing_else(lab: Lab) -> None:
    ended = lab("checkpoint", "stamp", "--tsa", GONE, "--tsa", lab.url, "--json")
    assert ended.code == 3
    assert [(one["outcome"], one["position"]) for one in lab.stamps(ended)] == [
        ("no-stamp", None),
        ("good", 5),
    ]
    assert lab.verdict() == (0, "passed")


def test_where_nobody_stamps_nothing_is_recorded(lab: Lab) -> None:
    ended = lab("checkpoint", "stamp", "--tsa", GONE)
    assert ended.code == 3
    assert "not recorded: no-stamp" in ended.out
    assert "Errno" not in ended.out
    assert "--request" in ended.out
    assert lab.custody.ledger_size() == 4
    assert lab.verdict() == (0, None)


def test_a_lying_authority_is_told_apart_and_not_recorded(lab: Lab) -> None:
    earlier: list[bytes] = []

    def replay(request: bytes) -> bytes:
        earlier.append(lab.authority.reply(request))
        return earlier[0]

    with serving(post=replay) as url:
        first = lab("checkpoint", "stamp", "--tsa", url, "--json")
        second = lab("checkpoint", "stamp", "--tsa", url, "--json")
    assert (first.code, second.code) == (0, 3)
    assert lab.stamps(second)[0]["outcome"] == "wrong-imprint"
    assert lab.verdict() == (0, "passed")


def test_an_unknown_authority_is_not_recorded(lab: Lab, tmp_path: Path) -> None:
    stranger = StampAuthority(tmp_path / "stranger")
    with serving(post=stranger.reply) as url:
        ended = lab("checkpoint", "stamp", "--tsa", url, "--json")
    assert (ended.code, lab.stamps(ended)[0]["outcome"]) == (3, "not-trusted")
    assert lab.custody.ledger_size() == 4


def test_without_a_trusted_authority_nobody_is_asked(case: CommandLine) -> None:
    ended = case("checkpoint", "stamp", "--tsa", GONE)
    assert ended.code == 4
    assert is_three_line_error(ended, "cannot-tell")
    assert "authorities" in ended.err


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--tsa", "ftp://tsa.example/"),
        ("--tsa", GONE, "--request", "out.tsq"),
        ("--request", "out.tsq", "--authority", "note"),
        ("--tsa", GONE, "--authority", "note"),
    ],
)
def test_what_makes_no_sense_is_a_mistake_of_usage(lab: Lab, words: tuple[str, ...]) -> None:
    (lab.custody.home / "note").write_text("no certificate")
    assert lab("checkpoint", "stamp", *words).code == 2
    assert lab.custody.ledger_size() == 4


def test_a_request_is_carried_by_hand_and_its_reply_taken_in_once(lab: Lab) -> None:
    out = lab.custody.home / "out.tsq"
    assert lab("checkpoint", "stamp", "--request", str(out)).code == 0
    reply = lab.custody.home / "reply.tsr"
    reply.write_bytes(lab.authority.reply(out.read_bytes()))
    ended = lab("checkpoint", "import", str(reply), "--json")
    assert (ended.code, lab.stamps(ended)[0]["position"]) == (0, 5)
    assert lab.verdict() == (0, "passed")
    again = lab("checkpoint", "import", str(reply))
    assert again.code == 6
    assert "already" in again.err
    assert "run the same command again" not in again.err


def test_a_request_never_replaces_a_file(lab: Lab) -> None:
    out = lab.custody.home / "out.tsq"
    out.write_text("precious")
    assert lab("checkpoint", "stamp", "--request", str(out)).code == 6
    assert out.read_text() == "precious"


def test_a_reply_to_a_request_from_elsewhere_is_not_taken(lab: Lab, tmp_path: Path) -> None:
    elsewhere = CommandLine(tmp_path / "elsewhere")
    elsewhere.home.mkdir()
    elsewhere.init()
    out, reply = elsewhere.home / "out.tsq", elsewhere.home / "reply.tsr"
    assert elsewhere("checkpoint", "stamp", "--request", str(out)).code == 0
    reply.write_bytes(lab.authority.reply(out.read_bytes()))
    ended = lab("checkpoint", "import", str(reply))
    assert ended.code == 4
    assert is_three_line_error(ended, "not-found")


def test_the_reply_to_another_request_about_the_same_is_refuted(lab: Lab) -> None:
    out, reply = lab.custody.home / "out.tsq", lab.custody.home / "reply.tsr"
    assert lab("checkpoint", "stamp", "--request", str(out)).code == 0
    reply.write_bytes(lab.authority.reply(out.read_bytes()))
    [kept] = (lab.custody.workspace / "stamp-requests").iterdir()
    kept.unlink()
    assert lab("checkpoint", "stamp", "--request", str(out.with_name("second.tsq"))).code == 0
    ended = lab("checkpoint", "import", str(reply), "--json")
    assert (ended.code, lab.stamps(ended)[0]["outcome"]) == (1, "wrong-nonce")
    assert lab.custody.ledger_size() == 4


def test_a_reply_that_was_changed_is_refuted(lab: Lab) -> None:
    out, reply = lab.custody.home / "out.tsq", lab.custody.home / "reply.tsr"
    assert lab("checkpoint", "stamp", "--request", str(out)).code == 0
    content = bytearray(lab.authority.reply(out.read_bytes()))
    content[-1] ^= 1
    reply.write_bytes(content)
    ended = lab("checkpoint", "import", str(reply), "--json")
    assert (ended.code, lab.stamps(ended)[0]["outcome"]) == (1, "bad-signature")


def test_the_reply_of_a_stranger_is_left_open(lab: Lab, tmp_path: Path) -> None:
    out, reply = lab.custody.home / "out.tsq", lab.custody.home / "reply.tsr"
    assert lab("checkpoint", "stamp", "--request", str(out)).code == 0
    stranger = StampAuthority(tmp_path / "stranger")
    reply.write_bytes(stranger.reply(out.read_bytes()))
    assert lab("checkpoint", "import", str(reply)).code == 4
    named = lab("checkpoint", "import", str(reply), "--authority", str(stranger.root_file), "--json")
    assert (named.code, lab.stamps(named)[0]["position"]) == (0, 5)
    assert lab.verdict() == (4, "indeterminate")
    assert lab.verdict("--authority", str(stranger.root_file)) == (0, "passed")


@pytest.mark.parametrize("content", [b"", b"text", b"\x30\x03\x02\x01\x00", b"\x30\x80" * 5000])
def test_a_file_that_is_no_reply_is_a_mistake_of_usage(lab: Lab, content: bytes) -> None:
    (lab.custody.home / "reply").write_bytes(content)
    assert lab("checkpoint", "import", str(lab.custody.home / "reply")).code == 2


def test_a_request_kept_that_was_damaged_is_said_to_be(lab: Lab) -> None:
    out, reply = lab.custody.home / "out.tsq", lab.custody.home / "reply.tsr"
    assert lab("checkpoint", "stamp", "--request", str(out)).code == 0
    reply.write_bytes(lab.authority.reply(out.read_bytes()))
    [kept] = (lab.custody.workspace / "stamp-requests").iterdir()
    kept.write_bytes(b"rubbish")
    assert lab("checkpoint", "import", str(reply)).code == 4


@pytest.mark.parametrize("name", ["broken.pem", "broken.crl"])
def test_a_damaged_file_among_the_authorities_leaves_it_open(lab: Lab, name: str) -> None:
    (lab.custody.workspace / "authorities" / name).write_text("rubbish")
    ended = lab("audit")
    assert ended.code == 4
    assert name in ended.err


def test_a_stamp_stays_good_after_its_authority_expired(case: CommandLine, tmp_path: Path) -> None:
    authority = stamped_then_expired(case, tmp_path)
    lab = Lab(case, authority, GONE)
    lab.trust(authority)
    assert lab.verdict() == (0, "passed")
    with serving(post=authority.reply) as url:
        late = lab("checkpoint", "stamp", "--tsa", url, "--json")
    assert (late.code, lab.stamps(late)[0]["outcome"]) == (3, "outside-validity")


def test_a_revocation_list_is_fetched_where_the_certificate_says_and_kept(
    case: CommandLine, tmp_path: Path
) -> None:
    root = Root()
    crl = root.revocation_list()
    with serving(get={"/ca.crl": crl}) as lists:
        authority = StampAuthority(tmp_path / "a", root=root, lists_at=f"{lists}/ca.crl")
        with serving(post=authority.reply) as url:
            lab = Lab(case, authority, url)
            lab.trust(authority)
            ended = lab("checkpoint", "stamp", "--tsa", url, "--json")
    assert lab.stamps(ended)[0]["revocation"] == "not-revoked"
    with closing(sqlite3.connect(case.workspace / "ledger.db")) as database:
        kept = {content for (content,) in database.execute("SELECT content FROM documents")}
    assert crl in kept
    notes = lab("audit", "--json").result["notes"]
    assert isinstance(notes, list)
    assert not any("revoked" in note for note in notes)


def test_a_certificate_that_was_revoked_stamps_nothing(case: CommandLine, tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    crl = authority.root.revocation_list(
        [(authority.certificate, yesterday, x509.ReasonFlags.key_compromise)]
    )
    with serving(post=authority.reply) as url:
        lab = Lab(case, authority, url)
        lab.trust(authority)
        (case.workspace / "authorities" / "ca.crl").write_bytes(crl)
        ended = lab("checkpoint", "stamp", "--tsa", url, "--json")
    assert (ended.code, lab.stamps(ended)[0]["outcome"]) == (3, "revoked")


def test_a_revocation_that_the_auditor_learns_of_later_refutes_the_stamp(lab: Lab) -> None:
    assert lab("checkpoint", "stamp", "--tsa", lab.url).code == 0
    compromised = (lab.authority.certificate, datetime.now(UTC), x509.ReasonFlags.key_compromise)
    (lab.custody.workspace / "authorities" / "ca.crl").write_bytes(
        lab.authority.root.revocation_list([compromised])
    )
    assert lab.verdict() == (1, "failed")
    assert "stamp-revoked" in lab("audit").out


def test_explain_shows_the_window_of_an_entry_and_no_window_of_a_file(lab: Lab) -> None:
    assert lab("checkpoint", "stamp", "--tsa", lab.url).code == 0
    first = lab("explain", "0", "--json").result["window"]
    assert isinstance(first, dict)
    assert (first["not_before"], first["not_counted"]) == (None, 0)
    assert first["not_after"]["position"] == 5
    last = lab("explain", "6").out
    assert "not before" in last
    assert "not after   no time stamp shows it" in last
    assert "the entries that were stamped, 'custody audit' shows" in last
    (lab.custody.workspace / "authorities" / "0.pem").unlink()
    assert "not counted: 1 stamp" in lab("explain", "0").out
