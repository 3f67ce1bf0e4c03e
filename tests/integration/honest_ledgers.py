"""Ledgers made by the real command in which keys, anchors and exhibits changed hands, each honestly."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.fakes.stamp_authority import StampAuthority, serving
from tests.integration.witness_pair import new_pair

CASE, OTHER, EXHIBIT = "2026-0147", "2026-0200", "A-001"


@dataclass(frozen=True, slots=True)
class Honest:
    """A workspace, the public key that somebody outside has of it, and whom else they trust."""

    custody: CommandLine
    key: Path
    trust: tuple[str, ...] = ()
    case: str = CASE

    def export(self, name: str, *words: str) -> Path:
        bundle = self.custody.home / name
        ended = self.custody("export", "bundle", "--out", str(bundle), *words)
        assert ended.code == 0, ended.err
        return bundle


def done(custody: CommandLine, *words: str, **variables: str) -> None:
    ended = custody(*words, **variables)
    assert ended.code == 0, ended.err


def begun(home: Path) -> Honest:
    home.mkdir(parents=True, exist_ok=True)
    custody = CommandLine(home)
    custody.init()
    [pem] = (custody.workspace / "keys").glob("*.pem")
    shutil.copy(pem, home / "first.pem")  # what the receiver got long ago
    return Honest(custody, home / "first.pem")


def copy(custody: CommandLine, case: str, **variables: str) -> None:
    number = len(list(custody.home.glob("card*")))
    source = custody.home / f"card{number}"
    source.mkdir()
    (source / f"clip{number}.mov").write_bytes(b"clip %d" % number)
    copies = str(custody.home / f"copies{number}")
    done(custody, "copy", str(source), "--to", copies, "--case", case, "--exhibit", EXHIBIT, **variables)


def both_cases(custody: CommandLine, **variables: str) -> None:
    for case in (CASE, OTHER):
        copy(custody, case, **variables)


def session_keys(home: Path) -> Honest:
    honest = begun(home)
    settings = honest.custody.workspace / "custody.toml"
    settings.write_text(settings.read_text().replace("# session_keys = false", "session_keys = true"))
    both_cases(honest.custody)
    return honest


def rotated_key(home: Path) -> Honest:
    honest = begun(home)
    both_cases(honest.custody)
    done(honest.custody, "keys", "rotate", "--no-passphrase")
    both_cases(honest.custody)
    return honest


def second_person(home: Path) -> Honest:
    honest = begun(home)
    made = honest.custody(
        "keys", "new", "--examiner", "A. Novak", "--role", "examiner", "--no-passphrase", "--json"
    )
    key = str(made.result["key"])
    both_cases(honest.custody, CUSTODY_KEY=key)
    done(honest.custody, "keys", "revoke", key, "--reason", "left the lab")
    both_cases(honest.custody)
    return honest


def stamped(home: Path) -> Honest:
    honest = begun(home)
    both_cases(honest.custody)
    authority = StampAuthority(home / "authority")
    folder = honest.custody.workspace / "authorities"
    folder.mkdir(exist_ok=True)
    (folder / "0.pem").write_bytes(authority.root.pem)
    with serving(post=authority.reply) as url:
        done(honest.custody, "checkpoint", "stamp", "--tsa", url)
    return Honest(honest.custody, honest.key, ("--authority", str(folder / "0.pem")))


def cosigned(home: Path) -> Honest:
    pair = new_pair(home)
    shutil.copy(next((pair.keeper.workspace / "keys").glob("*.pem")), home / "first.pem")
    both_cases(pair.keeper)
    pair.trust_the_witness()
    done(pair.keeper, "checkpoint", "import", pair.cosign(pair.export("request"), "cosigned.note"))
    both_cases(pair.keeper)
    return Honest(pair.keeper, home / "first.pem", ("--witness", pair.witness_key))


def witnessing(home: Path) -> Honest:
    """The witness's own ledger says what was cosigned."""
    pair = new_pair(home)
    shutil.copy(next((pair.witness.workspace / "keys").glob("*.pem")), home / "first.pem")
    both_cases(pair.witness)
    pair.cosign(pair.export("request"), "cosigned.note")
    return Honest(pair.witness, home / "first.pem")


def hand_over(home: Path) -> tuple[Honest, Honest]:
    honest, received = begun(home / "giver"), begun(home / "receiver")
    giver, receiver = honest.custody, received.custody
    done(giver, "exhibit", "register", EXHIBIT, "--case", CASE)
    both_cases(giver)
    [receivers_pem] = (receiver.workspace / "keys").glob("*.pem")
    [givers_vkey] = (giver.workspace / "keys").glob("*.vkey")
    offer, answer = str(home / "a.offer"), str(home / "a.answer")
    done(giver, "transfer", "offer", EXHIBIT, "--case", CASE, "--to", str(receivers_pem), "--out", offer)
    given = ("--copy", str(giver.home / "copies0"), "--key", str(givers_vkey), "--out", answer)
    done(receiver, "transfer", "accept", offer, *given)
    done(giver, "transfer", "import", answer)
    return honest, received


def handed_over(home: Path) -> Honest:
    return hand_over(home)[0]


def received(home: Path) -> Honest:
    """The receiver's own ledger, which carries the giver's offer."""
    return hand_over(home)[1]


HONEST: tuple[Callable[[Path], Honest], ...] = (
    session_keys, rotated_key, second_person, stamped, cosigned, witnessing, handed_over, received,
)  # fmt: skip
