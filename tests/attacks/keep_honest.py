"""Make a ledger of honest deeds, to be kept: ``python -m tests.attacks.keep_honest FOLDER``.

Run once for each released format; what it makes must verify for ever. The authority's certificate ends soon
after the stamp, so that the ledger is always judged when it has expired.
"""

import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.fakes.stamp_authority import LONG_AGO, StampAuthority, serving
from tests.integration.honest_ledgers import CASE, EXHIBIT, both_cases, done
from tests.integration.witness_pair import Pair, new_pair

CERTIFICATE_LASTS = timedelta(minutes=2)


def keep(folder: Path) -> None:
    """Fill a new folder: the workspace without its private keys, a bundle of it, and whom to trust."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        pair = new_pair(Path(scratch))
        [first] = (pair.keeper.workspace / "keys").glob("*.pem")
        shutil.copy(first, folder / "trusted.pem")
        happen(pair, Path(scratch))
        shutil.copy(pair.witness_key, folder / "witness.vkey")
        shutil.copy(pair.keeper.workspace / "authorities" / "0.pem", folder / "authority.pem")
        done(pair.keeper, "export", "bundle", "--out", str(folder / "bundle.zip"))
        done(pair.keeper, "audit")
        shutil.copytree(
            pair.keeper.workspace,
            folder / "workspace",
            ignore=shutil.ignore_patterns("*.key", "*.lock", "*-shm", "*-wal", "diagnostics"),
        )


def happen(pair: Pair, scratch: Path) -> None:
    """Let keys change, files be copied, others sign, and an exhibit go from one to the other."""
    keeper = pair.keeper
    settings = keeper.workspace / "custody.toml"
    settings.write_text(settings.read_text().replace("# session_keys = false", "session_keys = true"))
    done(keeper, "case", "open", CASE)
    done(keeper, "exhibit", "register", EXHIBIT, "--case", CASE)
    both_cases(keeper)
    both_cases(keeper)
    stamp(keeper, scratch)
    pair.trust_the_witness()
    done(keeper, "checkpoint", "import", pair.cosign(pair.export("request"), "cosigned.note"))
    second_person(keeper)
    done(keeper, "keys", "rotate", "--no-passphrase")
    both_cases(keeper)
    done(keeper, "report", "custody", "--out", pair.file("report.pdf"))
    hand_over(pair)


def second_person(keeper: CommandLine) -> None:
    words = ("--examiner", "A. Novak", "--role", "examiner", "--no-passphrase", "--json")
    key = str(keeper("keys", "new", *words).result["key"])
    both_cases(keeper, CUSTODY_KEY=key)
    done(keeper, "keys", "revoke", key, "--reason", "left the lab")


def stamp(keeper: CommandLine, scratch: Path) -> None:
    authority = StampAuthority(
        scratch / "authority", valid=(LONG_AGO, datetime.now(UTC).replace(microsecond=0) + CERTIFICATE_LASTS)
    )
    (keeper.workspace / "authorities").mkdir(exist_ok=True)
    (keeper.workspace / "authorities" / "0.pem").write_bytes(authority.root.pem)
    with serving(post=authority.reply) as url:
        done(keeper, "checkpoint", "stamp", "--tsa", url)


def hand_over(pair: Pair) -> None:
    giver, receiver = pair.keeper, pair.witness
    [to] = (receiver.workspace / "keys").glob("*.pem")
    offer, answer = pair.file("a.offer"), pair.file("a.answer")
    done(giver, "transfer", "offer", EXHIBIT, "--case", CASE, "--to", str(to), "--out", offer)
    known = [word for key in (giver.workspace / "keys").glob("*.vkey") for word in ("--key", str(key))]
    done(receiver, "transfer", "accept", offer, "--copy", str(giver.home), *known, "--out", answer)
    done(giver, "transfer", "import", answer)


if __name__ == "__main__":
    keep(Path(sys.argv[1]).absolute())
