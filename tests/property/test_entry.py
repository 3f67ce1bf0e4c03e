"""A body assembled from its parts is the canonical JSON of its fields, whatever the event."""

from hypothesis import given
from hypothesis import strategies as st

from custody.domain import canonical
from custody.domain.entries.entry import body, name_of, parse, state_of
from custody.domain.errors import MalformedData
from custody.domain.events import Event, to_data
from custody.domain.identifiers import KeyId, LedgerId, Stream
from tests.fakes.any_event import EVENTS, SAFE

HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
TIMES = st.datetimes().map(lambda time: time.isoformat(timespec="microseconds") + "Z")


@st.composite
def facts(draw: st.DrawFn) -> tuple[Event, dict[str, object]]:
    event, ledger = draw(EVENTS), draw(st.uuids())
    stream = Stream(event.stream_kind, draw(st.uuids()))
    return event, {
        "v": 1,
        "ledger": str(ledger),
        "position": draw(st.integers(0, SAFE)),
        "previous": draw(HEX),
        "stream": str(stream),
        "revision": draw(st.integers(1, SAFE)),
        "type": name_of(event),
        "at": draw(TIMES),
        "actor": draw(HEX),
        "salt": draw(HEX)[:32],
        "data": to_data(event),
    }


def assembled(event: Event, given_facts: dict[str, object]) -> bytes:
    return body(
        state_of(event, given_facts["at"]),
        actor=KeyId(given_facts["actor"]),
        ledger=given_facts["ledger"],
        place=(given_facts["position"], given_facts["previous"]),
        stream=given_facts["stream"],
        revision=given_facts["revision"],
        name=given_facts["type"],
        salt=given_facts["salt"],
    )


@given(facts())
def test_an_assembled_body_equals_the_canonical_encoding_of_the_same_object(
    made: tuple[Event, dict[str, object]],
) -> None:
    event, fields = made
    assert assembled(event, fields) == canonical.encode(fields)


@given(facts())
def test_a_body_comes_back_with_its_event(made: tuple[Event, dict[str, object]]) -> None:
    event, fields = made
    entry = parse(assembled(event, fields))
    assert entry.event() == event
    assert (str(entry.ledger), str(entry.stream)) == (fields["ledger"], fields["stream"])
    assert entry.ledger == LedgerId(entry.ledger)


@given(facts(), st.data())
def test_a_body_with_a_changed_byte_is_refused_or_says_something_else(
    made: tuple[Event, dict[str, object]], data: st.DataObject
) -> None:
    event, fields = made
    raw = bytearray(assembled(event, fields))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        changed = parse(bytes(raw))
        changed_event = changed.event()
    except MalformedData:
        return
    same = (changed, changed_event) == (parse(assembled(event, fields)), event)
    assert not same or canonical.decode(bytes(raw))["salt"] != fields["salt"]
