"""One record of the ledger: its body, and every way in which it can be wrong."""

import json

import pytest

from custody.domain import canonical
from custody.domain.entries.entry import ENTRY_VERSION, Entry, body, name_of, parse, state_of
from custody.domain.errors import MalformedData
from custody.domain.events import EVENT_TYPES, BatchStarted, FileFailed, FileFsynced, decode, to_data
from custody.domain.events.schema import Event, from_data
from custody.domain.identifiers import JobId, KeyId, Stream
from custody.domain.paths import RawPath
from tests.fakes.workbench import LEDGER

STREAM = Stream("batch", LEDGER)
ACTOR = KeyId("ab" * 32)
AT = "2026-03-01T21:10:00.123456Z"
FACTS = {
    "v": ENTRY_VERSION,
    "ledger": str(LEDGER),
    "position": 7,
    "previous": "cd" * 32,
    "stream": str(STREAM),
    "revision": 3,
    "type": "BatchStarted",
    "at": AT,
    "actor": ACTOR,
    "salt": "ef" * 16,
    "data": {"run": 1},
}


def made(event: Event = BatchStarted(run=1)) -> bytes:  # noqa: B008 - frozen
    return body(
        state_of(event, AT),
        actor=ACTOR,
        ledger=str(LEDGER),
        place=(7, "cd" * 32),
        stream=str(STREAM),
        revision=3,
        name=name_of(event),
        salt="ef" * 16,
    )


def test_a_body_is_the_canonical_json_of_its_fields() -> None:
    assert made() == canonical.encode(FACTS)


def test_a_body_is_read_back() -> None:
    entry = parse(made())
    assert entry == Entry(
        ledger=LEDGER,
        position=7,
        previous="cd" * 32,
        stream=STREAM,
        revision=3,
        type="BatchStarted",
        at=AT,
        actor=ACTOR,
        data={"run": 1},
    )
    assert entry.event() == BatchStarted(run=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v", 2),
        ("v", True),
        ("v", "1"),
        ("v", None),
        ("data", []),
        ("data", None),
        ("data", "x"),
        ("ledger", str(LEDGER).upper()),
        ("ledger", LEDGER.hex),
        ("ledger", "x"),
        ("ledger", 5),
        ("ledger", f"{{{LEDGER}}}"),
        ("position", -1),
        ("position", "7"),
        ("position", True),
        ("position", None),
        ("previous", "cd" * 31),
        ("previous", "CD" * 32),
        ("previous", 0),
        ("previous", "cd" * 32 + "\n"),
        ("stream", "batch"),
        ("stream", 5),
        ("stream", f"batch/{LEDGER}/"),
        ("revision", 0),
        ("revision", False),
        ("type", 5),
        ("type", None),
        ("at", 5),
        ("at", "2026-03-01T21:10:00Z"),
        ("at", "2026-03-01T21:10:00.123456+00:00"),
        ("at", "2026-13-01T21:10:00.123456Z"),
        ("at", "2026-03-00T21:10:00.123456Z"),
        ("at", "2026-02-30T21:10:00.123456Z"),
        ("at", "2026-03-01T24:10:00.123456Z"),
        ("at", "2026-03-01T21:60:00.123456Z"),
        ("at", "2026-03-01T21:10:60.123456Z"),
        ("at", "٢٠٢٦-03-01T21:10:00.123456Z"),
        ("at", "0000-03-01T21:10:00.123456Z"),
        ("at", "2026-03-01T21:10:00.12345٦Z"),
        ("actor", "x"),
        ("actor", "AB" * 32),
        ("actor", None),
        ("salt", "ef" * 15),
        ("salt", None),
        ("salt", "EF" * 16),
    ],
)
def test_a_field_out_of_its_form_is_refused(field: str, value: object) -> None:
    with pytest.raises(MalformedData):
        parse(canonical.encode(FACTS | {field: value}))


@pytest.mark.parametrize("field", sorted(FACTS))
def test_a_body_that_lacks_a_field_is_refused(field: str) -> None:
    with pytest.raises(MalformedData, match="exactly the fields"):
        parse(canonical.encode({key: value for key, value in FACTS.items() if key != field}))


def test_a_body_with_a_field_more_is_refused() -> None:
    with pytest.raises(MalformedData, match="exactly the fields"):
        parse(canonical.encode(FACTS | {"more": 1}))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"5",
        b"{}",
        json.dumps(FACTS).encode(),
        made() + b"\n",
        made().replace(b'"v":1', b'"v":1.0'),
    ],
    ids=["nothing", "array", "number", "empty", "not canonical", "line end", "float"],
)
def test_what_is_no_canonical_object_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedData):
        parse(raw)


def test_an_unknown_event_type_is_refused() -> None:
    with pytest.raises(MalformedData, match=r"unknown event type: 'os\.system'"):
        decode("os.system", {})


def test_the_table_of_events_is_closed_and_every_name_is_its_class() -> None:
    assert len(EVENT_TYPES) >= 32
    assert all(name == event_type.__name__ for name, event_type in EVENT_TYPES.items())


FAILED = FileFailed(
    job=JobId(LEDGER),
    run=1,
    path=RawPath(b"\xff"),
    source=RawPath(b"/a"),
    stage="read",
    error="io-error",
    message="m",
    attempt=1,
    moved_to=RawPath(b"\xfe"),
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"more": 1}, "unknown fields: more"),
        ({"path_b65": "x"}, "unknown fields"),
        ({"run_b64": "x"}, "unknown fields"),
        ({"run": None}, "'run'"),
        ({"run": True}, "'run'"),
        ({"run": "1"}, "'run'"),
        ({"stage": 5}, "'stage'"),
        ({"stage": None}, "'stage'"),
        ({"job": "x"}, "'job'"),
        ({"job": LEDGER.hex}, "'job'"),
        ({"job": 5}, "'job'"),
        ({"path": 5}, "not a string"),
        ({"path": None}, "not a string"),
        ({"path_b64": "!"}, "not base64"),
        ({"path_b64": None}, "path"),
        ({"errno": None}, "'errno'"),
        ({"errno": "5"}, "'errno'"),
        ({"moved_to": None}, "not a string"),
        ({"source_b64": None}, "source"),
    ],
)
def test_data_that_is_not_of_its_event_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(MalformedData, match=words):
        from_data(FileFailed, to_data(FAILED) | change)


@pytest.mark.parametrize("field", ["job", "run", "path", "stage", "attempt"])
def test_data_that_lacks_a_field_is_refused(field: str) -> None:
    data = to_data(FAILED)
    del data[field]
    with pytest.raises(MalformedData, match=r"lacks the field|unknown fields|without its"):
        from_data(FileFailed, data)


def test_the_bytes_of_a_path_that_is_not_there_are_refused() -> None:
    data = to_data(FAILED)
    del data["moved_to"]
    with pytest.raises(MalformedData, match="moved_to_b64"):
        from_data(FileFailed, data)


@pytest.mark.parametrize(
    ("name", "field", "values"),
    [
        (
            "FileQueued",
            "mtime_ns",
            [5, "", "-", "01", "+1", "1.0", "-0", "1" * 21, "\u0661", " 1", None, "0x1", "--1"],
        ),
        (
            "JobQueued",
            "sources",
            [
                5,
                "x",
                [5],
                ["x"],
                [{}],
                [{"path": 5}],
                [{"path": "a", "more": 1}],
                [{"path": "a", "path_b64": None}],
            ],
        ),
        ("JobQueued", "algorithms", [5, "md5", [5], [None], None]),
        ("JobQueued", "form", [5, [], {"a": 5}, {"a": None}, None]),
        ("DirectoryCreated", "existed", [0, 1, "true", None]),
    ],
)
def test_values_out_of_their_form_are_refused(name: str, field: str, values: list[object]) -> None:
    data = SAMPLES[name]
    decode(name, data)
    for value in values:
        with pytest.raises(MalformedData):
            decode(name, data | {field: value})


PLACE = {"job": str(LEDGER), "run": 1, "path": "a", "source": "/a"}
SAMPLES: dict[str, dict[str, object]] = {
    "FileQueued": PLACE
    | {
        "size": 1,
        "mtime_ns": "-1",
        "atime_ns": "0",
        "ctime_ns": "99999999999999999999",
        "mode": 1,
        "uid": 1,
        "gid": 1,
        "device": "18446744073709551615",
        "inode": "1",
        "links": 1,
    },
    "JobQueued": {
        "batch": "x",
        "index": 0,
        "name": "n",
        "case_number": "c",
        "destination": "/d",
        "sources": [{"path": "/a"}],
        "source_count": 1,
        "algorithms": ["sha256"],
        "form": {"case_number": "c"},
    },
    "DirectoryCreated": PLACE | {"mode": 1, "mtime_ns": "1", "existed": False},
}


def test_an_event_with_a_value_of_no_stored_form_cannot_be_written() -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True, slots=True)
    class WithFloat(Event):
        share: float

    with pytest.raises(TypeError, match="no stored form"):
        to_data(WithFloat(0.5))


@pytest.mark.parametrize("number", [2**53, -(2**53), True, "1"])
def test_a_number_that_other_readers_would_not_keep_cannot_be_written(number: object) -> None:
    with pytest.raises(MalformedData, match="run"):
        to_data(BatchStarted(run=number))  # type: ignore[arg-type]  # that is the mistake


def test_an_algorithm_has_a_name_in_ascii() -> None:
    with pytest.raises(MalformedData, match="digests"):
        to_data(FileFsynced(attempt=1, size=0, digests={"größe": "00"}))
