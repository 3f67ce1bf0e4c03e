"""No mutation of a ledger, of whatever kind, passes the audit or makes it raise."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from custody.domain.audit.record import RawColumns
from tests.unit.signed_ledger import SignedLedger, new_ledger

SOUND = new_ledger(3)
POSITIONS = st.integers(0, len(SOUND.rows) - 1)
HOSTILE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=200)
)


def copy_of_sound() -> SignedLedger:
    return SignedLedger(
        rows=list(SOUND.rows), notes=list(SOUND.notes), head=SOUND.head, documents=dict(SOUND.documents)
    )


def renumbered(ledger: SignedLedger) -> None:
    ledger.rows = [replace(row, position=position) for position, row in enumerate(ledger.rows)]


def flip_a_byte(ledger: SignedLedger, draw: st.DrawFn) -> None:
    position = draw(POSITIONS)
    entry = bytearray(ledger.rows[position].entry)
    entry[draw(st.integers(0, len(entry) - 1))] ^= draw(st.integers(1, 255))
    ledger.rows[position] = replace(ledger.rows[position], entry=bytes(entry))


def drop_a_row(ledger: SignedLedger, draw: st.DrawFn) -> None:
    del ledger.rows[draw(POSITIONS)]
    if draw(st.booleans()):
        renumbered(ledger)


def repeat_a_row(ledger: SignedLedger, draw: st.DrawFn) -> None:
    ledger.rows.insert(draw(POSITIONS), ledger.rows[draw(POSITIONS)])
    if draw(st.booleans()):
        renumbered(ledger)


def swap_two_rows(ledger: SignedLedger, draw: st.DrawFn) -> None:
    one, other = draw(st.lists(POSITIONS, min_size=2, max_size=2, unique=True))
    ledger.rows[one], ledger.rows[other] = ledger.rows[other], ledger.rows[one]
    if draw(st.booleans()):
        renumbered(ledger)


def insert_anything(ledger: SignedLedger, draw: st.DrawFn) -> None:
    row = replace(ledger.rows[draw(POSITIONS)], entry=draw(HOSTILE))
    ledger.rows.insert(draw(POSITIONS), row)
    renumbered(ledger)


def cut_the_tail(ledger: SignedLedger, draw: st.DrawFn) -> None:
    size = draw(POSITIONS)
    shorter = SignedLedger()
    for row in ledger.rows[:size]:
        shorter.rows.append(row)
    ledger.rows = shorter.rows
    if draw(st.booleans()):
        ledger.head = None


def change_columns(ledger: SignedLedger, draw: st.DrawFn) -> None:
    position = draw(POSITIONS)
    columns = ledger.rows[position].columns
    assert columns is not None
    hostile = RawColumns(draw(HOSTILE), draw(HOSTILE), draw(HOSTILE))
    ledger.rows[position] = replace(ledger.rows[position], columns=hostile)


def change_a_position(ledger: SignedLedger, draw: st.DrawFn) -> None:
    position = draw(POSITIONS)
    other = draw(HOSTILE.filter(lambda value: type(value) is not int or value != position))
    ledger.rows[position] = replace(ledger.rows[position], position=other)


def replace_an_entry(ledger: SignedLedger, draw: st.DrawFn) -> None:
    position = draw(POSITIONS)
    ledger.rows[position] = replace(ledger.rows[position], entry=draw(HOSTILE))


def change_a_note(ledger: SignedLedger, draw: st.DrawFn) -> None:
    at = draw(st.integers(0, len(ledger.notes) - 1))
    note = bytearray(ledger.notes[at].note)
    note[draw(st.integers(0, len(note) - 1))] ^= draw(st.integers(1, 255))
    ledger.notes[at] = replace(ledger.notes[at], note=bytes(note))


MUTATIONS = (
    flip_a_byte, drop_a_row, repeat_a_row, swap_two_rows, insert_anything, cut_the_tail, change_columns,
    change_a_position, replace_an_entry, change_a_note,
)  # fmt: skip


@given(st.data())
def test_no_mutation_passes(data: st.DataObject) -> None:
    ledger = copy_of_sound()
    mutate = data.draw(st.sampled_from(MUTATIONS))
    mutate(ledger, data.draw)
    assert ledger.audit().verdict == "failed"


@given(st.data())
def test_several_mutations_at_once_do_not_cancel_out(data: st.DataObject) -> None:
    ledger = copy_of_sound()
    for mutate in data.draw(st.lists(st.sampled_from((flip_a_byte, change_a_note)), min_size=2, max_size=4)):
        mutate(ledger, data.draw)
    unchanged = (ledger.rows, [note.note for note in ledger.notes]) == (
        SOUND.rows,
        [note.note for note in SOUND.notes],
    )
    assert ledger.audit().verdict == ("passed" if unchanged else "failed")
