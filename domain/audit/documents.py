"""The documents that entries cite: plans, batch files, certificates, the lists of what was handed over.

Knows that each is kept under its SHA-256. Believes none of them.
"""

import hashlib

from custody.domain.audit.auditor import KeptRecords, LedgerAuditor
from custody.domain.audit.manifests import check_manifest
from custody.domain.paths import escape_text


def check_documents(source: KeptRecords, auditor: LedgerAuditor) -> None:
    """See that every plan and batch file that an entry cites is kept, and is the one it cites."""
    for position, sha256 in auditor.cited:
        content = source.document(sha256)
        cited = escape_text(sha256)[:64]
        if content is None and auditor.withheld:
            continue  # a plan may tell of what is withheld
        if content is None:
            message = f"the document that the entry cites is not kept: {cited}"
            auditor.findings.note("structure", "document-missing", position, message)
        elif not isinstance(content, bytes) or hashlib.sha256(content).hexdigest() != sha256:
            message = f"the document kept is not the one that the entry cites: {cited}"
            auditor.findings.note("structure", "document-differs", position, message)


def check_manifests(source: KeptRecords, auditor: LedgerAuditor) -> None:
    """See that the files offered in hand-overs are those of their exhibits."""
    for offer in auditor.offered:
        content = source.document(offer.offered.manifest_sha256)
        # One that is missing or another one has its finding.
        if (
            isinstance(content, bytes)
            and hashlib.sha256(content).hexdigest() == offer.offered.manifest_sha256
        ):
            check_manifest(offer, content, source, auditor.findings)
