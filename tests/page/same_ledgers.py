"""Ledgers of the audit's own tests, given to the page as bundles: both must find the same.

``asked_of_the_page`` is a fixture for modules that take over the tests of ``tests.unit``: whatever these have
audited, the page judges as well, by the same keys, witnesses, checkpoints and time stamps.
"""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from custody.domain import canonical
from custody.domain.audit.policy import DEFAULT_POLICY
from custody.domain.proofs.cosignature import NOBODY, witness_vkey
from custody.domain.proofs.time_stamp import TokenFacts
from custody.domain.public_keys import pem_of
from custody.domain.use_cases.audit_ledger import AuditResult
from tests.fakes.tokens import TokenTable
from tests.page.browser import Page
from tests.page.bundles import Files, lines, with_sums
from tests.unit.signed_ledger import LEDGER, TRUSTED, SignedLedger

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")

JUDGE = """(async ([files, trust, tokens]) => {
  const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const filesOf = (contents) => Object.entries(contents).map(([path, text]) => ({
    path, file: new File([bytesOf(text)], path),
  }));
  tokenFacts = async ({ token }) => {
    if (tokens === null) throw new Unjudged("nothing here takes it apart");
    const facts = tokens[toText(token)];
    if (facts === undefined) throw new Malformed("no token of this table");
    const inMicroseconds = ["time", "earliest", "latest", "accuracy"];
    return Object.fromEntries(Object.entries(facts).map(([name, value]) =>
      [name, inMicroseconds.includes(name) && value !== null ? BigInt(value) : value]));
  };
  const subject = Object.assign(filesOf(files), { name: "bundle" });
  const report = await checkAll({ subject, trust: filesOf(trust), evidence: [] }, () => {});
  const found = report.findings.kept.map(({ check, code, position }) => [check, code, position]);
  return { refused: report.refused ?? null, verdicts: report.verdicts, found };
})"""


@pytest.fixture(autouse=True)
def asked_of_the_page(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the page judge whatever is audited and can be a bundle, and compare."""
    audit = SignedLedger.audit

    def audit_twice(ledger: SignedLedger, *values: Any, **brought: Any) -> AuditResult:
        result = audit(ledger, *values, **brought)
        names = ("trusted", "extra", "witnesses", "read_token")
        given = {**dict(zip(names, values, strict=False)), **brought}
        if can_be_a_bundle(ledger, given):
            compare(page, ledger, given, result)
        return result

    monkeypatch.setattr(SignedLedger, "audit", audit_twice)


def can_be_a_bundle(ledger: SignedLedger, given: dict[str, Any]) -> bool:
    """Tell whether all that was audited could be handed over: no policy, no odd rows, no store."""
    whole = all(isinstance(row.entry, bytes) or row.withheld is not None for row in ledger.rows)
    in_place = [row.position for row in ledger.rows] == list(range(len(ledger.rows)))
    kept = [note.note for note in ledger.notes] + list(ledger.documents.values())
    kept += [] if ledger.notes else [None]  # a bundle has a checkpoint
    plain = given.get("policy", DEFAULT_POLICY) == DEFAULT_POLICY and not given.get("read_copies")
    store = ledger.damage or ledger.differences or ledger.replay_error
    return whole and in_place and plain and not store and all(isinstance(one, bytes) for one in kept)


def compare(page: Page, ledger: SignedLedger, given: dict[str, Any], result: AuditResult) -> None:
    trust = trust_of(given)
    asked = [encoded(bundle_of(ledger)), encoded(trust), table_of(given.get("read_token"))]
    said = page.evaluate(f"{JUDGE}({json.dumps(asked)})")
    assert said["refused"] is None
    found = {tuple(finding) for finding in said["found"]}
    expected = {(finding.check, finding.code, finding.position) for finding in result.findings}
    assert found == expected
    verdicts = {check: verdict for check, verdict in result.verdicts.items() if check != "projections"}
    if not (TRUSTED if given.get("trusted") is None else given["trusted"]):
        verdicts["signatures"] = "indeterminate"  # the audit of a bundle says so, too
    assert said["verdicts"] == verdicts


def bundle_of(ledger: SignedLedger) -> Files:
    entries = [row.entry for row in ledger.rows if isinstance(row.entry, bytes)]
    withheld = {row.position: row.withheld for row in ledger.rows if row.withheld is not None}
    about = {
        "entries": len(entries), "format": "custody.bundle/1", "ledger": str(LEDGER),
        "size": len(ledger.rows), "withheld": len(withheld),
    }  # fmt: skip
    notes = {note.note for note in ledger.notes if isinstance(note.note, bytes)}
    newest = max(ledger.notes, key=lambda note: note.size if isinstance(note.size, int) else 0).note
    assert isinstance(newest, bytes)
    files: Files = {
        "entries.ndjson": lines(entries),
        "bundle.json": canonical.encode(about) + b"\n",
        "checkpoint": newest,
        **{f"checkpoints/{size_of(note)}.note": note for note in sorted(notes - {newest})},
        **{f"documents/{name}": content for name, content in ledger.documents.items()},  # type: ignore[dict-item]
    }
    if withheld:
        rows = [b"%d %s" % (at, leaf.hex().encode()) for at, leaf in sorted(withheld.items())]  # type: ignore[str-bytes-safe]
        files["leaves.txt"] = lines(rows)
    return with_sums(files)


def size_of(note: bytes) -> str:
    return note.split(b"\n")[1].decode()


def trust_of(given: dict[str, Any]) -> Files:
    keys = TRUSTED if given.get("trusted") is None else given["trusted"]
    witnesses = given.get("witnesses", NOBODY).values()
    return {
        **{f"{number}.pem": pem_of(raw).encode() for number, raw in enumerate(keys.values())},
        **{f"{number}.note": note for number, note in enumerate(given.get("extra", ()))},
        **{
            f"{number}.vkey": witness_vkey(witness.name, witness.public_raw).encode()
            for number, witness in enumerate(witnesses)
        },
    }


def table_of(read_token: TokenTable | None) -> dict[str, dict[str, object]] | None:
    if read_token is None:
        return None
    return {token.decode(): facts_of(facts) for token, facts in read_token.facts.items()}


def facts_of(facts: TokenFacts) -> dict[str, object]:
    """A token's facts in the page's words, times in microseconds since 1970 as text."""

    def text(time: datetime) -> str:
        return str((time - EPOCH) // timedelta(microseconds=1))

    return {
        "imprint": None if facts.imprint is None else facts.imprint.hex(),
        "time": text(facts.generated_at),
        "earliest": text(facts.earliest),
        "latest": text(facts.latest),
        "accuracy": None if facts.accuracy is None else str(facts.accuracy_microseconds),
        "serial": facts.serial, "policy": facts.policy, "authority": facts.authority,
        "signature": facts.signature, "bound": facts.certificate_bound,
        "onlyForStamps": facts.only_for_stamps, "trust": facts.trust, "revocation": facts.revocation,
    }  # fmt: skip


def encoded(files: Files) -> dict[str, str]:
    return {name: base64.b64encode(content).decode() for name, content in files.items()}
