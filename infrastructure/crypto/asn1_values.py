"""Reading ASN.1 with asn1crypto, whose values have no types and whose errors no class of their own.

Knows how to go through such values safely. Knows no structure.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from asn1crypto import core
from cryptography.exceptions import UnsupportedAlgorithm

from custody.domain.errors import MalformedData
from custody.infrastructure.crypto.authorities import UNREADABLE

SAID: Final = 200  # characters of what an error or an authority says


class Asn1Value(Protocol):
    """What is used of the library's values, which have no types of their own."""

    @property
    def native(self) -> object:
        """The value as Python has it."""

    @property
    def dotted(self) -> str:
        """The number of an object identifier."""

    @property
    def name(self) -> str:
        """The alternative of a choice."""

    @property
    def chosen(self) -> "Asn1Value":
        """The value of a choice."""

    @property
    def signature_algo(self) -> str:
        """The kind of a signature algorithm."""

    def dump(self) -> bytes:
        """Return the encoding, as it was read."""

    def __getitem__(self, name: str | int) -> "Asn1Value":
        """Return a part."""

    def __iter__(self) -> Iterator["Asn1Value"]:
        """Yield the parts of a set or sequence of one kind."""

    def __len__(self) -> int:
        """Return how many parts there are."""

    def __bytes__(self) -> bytes:
        """Return the content of an octet string."""


def each(parts: Asn1Value) -> Iterator[Asn1Value]:
    """Yield the parts of a set that may be missing."""
    return iter(()) if isinstance(parts, core.Void) else iter(parts)


def require(condition: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise ValueError with a message unless a condition holds; for use within ``reading``."""
    if not condition:
        raise ValueError(message)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what the libraries raise for bytes that are not in their form into MalformedData.

    asn1crypto reads lazily and has no error of its own, so that any of these may come from any access.
    """
    try:
        yield
    except (
        *UNREADABLE, ArithmeticError, AttributeError, LookupError, RecursionError, UnsupportedAlgorithm
    ) as error:  # fmt: skip
        raise MalformedData(f"{what} is not in its form: {error}"[:SAID]) from error
