"""Whether the files that were offered with an exhibit are the ones that this ledger proved of it.

Reads each manifest line by line and asks for the entries that its lines cite. Deliberately does not see
whether a file of the exhibit was left out: then less was handed over, and the receiver signed for less.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from custody.domain.audit.claims import CITATIONS, EarlierEntries, read_again
from custody.domain.audit.custody import OfferedFiles
from custody.domain.audit.findings import Findings
from custody.domain.audit.jobs import is_stream_of
from custody.domain.entries.entry import Entry
from custody.domain.errors import MalformedData
from custody.domain.events import Event, FileQualified, FileSkipped, FileVerified
from custody.domain.exhibits.manifest import ManifestFile, ManifestSums, manifest_files, sum_up
from custody.domain.paths import RawPath, escape_text, join, printable

_PROOFS: Final = (FileVerified, FileQualified, FileSkipped)
_MAX_MESSAGE: Final = 400


def check_manifest(offer: OfferedFiles, content: bytes, earlier: EarlierEntries, findings: Findings) -> None:
    """Note the first difference between a manifest and what the ledger proved. Raises as ``earlier``."""
    try:
        sums = sum_up(content)
        wrong = _sums_differ(offer, sums)
        if wrong is None and sums.head.ledger == offer.ledger:
            wrong = next(_wrong(offer, content, earlier), None)
    except MalformedData as error:
        wrong = f"it cannot be read: {error.what}"
    if wrong is not None:
        message = f"the files that were offered are not those of the exhibit: {wrong}"
        findings.note_claim("manifest-differs", offer.position, escape_text(message)[:_MAX_MESSAGE])


def _sums_differ(offer: OfferedFiles, sums: ManifestSums) -> str | None:
    event = offer.offered
    if (sums.head.case_number, sums.head.exhibit) != (event.case_number, event.exhibit):
        return "the list is of another exhibit"
    if (sums.files, sums.bytes) != (event.files, event.bytes):
        return "the list has another number of files or bytes than the offer says"
    if sums.head.ledger != offer.ledger and event.manifest_sha256 != offer.accepted:
        return "the list is of another ledger, and is not the one that came with the exhibit"
    return None


def _wrong(offer: OfferedFiles, content: bytes, earlier: EarlierEntries) -> Iterator[str]:
    """Yield what is wrong with the files, a thousand at a time."""
    files = manifest_files(content)
    places = _Places(offer)
    while some := list(islice(files, CITATIONS)):
        wanted = sorted({file.entry for file in some if file.entry < offer.position})
        found = {
            entry.position: (entry, event)
            for entry, event in map(read_again, earlier.records_at(wanted))
            if entry
        }
        for file in some:
            if not places.proves(file, *found.get(file.entry, (None, None))):
                yield f"entry {file.entry} does not prove {printable(file.path)} as listed"


class _Places:
    """Where the exhibit's copies stand: all files of one list lie below one folder."""

    def __init__(self, offer: OfferedFiles) -> None:
        self._jobs = offer.jobs
        self._folder: bytes | None = None

    def proves(self, file: ManifestFile, entry: Entry | None, event: Event | None) -> bool:
        """Tell whether an entry proves a copy of this content under this name."""
        if entry is None or not isinstance(event, _PROOFS):
            return False
        if event.size != file.size or dict(event.digests) != dict(file.digests):
            return False
        return any(self._lies_in_folder(copy, file) for copy in self._copies(entry, event.path))

    def _copies(self, entry: Entry, path: RawPath) -> Iterable[RawPath]:
        stream = entry.stream.id.bytes
        return (join(folder, path) for job, folder in self._jobs if is_stream_of(stream, job, path))

    def _lies_in_folder(self, copy: RawPath, file: ManifestFile) -> bool:
        if not copy.endswith(b"/" + file.path):
            return False
        folder = copy[: -len(file.path) - 1]
        if self._folder is None:
            self._folder = folder
        return folder == self._folder
