"""The others of the demonstration: a laboratory that is witness and receiver, and a colleague.

Knows which real commands bring them into the case; what is forged in their names is in ``forgeries``.
"""

from typing import Final

from custody.cli.demo.forgeries import WITNESS_FILE
from custody.cli.demo.stage import WORKSPACE, Stage
from custody.cli.exit_codes import ExitCode

BUNDLE: Final = "bundle"
HELD_KEY: Final = "examiner.vkey"
"""The examiner's public key as somebody else kept it, in the demonstration's folder."""

_LABORATORY: Final = "laboratory"


def bring_others_in(stage: Stage) -> None:
    """Trust a witness, offer an exhibit, enrol a key and revoke it, and give a bundle out.

    Raises CannotTell when a step did not end as it should.
    """
    _done(stage, ("init", "--examiner", "Demo Laboratory", "--no-passphrase"), _LABORATORY)
    witness = str(_done(stage, ("checkpoint", "witness"), _LABORATORY)["vkey"])
    trusted = stage.folder / WORKSPACE / "witnesses"
    trusted.mkdir(mode=0o700)
    (trusted / WITNESS_FILE).write_text(f"{witness}\n", encoding="ascii")
    [receiver] = (stage.folder / _LABORATORY / "keys").glob("*.pem")
    offer = ("transfer", "offer", "A-001", "--to", str(receiver.relative_to(stage.folder)))
    _done(stage, (*offer, "--receiver", "Demo Laboratory", "--out", "a-001.offer"))
    [own] = (stage.folder / WORKSPACE / "keys").glob("*.vkey")
    (stage.folder / HELD_KEY).write_bytes(own.read_bytes())
    colleague = ("--examiner", "Demo Colleague", "--role", "examiner", "--no-passphrase")
    key = str(_done(stage, ("keys", "new", *colleague))["key"])
    _done(stage, ("keys", "revoke", key[:12], "--reason", "laptop stolen"))
    _done(stage, ("export", "bundle", "--out", BUNDLE))


def _done(stage: Stage, words: tuple[str, ...], workspace: str = WORKSPACE) -> dict[str, object]:
    """Run a command that must succeed, and return its result."""
    code, result = stage.ask(words, stage.folder / workspace)
    stage.require(code, ExitCode.OK)
    return result
