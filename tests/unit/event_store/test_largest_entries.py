"""The longest paths that are taken must fit into an entry, whatever is said of them."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from custody.domain.entries.dsse import MAX_ENTRY_BYTES
from custody.domain.events import Event, FileFailed, FileSkipped, decode, to_data, type_name
from custody.domain.identifiers import JobId, Position
from custody.domain.paths import RawPath
from custody.domain.use_cases.acquisition.flights import MAX_MESSAGE_CHARS
from custody.infrastructure.event_store.codec import MAX_STATE_BYTES, EventMapper, LedgerEvent

LONGEST = RawPath(b"/".join([b"\xff" * 255] * 12))  # 3,071 bytes
ROOT = b"/" + b"\xff" * 999
JOB = JobId(uuid4())


@pytest.mark.parametrize(
    "event",
    [
        FileFailed(
            job=JOB, run=1, path=LONGEST, source=RawPath(ROOT + b"/" + LONGEST), stage="read-back",
            error="read-back-differs", errno=5, offset=1 << 50, message="\U0001f4a5" * MAX_MESSAGE_CHARS,
            attempt=3, moved_to=LONGEST,
        ),
        FileSkipped(
            job=JOB, run=1, path=LONGEST, source=RawPath(ROOT + b"/" + LONGEST), size=1 << 50, mtime_ns=1,
            ctime_ns=1, reason="verified-before", cites=Position(1 << 50), digests={"sha512": "0" * 128},
        ),
    ],
)  # fmt: skip
def test_the_longest_paths_of_undecodable_bytes_fit_into_an_entry(event: Event) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    stored = EventMapper().to_stored_event(LedgerEvent(uuid4(), 1, event, at))
    assert len(stored.state) <= MAX_STATE_BYTES < MAX_ENTRY_BYTES * 3 // 4
    assert decode(type_name(event), to_data(event)) == event
