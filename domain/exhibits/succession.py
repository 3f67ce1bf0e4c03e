"""Which key stands for a person now, after their earlier keys were rotated.

Knows rotations alone, as they are recorded; whether one was lawful is the business of ``keyring``.
"""

from dataclasses import replace

from custody.domain.events import KeyRotated
from custody.domain.exhibits.exhibit import Exhibit
from custody.domain.identifiers import KeyId


class Succession:
    """Follows rotations. A key has one successor, the first, and no circle is ever made."""

    def __init__(self) -> None:
        """Begin without any rotation."""
        self._successors: dict[KeyId, KeyId] = {}

    def admit(self, rotated: KeyRotated) -> None:
        """Take the next rotation."""
        if rotated.key not in self._successors and self.heir_of(rotated.successor) != rotated.key:
            self._successors[rotated.key] = rotated.successor

    def heir_of(self, key: KeyId) -> KeyId:
        """Return the last successor of a key, or the key itself."""
        passed = []
        while key in self._successors:
            passed.append(key)
            key = self._successors[key]
        for one in passed:  # the way is walked once: a hostile ledger may have made it long
            self._successors[one] = key
        return key

    def held(self, exhibit: Exhibit) -> Exhibit:
        """Return the exhibit as it is held now."""
        if exhibit.custodian is None:
            return exhibit
        return replace(exhibit, custodian=self.heir_of(exhibit.custodian))
