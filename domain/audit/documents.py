"""The documents that entries cite: plans, batch files, certificates, the lists of what was handed over.

Knows that each is kept under its SHA-256. Believes none of them.
"""

import hashlib
from typing import Final, NamedTuple

from custody.domain.audit.auditor import KeptRecords, LedgerAuditor
from custody.domain.audit.manifests import check_manifest
from custody.domain.paths import escape_text


def check_documents(source: KeptRecords, auditor: LedgerAuditor) -> None:
    """See that every document that an entry cites is kept, and is the one it cites.

    Each is read once, however often it is cited. Where entries are withheld, a plan may tell of them and be
    left out; nothing else may.
    """
    faults: dict[str, _Fault | None] = {}
    for position, sha256, plan in auditor.cited:
        if sha256 not in faults:
            faults[sha256] = _fault(source.document(sha256), sha256)
        fault = faults[sha256]
        if fault is None or (fault is _MISSING and plan and auditor.withheld):
            continue
        message = f"{fault.message}: {escape_text(sha256)[:64]}"
        auditor.findings.note("structure", fault.code, position, message)


class _Fault(NamedTuple):
    code: str
    message: str


_MISSING: Final = _Fault("document-missing", "the document that the entry cites is not kept")
_DIFFERS: Final = _Fault("document-differs", "the document kept is not the one that the entry cites")


def _fault(content: object, sha256: str) -> _Fault | None:
    if content is None:
        return _MISSING
    same = isinstance(content, bytes) and hashlib.sha256(content).hexdigest() == sha256
    return None if same else _DIFFERS


def check_manifests(source: KeptRecords, auditor: LedgerAuditor) -> None:
    """See that the files offered in hand-overs are those of their exhibits."""
    for offer in auditor.offered:
        content = source.document(offer.offered.manifest_sha256)
        if isinstance(content, bytes) and _fault(content, offer.offered.manifest_sha256) is None:
            check_manifest(offer, content, source, auditor.findings)
        # One that is missing or another one has its finding.
