"""One stored record under audit: from whatever a ledger's file holds to a decoded entry, or to findings.

Knows the form of one record, by itself. Deliberately does not know its neighbours (``sequence``) and
verifies no signature (``signatures``).
"""

from dataclasses import dataclass

from custody.domain.audit.findings import Findings
from custody.domain.entries.dsse import Envelope, open_envelope
from custody.domain.entries.entry import Entry, Recorded, parse
from custody.domain.errors import MalformedData
from custody.domain.events import Event, KeyEnrolled
from custody.domain.identifiers import KeyId
from custody.domain.paths import escape_text
from custody.domain.proofs.merkle import leaf_hash
from custody.domain.public_keys import key_id_of, raw_of_pem


@dataclass(frozen=True, slots=True)
class RawColumns:
    """What a store keeps beside an entry to find it by; any type, since anyone may have written it."""

    stream: object
    revision: object
    type: object


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """One record as found. ``columns`` is None where there are none, as in an exported log.

    ``withheld`` is the leaf hash given in the place of an entry that a bundle does not disclose.
    """

    position: object
    entry: object
    columns: RawColumns | None = None
    withheld: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRecord:
    """A record whose entry could be read. ``slot`` is where it stands; the entry says where it belongs."""

    slot: int
    leaf: bytes
    envelope: Envelope
    entry: Entry
    event: Event | None

    def recorded(self) -> Recorded | None:
        """Return the event with its place, if the event could be read."""
        if self.event is None:
            return None
        return Recorded(
            position=self.entry.position,
            stream=self.entry.stream,
            revision=self.entry.revision,
            at=self.entry.at,
            actor=self.entry.actor,
            event=self.event,
        )


def open_record(record: RawRecord, slot: int, findings: Findings) -> OpenedRecord | None:
    """Return the record opened, or None with a finding. A type unknown to us is a finding, but opens."""
    if not isinstance(record.entry, bytes):
        findings.note("structure", "not-an-entry", slot, f"position {slot} holds no bytes of an entry")
        return None
    try:
        envelope = open_envelope(record.entry)
        entry = parse(envelope.body)
    except MalformedData as error:
        findings.note("structure", "malformed-entry", slot, f"the entry cannot be read: {_shown(error)}")
        return None
    opened = OpenedRecord(
        slot=slot,
        leaf=leaf_hash(record.entry),
        envelope=envelope,
        entry=entry,
        event=_event(entry, slot, findings),
    )
    _check_actor(opened, findings)
    if record.columns is not None:
        _check_columns(opened, record.columns, findings)
    return opened


def _event(entry: Entry, slot: int, findings: Findings) -> Event | None:
    try:
        event = entry.event()
    except MalformedData as error:
        findings.note("structure", "malformed-event", slot, f"the event cannot be read: {_shown(error)}")
        return None
    if event.stream_kind != entry.stream.kind:
        message = f"{entry.type} belongs to a {event.stream_kind}, not to a {entry.stream.kind}"
        findings.note("structure", "wrong-stream", slot, message)
    if isinstance(event, KeyEnrolled) and _key_id(event.public_key) != event.key:
        message = "the enrolled public key is not the one that its key id stands for"
        findings.note("structure", "key-mismatch", slot, message)
    return event


def _check_actor(opened: OpenedRecord, findings: Findings) -> None:
    if opened.envelope.key_id != opened.entry.actor:
        message = "the entry names another key as its actor than the one said to have signed it"
        findings.note("structure", "actor-mismatch", opened.slot, message)


def _check_columns(opened: OpenedRecord, columns: RawColumns, findings: Findings) -> None:
    """Compare what the store searches by with what was signed."""
    entry = opened.entry
    if (
        columns.stream == entry.stream.id.bytes
        and columns.type == entry.type
        and columns.revision == entry.revision
        and type(columns.revision) is int
    ):
        return
    wrong = [
        name
        for name, stored, signed in (
            ("stream", columns.stream, entry.stream.id.bytes),
            ("revision", columns.revision, entry.revision),
            ("type", columns.type, entry.type),
        )
        if type(stored) is not type(signed) or stored != signed
    ]
    message = f"the store says otherwise than the signed entry about its {', '.join(wrong)}"
    findings.note("structure", "column-mismatch", opened.slot, message)


def _key_id(pem: str) -> KeyId | None:
    """Return the key id of an Ed25519 public key in PEM, or None when it is none."""
    try:
        return key_id_of(raw_of_pem(pem))
    except MalformedData:
        return None


def _shown(error: MalformedData) -> str:
    """Return the error's sentence, which may quote hostile data, made harmless and short."""
    return escape_text(error.what)[:300]
