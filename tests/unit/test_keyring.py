"""What the command line asks of the keyring that no audit does."""

from custody.domain.entries.entry import Recorded
from custody.domain.events import Event
from custody.domain.identifiers import KeyId, Position, Stream, key_stream
from custody.domain.keys.keyring import Keyring
from custody.infrastructure.crypto.ed25519 import verify
from tests.unit.key_ring import enrolment
from tests.unit.signed_ledger import KEY, LEDGER, OTHER_KEY, key_enrolled, ledger_opened

FIRST, OTHER = KeyId(KEY.key_id), KeyId(OTHER_KEY.key_id)


def test_every_key_that_was_enrolled_is_named_in_order() -> None:
    ring = Keyring(verify)
    events: list[tuple[Stream, Event]] = [
        (Stream("ledger", LEDGER), ledger_opened()),
        (key_stream(LEDGER, FIRST), key_enrolled()),
        (key_stream(LEDGER, OTHER), enrolment(OTHER_KEY, "reviewer")),
    ]
    for at, (stream, event) in enumerate(events):
        one = Recorded(position=Position(at), stream=stream, revision=1, at="T", actor=FIRST, event=event)
        assert ring.admit(LEDGER, one) == ()

    assert [(holder.key, holder.active) for holder in ring.holders] == [(FIRST, True), (OTHER, True)]
    assert ring.holder(KeyId("ab")) is None
