"""The audit of a bundle: the ledger in it as any other, and what only a bundle has around it.

Knows the order of the work. Trusts no key because it lies in the bundle; writes nothing.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from custody.domain.audit.findings import CHECKS, Check, Findings, in_order
from custody.domain.audit.policy import AuditPolicy
from custody.domain.audit.signatures import TrustedKeys, VerifyMany
from custody.domain.audit.terms import DEFAULT_TERMS, AuditTerms
from custody.domain.errors import MalformedData
from custody.domain.identifiers import LedgerId
from custody.domain.paths import escape_text
from custody.domain.proofs.bundle import DOCUMENTS, REPORTS, SUMS, TILES, About
from custody.domain.proofs.merkle import leaf_hash
from custody.domain.proofs.tiles import TileFile, hash_tiles, tiles
from custody.domain.use_cases.audit_ledger import AuditResult, AuditSource, audit
from custody.domain.verdict import Verdict

MADE_BY_KEYS: Final[tuple[Check, ...]] = ("signatures", "authorisation", "checkpoints")
"""What proves nothing when nobody vouches for the keys."""

NOT_IN_BUNDLES: Final[Check] = "projections"

MAY_BE_WITHHELD: Final = (
    "entries are withheld, any of which may have ended a key or a session: who might sign is judged by the "
    "disclosed ones alone"
)
"""An honest exporter withholds no entry about keys; that a dishonest one did, leaf hashes do not show."""

_MAX_DIFFERENT_TILES: Final = 20


class BundleSource(AuditSource, Protocol):
    """A bundle as it was brought along. Nothing that it gives is believed."""

    @property
    def ignored(self) -> int:
        """How many files have names that no bundle has."""

    @property
    def ledger(self) -> LedgerId | None:
        """The ledger that the entries read so far opened."""

    @property
    def issued(self) -> Collection[str]:
        """The SHA-256 of the reports that the entries read so far issued."""

    @property
    def fault(self) -> str | None:
        """Why the entries could not be read to their end; None when they could."""

    def about(self) -> About:
        """Return what the bundle says of itself. Raises MalformedData, CannotTell for another format."""

    def keys(self) -> TrustedKeys:
        """Return the sound keys that lie in the bundle: good to refute by, never to prove by."""

    def sums(self) -> Iterable[tuple[str, str]]:
        """Return name and SHA-256 of SHA256SUMS. Raises MalformedData."""

    def digests(self) -> Mapping[str, str]:
        """Return the SHA-256 of every file as it is."""

    def leaves(self) -> Iterable[tuple[bytes | None, bytes]]:
        """Return, by position, each entry, or None and the leaf hash of one that is withheld."""


def audit_bundle(
    source: BundleSource,
    trusted: TrustedKeys,
    verify_many: VerifyMany,
    *,
    extra_checkpoints: Sequence[bytes] = (),
    terms: AuditTerms = DEFAULT_TERMS,
) -> AuditResult:
    """Carry out every check that a bundle allows, by the keys that the auditor brought along.

    Without any, the keys in the bundle can refute and prove nothing. Raises CannotTell for another format.
    """
    findings, notes = Findings(), []
    about = _about(source, findings)
    result = audit(
        source, trusted or source.keys(), verify_many, extra_checkpoints=extra_checkpoints, terms=terms
    )
    if not trusted:
        notes.append("no key was brought along: those in the bundle may be anyone's, and prove nothing")
        for check in MADE_BY_KEYS:
            findings.leave_open(check)
    digests = source.digests()
    if source.fault is not None:
        findings.note("structure", "malformed-bundle", None, escape_text(source.fault)[:300])
    else:
        _compare_numbers(about, source, result, findings)
        _compare_tiles(source, digests, result, findings)
    notes += _check_files(source, digests, result, findings)
    return _together(result, findings, notes, terms.policy)


def _about(source: BundleSource, findings: Findings) -> About | None:
    try:
        return source.about()
    except MalformedData as error:
        findings.note("structure", "malformed-bundle", None, escape_text(error.what)[:300])
        return None


def _compare_numbers(
    about: About | None, source: BundleSource, result: AuditResult, findings: Findings
) -> None:
    found = (source.ledger, result.entries, result.withheld)
    if about is not None and (about.ledger, about.entries, about.withheld) != found:
        message = (
            f"the bundle says that it has {about.entries} entries of ledger {about.ledger} and withholds "
            f"{about.withheld}; it has {result.entries} and withholds {result.withheld}"
        )
        findings.note("structure", "bundle-numbers", None, message)


def _check_files(
    source: BundleSource, digests: Mapping[str, str], result: AuditResult, findings: Findings
) -> Iterator[str]:
    """Compare the files with SHA256SUMS and with the entries; yields what is worth a note."""
    listed = _compare_sums(source, digests, findings)
    for name in sorted(digests):
        if name.startswith(REPORTS) and digests[name] not in source.issued:
            findings.note("structure", "report-unknown", None, f"no disclosed entry issued {name}")
        if name.startswith(DOCUMENTS) and name != f"{DOCUMENTS}{digests[name]}":
            findings.note(
                "structure", "document-differs", None, f"{name} is not the document of that SHA-256"
            )
    if result.withheld:
        yield f"withheld entries, of which only the leaf hashes are given: {result.withheld}"
        yield MAY_BE_WITHHELD
    if source.ignored:
        yield f"files that have no name of a bundle and were not looked at: {source.ignored}"
    if others := digests.keys() - listed:
        yield f"files that SHA256SUMS does not list: {len(others)}"


def _compare_sums(source: BundleSource, digests: Mapping[str, str], findings: Findings) -> set[str]:
    """Compare the files with SHA256SUMS; returns the names in it."""
    listed = {SUMS}
    try:
        for name, sha256 in source.sums():
            listed.add(name)
            if name not in digests:
                findings.note("structure", "bundle-file-missing", None, f"{_shown(name)} is not there")
            elif digests[name] != sha256:
                message = f"{_shown(name)} is not the file that SHA256SUMS lists"
                findings.note("structure", "bundle-file-differs", None, message)
    except MalformedData as error:
        findings.note("structure", "malformed-bundle", None, escape_text(error.what)[:300])
    return listed


def _compare_tiles(
    source: BundleSource, digests: Mapping[str, str], result: AuditResult, findings: Findings
) -> None:
    """Compare the tiles, if there are any, with those that the entries make."""
    kept = {name for name in digests if name.startswith(TILES)}
    if not kept:
        return
    different = 0
    for name, content in _made_tiles(source, withheld=result.withheld > 0):
        same = name in kept and digests[name] == hashlib.sha256(content).hexdigest()
        kept.discard(name)
        if same:
            continue
        different += 1
        if different > _MAX_DIFFERENT_TILES:
            findings.count_unlisted("tree")
        else:
            findings.note("tree", "tile-differs", None, f"{name} is missing, or not the one of the entries")
    if kept:
        message = f"tiles that the entries do not make: {len(kept)}, such as {min(kept)}"
        findings.note("tree", "tile-differs", None, message)


def _made_tiles(source: BundleSource, *, withheld: bool) -> Iterator[TileFile]:
    if withheld:
        return hash_tiles(leaf if entry is None else leaf_hash(entry) for entry, leaf in source.leaves())
    return tiles(entry for entry, _ in source.leaves() if entry is not None)


def _together(
    result: AuditResult, findings: Findings, notes: Sequence[str], policy: AuditPolicy
) -> AuditResult:
    """Return one result; a bundle has no read models, so nothing is said of them unless they are required."""
    more = findings.verdicts().by_check
    verdicts = {
        check: _graver(verdict, more.get(check, "passed"))
        for check, verdict in result.verdicts.items()
        if check != NOT_IN_BUNDLES
    }
    if NOT_IN_BUNDLES in policy.required:
        verdicts[NOT_IN_BUNDLES] = "indeterminate"
    listed = sorted((*result.findings, *findings.listed()), key=in_order)
    return replace(
        result,
        verdicts=verdicts,
        not_required=tuple(check for check in CHECKS if check not in verdicts),
        undecided=tuple(
            sorted(
                (
                    *(one for one in result.undecided if one.check in verdicts),
                    *findings.undecided(),
                ),
                key=lambda one: CHECKS.index(one.check),
            )
        ),
        findings=tuple(listed),
        findings_not_listed=result.findings_not_listed + findings.not_listed,
        notes=(*notes, *result.notes),
    )


def _graver(one: Verdict, other: Verdict) -> Verdict:
    order: Sequence[Verdict] = ("failed", "indeterminate", "passed")
    return min(one, other, key=order.index)


def _shown(name: str) -> str:
    return escape_text(name)[:200]
