"""What one walk over the sources found: counts, and one digest by which two walks are compared."""

import hashlib
from dataclasses import dataclass, field
from typing import cast

from custody.domain import canonical
from custody.domain.canonical import JsonObject
from custody.domain.copying.reports import ListedEntry
from custody.domain.paths import to_json


@dataclass(slots=True)
class Listing:
    """Counts, bytes and the running SHA-256 of what a walk found."""

    files: int = 0
    directories: int = 0
    links: int = 0
    special: int = 0
    unreadable: int = 0
    bytes: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, entry: ListedEntry) -> None:
        """Count one entry. The digest covers what a copy must reproduce, so not the access times."""
        line: JsonObject = {"kind": entry.kind, "mode": entry.mode, "mtime_ns": str(entry.mtime_ns)}
        line.update(cast("JsonObject", to_json("path", entry.path)))
        if entry.kind == "file":
            self.files += 1
            self.bytes += entry.size
            line["size"] = entry.size
        elif entry.kind == "directory":
            self.directories += 1
        elif entry.kind == "link":
            self.links += 1
            line.update(cast("JsonObject", to_json("target", entry.target or b"")))
        else:
            self.special += 1
        self._hash.update(canonical.encode(line) + b"\n")

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all lines so far, in hex."""
        return self._hash.copy().hexdigest()
