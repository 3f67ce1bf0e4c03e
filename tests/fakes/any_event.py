"""Hypothesis strategies for every event, built from the annotations of its fields."""

from dataclasses import MISSING, fields
from types import NoneType
from typing import get_args, get_type_hints

from hypothesis import strategies as st

from custody.domain.digest import Digests
from custody.domain.events import EVENT_TYPES, Event, Nanoseconds, Stretches, Wide
from custody.domain.identifiers import BatchId, JobId, KeyId, LedgerId, Position, TransferId
from custody.domain.paths import RawPath

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PATHS = st.one_of(st.binary(max_size=30), TEXT.map(str.encode)).map(RawPath)
SAFE = 2**53 - 1

VALUES = {
    str: TEXT,
    int: st.integers(-SAFE, SAFE),
    bool: st.booleans(),
    Nanoseconds: st.integers(-(2**63), 2**63),
    Wide: st.integers(0, 2**64 - 1),
    LedgerId: st.uuids(),
    JobId: st.uuids(),
    TransferId: st.uuids(),
    BatchId: TEXT,
    KeyId: TEXT,
    Position: st.integers(0, SAFE),
    RawPath: PATHS,
    tuple[RawPath, ...]: st.lists(PATHS, max_size=3).map(tuple),
    tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
    Stretches: st.lists(st.tuples(st.integers(0, SAFE), st.integers(1, SAFE)), max_size=3).map(tuple),
    Digests: st.dictionaries(st.text("abc_0", max_size=8), TEXT, max_size=3),
}


def events_of(event_type: type[Event]) -> st.SearchStrategy[Event]:
    """Return events of one type with any values that it may hold."""
    hints = get_type_hints(event_type)
    values = {}
    for field in fields(event_type):
        annotation = hints[field.name]
        if annotation in VALUES:
            values[field.name] = VALUES[annotation]
            continue
        (kind,) = [one for one in get_args(annotation) if one is not NoneType]
        assert field.default is not MISSING
        values[field.name] = st.none() | VALUES[kind]
    return st.builds(event_type, **values)


EVENTS = st.sampled_from(sorted(EVENT_TYPES)).flatmap(lambda name: events_of(EVENT_TYPES[name]))
