"""What becomes of keys, each event in one plain sentence. Knows the words alone."""

from typing import assert_never

from custody.domain.events import KeyEnrolled, KeyRevoked, KeyRotated


def tell_key(event: KeyEnrolled | KeyRotated | KeyRevoked, who: str) -> str:
    """Return the sentence of an event of a key; ``who`` did it."""
    match event:
        case KeyEnrolled():
            guard = "guarded by a passphrase" if event.protected else "without a passphrase"
            roles = "" if event.roles is None else f", as {', '.join(event.roles)}"
            place = "" if event.replaces is None else f", in the place of {event.replaces}"
            return f"key {event.key} of {event.examiner} enrolled{roles}{place}, {guard}"
        case KeyRotated():
            return f"key {event.key} gave its place to its successor, {event.successor}"
        case KeyRevoked():
            return f"key {event.key} revoked by {who}: {event.reason}"
        case _:
            assert_never(event)
