"""The keys of a ledger: shown, and written out for others. Changes nothing; see ``key_changes``.

Knows the entries about keys and the files in the workspace's folder, and tells where they differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from custody.cli.adapters import LedgerView, ledger_paths, reading_ledger, trusted_keys
from custody.cli.options import Invocation
from custody.cli.output import Answer
from custody.cli.signing import chosen_key, named_key, private_keys
from custody.cli.wording import counted
from custody.domain.errors import CannotTell, NotFound, UsageError
from custody.domain.identifiers import KeyId
from custody.domain.keys.holders import Holder
from custody.domain.keys.keyring import KEY_EVENTS, Keyring
from custody.domain.keys.roles import ROLES, shown_roles
from custody.domain.paths import escape_text, to_json
from custody.domain.proofs.checkpoint import origin_of, vkey
from custody.domain.public_keys import pem_of
from custody.infrastructure.crypto.ed25519 import verify

SHORT_ID: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The keys of a ledger, and what lies of them in the workspace."""

    holders: dict[KeyId, Holder]
    private: frozenset[KeyId]
    strangers: tuple[KeyId, ...]  # public keys in the folder that the ledger never enrolled
    signs: KeyId | None


def listed_keys(run: Invocation) -> Answer:
    """Say which keys the ledger knows, whose they are and what they may do."""
    with reading_ledger(run) as view:
        known = _known(view)
    active = sum(holder.active for holder in known.holders.values())
    return Answer(
        verdict=f"OK  {counted(len(known.holders), 'key')}, {active} of them active",
        lines=[*_lines(known), *(f"  {key[:SHORT_ID]}  NOT ENROLLED" for key in known.strangers)],
        fields={
            "keys": [_fields(holder, known) for holder in known.holders.values()],
            "not_enrolled": list(known.strangers),
        },
    )


def shown_key(run: Invocation, key: str) -> Answer:
    """Say all that the ledger knows of one key. Raises NotFound and UsageError for its name."""
    with reading_ledger(run) as view:
        known = _known(view)
    holder = known.holders[_one(known, key)]
    fields = _fields(holder, known)
    return Answer(
        verdict=f"OK  key of {escape_text(holder.enrolment.examiner)}: {_state(holder)}",
        lines=[
            f"  {name.replace('_', ' '):<12}  {_worded(value)}"
            for name, value in fields.items()
            if value is not None and name != "public_key"
        ],
        fields=fields,
    )


def exported_key(run: Invocation, key: str | None, out: str | None) -> Answer:
    """Write a public key as PEM and as C2SP verifier key, to stdout or as new files in a folder.

    Raises NotFound and UsageError for its name, Refused when a file is there already.
    """
    with reading_ledger(run) as view:
        known = _known(view)
        paths = ledger_paths(view.workspace)
        wanted = _one(known, chosen_key(run, view.workspace, paths) if key is None else key)
        holder, origin = known.holders[wanted], origin_of(view.reader.ledger)
    pem, verifier = pem_of(holder.raw), vkey(origin, holder.raw)
    fields: dict[str, object] = {"key": wanted, "pem": pem, "vkey": verifier}
    if out is not None:
        return _written(wanted, Path(out), pem, verifier, fields)
    if not run.output.json:
        run.output.data(f"{pem}{verifier}\n".encode())
    return Answer(fields=fields)


def _written(key: KeyId, folder: Path, pem: str, verifier: str, fields: dict[str, object]) -> Answer:
    from custody.infrastructure.files.new_file import new_file

    for ending, content in (("pem", pem), ("vkey", f"{verifier}\n")):
        with new_file(folder / f"{key}.{ending}") as stream:
            stream.write(content.encode())
    where = to_json("out", bytes(folder))
    return Answer(
        verdict=f"OK  public key written to {where['out']}",
        lines=[f"  {key}.pem", f"  {key}.vkey"],
        fields={**fields, **where},
    )


def _known(view: LedgerView) -> _Known:
    """Fold the entries about keys. What the auditor would refuse is left out here as well."""
    ring, ledger = Keyring(verify), view.reader.ledger
    for recorded in view.reader.recorded(types=KEY_EVENTS):
        ring.admit(ledger, recorded)
    holders = {holder.key: holder for holder in ring.holders}
    try:
        signs = chosen_key(view.run, view.workspace, ledger_paths(view.workspace))
    except (CannotTell, UsageError):  # nothing says which: then none is marked
        signs = None
    return _Known(
        holders=holders,
        private=frozenset(private_keys(view.workspace)),
        strangers=tuple(key for key in sorted(trusted_keys(view.workspace)) if key not in holders),
        signs=signs,
    )


def _one(known: _Known, text: str) -> KeyId:
    found = named_key(text, known.holders)
    if found not in known.holders:
        raise NotFound(f"the ledger does not know the key {found}", hint="see 'custody keys list'")
    return found


def _lines(known: _Known) -> Iterator[str]:
    for key, holder in known.holders.items():
        mark = "*" if key == known.signs else " "
        private = "private key here" if key in known.private else "public key only"
        yield f"{mark} {key[:SHORT_ID]}  {_state(holder):<22}  {escape_text(holder.enrolment.examiner)}"
        yield f"    {shown_roles(holder.roles)}; {private}"
    if known.signs is not None:
        yield "  * signs what this workspace records"


def _state(holder: Holder) -> str:
    if holder.waiting:
        return "waiting for its rotation"
    return "active" if holder.ended is None else f"{holder.ended} at {holder.ended_at}"


def _fields(holder: Holder, known: _Known) -> dict[str, object]:
    enrolled = holder.enrolment
    return {
        "key": holder.key,
        "examiner": enrolled.examiner,
        "badge": enrolled.badge,
        "agency": enrolled.agency,
        "roles": [role for role in ROLES if role in holder.roles],
        "state": "waiting" if holder.waiting else holder.ended or "active",
        "enrolled_at": holder.enrolled_at,
        "enrolled_by": holder.enrolled_by,
        "protected": enrolled.protected,
        "replaces": enrolled.replaces,
        "ended_at": holder.ended_at,
        "successor": holder.successor,
        "reason": holder.reason,
        "private_key": holder.key in known.private,
        "signs": holder.key == known.signs,
        "public_key": pem_of(holder.raw),
    }


def _worded(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return escape_text(str(value))
