"""An entry whose event was changed and signed anew by its own key: both find the same in such a ledger."""

from typing import cast
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custody.domain import canonical
from custody.domain.audit.record import RawColumns, RawRecord
from custody.domain.canonical import JsonObject, JsonValue
from custody.domain.entries.dsse import open_envelope
from custody.domain.identifiers import KeyId
from custody.domain.proofs.merkle import leaf_hash
from tests.unit.hand_overs import HandOverLedger, accepted, declined
from tests.unit.one_file_ledger import judged_by_both
from tests.unit.signed_ledger import KEY, OTHER_KEY, TRUSTED, SignedLedger, signed_body
from tests.unit.test_audit_claims import copied, file_stream, skipped
from tests.unit.test_audit_cosignatures import anchored
from tests.unit.witnessing import WITNESSES


def bodies_of(ledger: SignedLedger) -> list[JsonObject]:
    entries = [row.entry for row in ledger.rows if isinstance(row.entry, bytes)]
    return [cast("JsonObject", canonical.decode(open_envelope(entry).body)) for entry in entries]


def hand_overs() -> SignedLedger:
    made = HandOverLedger()
    made.register()
    made.accept(declined(made.offer()))
    made.accept(accepted(made.offer()))
    return made.ledger


def citing() -> SignedLedger:
    ledger = copied()
    ledger.add(file_stream(), skipped(len(ledger.rows) - 1))
    return ledger


LEDGERS = (hand_overs(), citing(), anchored())
KNOWN = {**TRUSTED, KeyId(OTHER_KEY.key_id): OTHER_KEY.public_raw}
ODD: list[JsonValue] = [
    None, True, 0, -1, 1, 9, 2**53 - 1, "", "x", "\u202e", [], {}, [1], "00" * 32, {"sha256": "00" * 32},
]  # fmt: skip


def sealed(bodies: list[JsonObject], documents: dict[str, object]) -> SignedLedger:
    """Chain and sign the bodies, each by the key that it names, as a ledger of ours."""
    ledger = SignedLedger(documents=documents)
    for position, body in enumerate(bodies):
        signer = KEY if body["actor"] == KEY.key_id else OTHER_KEY
        raw = signed_body(
            canonical.encode({**body, "position": position, "previous": ledger.previous.hex()}), signer
        )
        stream = UUID(str(body["stream"]).partition("/")[2])
        columns = RawColumns(stream.bytes, body["revision"], body["type"])
        ledger.rows.append(RawRecord(position=position, entry=raw, columns=columns))
        ledger.previous = leaf_hash(raw)
        ledger.frontier.append(ledger.previous)
    ledger.sign_checkpoint()
    return ledger


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_found_of_a_changed_event_is_found_by_both(data: st.DataObject) -> None:
    sound = data.draw(st.sampled_from(LEDGERS))
    bodies = bodies_of(sound)
    position = data.draw(st.integers(2, len(bodies) - 1))
    event = dict(cast("JsonObject", bodies[position]["data"]))
    seen = [value for body in bodies for value in cast("JsonObject", body["data"]).values()]
    for name in data.draw(st.lists(st.sampled_from(sorted(event)), min_size=1, max_size=2)):
        event[name] = data.draw(st.sampled_from([*ODD, *seen]))
    if data.draw(st.booleans()):
        event.pop(data.draw(st.sampled_from(sorted(event))))
    stream = data.draw(st.sampled_from([bodies[position], *bodies]))["stream"]
    bodies[position] = {**bodies[position], "data": event, "stream": stream}
    ledger = sealed(bodies, dict(sound.documents))
    ledger.notes += sound.notes

    judged_by_both(ledger, KNOWN, witnesses=WITNESSES)
