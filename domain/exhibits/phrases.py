"""Cases, exhibits and hand-overs told in plain sentences.

Knows the words, and reads from a signed answer what it says. Verifies nothing: that is the audit's work.
"""

from collections.abc import Iterable
from typing import TypeAlias, assert_never

from custody.domain.errors import MalformedData
from custody.domain.events import (
    CaseClosed,
    CaseOpened,
    CustodyAccepted,
    CustodyDeclined,
    CustodyOffered,
    CustodyRefused,
    ExhibitRegistered,
    ExhibitReleased,
    NoteAdded,
)
from custody.domain.exhibits.answer import Answer, open_answer
from custody.domain.phrases import bytes_text, counted

ExhibitEvent: TypeAlias = (
    ExhibitRegistered | ExhibitReleased | CustodyOffered | CustodyAccepted | CustodyDeclined | CustodyRefused
)
CustodyEvent: TypeAlias = CaseOpened | CaseClosed | NoteAdded | ExhibitEvent


def tell_custody(event: CustodyEvent, who: str) -> str:
    """Return the sentence of an event; ``who`` is the examiner whose key signed it."""
    match event:
        case CaseOpened():
            how = "opened again" if event.reopened else "used for the first time"
            return f"case {event.case_number} {how}, by {who}" + _behind(event.title)
        case CaseClosed():
            return f"case {event.case_number} closed by {who}" + _behind(event.reason)
        case NoteAdded():
            about = f"case {event.case_number}"
            if event.exhibit is not None:
                about = f"exhibit {event.exhibit} of {about}"
            return f"note by {who} on {about}: {event.text}"
        case _:
            return _tell_exhibit(event, who)


def _tell_exhibit(event: ExhibitEvent, who: str) -> str:
    what = f"exhibit {event.exhibit} of case {event.case_number}"
    match event:
        case ExhibitRegistered():
            holder = f"{event.holder_name or 'somebody'} (key {event.holder})"
            held = "" if event.holder is None else f", while {holder} held it"
            return f"{what} registered by {who}{held}" + _listed(described(event))
        case ExhibitReleased():
            facts = (("reason", event.reason), ("place", event.place))
            return f"{what} released by {who} to {event.to}" + _listed(facts)
        case CustodyOffered():
            return _offered(event, what, who)
        case CustodyAccepted() | CustodyDeclined():
            return _answered(event, what)
        case CustodyRefused():
            found = f"{event.changed} changed, {event.missing} missing, {event.unreadable} unreadable"
            return f"{what} not accepted by {who}: the copy is not what was offered: {found}: {event.message}"
        case _:
            assert_never(event)


def described(event: ExhibitRegistered) -> tuple[tuple[str, str | None], ...]:
    """Return what an exhibit is said to be: names and values."""
    return (
        ("description", event.description),
        ("make", event.make),
        ("model", event.model),
        ("serial number", event.serial),
        ("seal", event.seal),
        ("condition", event.condition),
    )


def answer_in(event: CustodyAccepted | CustodyDeclined) -> Answer | None:
    """Return what the signed answer says; None when it cannot be read."""
    try:
        return open_answer(event.answer.encode("utf-8", "surrogatepass")).answer
    except MalformedData:
        return None


def _offered(event: CustodyOffered, what: str, who: str) -> str:
    receiver = (
        f"{event.receiver_name} (key {event.receiver})" if event.receiver_name else f"key {event.receiver}"
    )
    files = f"{counted(event.files, 'file')}, {bytes_text(event.bytes)}, manifest {event.manifest_sha256}"
    facts = (("purpose", event.purpose), ("place", event.place), ("comments", event.comments))
    return f"{what} offered by {who} to {receiver}: {files}" + _listed(facts)


def _answered(event: CustodyAccepted | CustodyDeclined, what: str) -> str:
    answer = answer_in(event)
    word = "accepted" if isinstance(event, CustodyAccepted) else "declined"
    if answer is None:
        return f"{what} {word} by the holder of key {event.by}, in an answer that cannot be read"
    read = ", ".join(f"{count:,} {method}" for method, count in sorted(answer.read_back.items()))
    facts = (("place", answer.place), ("comments", answer.comments))
    again = f"; {counted(answer.files, 'file')} read again ({read}) and found as offered" if read else ""
    return f"{what} {word} by {answer.name} (key {answer.key}), signed at {answer.at}{again}" + _listed(facts)


def _listed(facts: Iterable[tuple[str, str | None]]) -> str:
    return "".join(f"; {name}: {value}" for name, value in facts if value)


def _behind(text: str | None) -> str:
    return f": {text}" if text else ""
