"""What a reader of batch files hands over, and the mistakes that are found in it.

Knows where a value stands: in the job itself, or in the defaults that all jobs share. Judges no value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from custody.domain.errors import UsageError

DEFAULTS: Final = "[defaults]"
_LIKENESS: Final = 0.75  # of a misspelt key to the one that was meant


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with a batch file, and where."""

    where: str
    message: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.where}: {self.message}"


class BadInstruction(UsageError):
    """A batch file has mistakes; all of them are listed."""

    code = "batch-file"

    def __init__(self, file_name: str, mistakes: Sequence[Mistake]) -> None:
        """Keep every mistake; the message names the first."""
        count = len(mistakes)
        super().__init__(
            f"{count} mistake{'s' if count != 1 else ''} in {file_name}; {mistakes[0]}",
            done="nothing was written",
            hint="correct the batch file; 'custody batch check' lists every mistake",
        )
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class DraftJob:
    """A job as its file gives it, with the name of its place in that file."""

    where: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader found; ``mistakes`` are those of the file format itself."""

    batch: Mapping[str, object] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    jobs: tuple[DraftJob, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def given(value: object) -> object:
    """Return a value; None for text that was left empty."""
    return None if isinstance(value, str) and not value.strip() else value


class JobValues:
    """A job's values, its own before the defaults, and where each of them stands."""

    def __init__(self, job: DraftJob, defaults: Mapping[str, object]) -> None:
        """Put the job's own values over the defaults."""
        self.place = job.where
        self._own = job.values
        self._all = {**defaults, **job.values}

    def get(self, key: str) -> object:
        """Return a value; None when the key is missing or left empty."""
        return given(self._all.get(key))

    def where(self, key: str) -> str:
        """Return where the value stands; a missing one is missed in the job."""
        return self.place if key in self._own or key not in self._all else DEFAULTS


class Mistakes:
    """Every mistake found so far, each once: one in the defaults would else be told with every job."""

    def __init__(self, found: Sequence[Mistake]) -> None:
        """Begin with those of the file format."""
        self._found = dict.fromkeys(found)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._found)

    def add(self, where: str, message: str) -> None:
        """Take a mistake at a place of its own."""
        self._found[Mistake(where, message)] = None

    def at(self, where: str, key: str, message: str) -> None:
        """Take a mistake in the value of a key."""
        self.add(f"{where}, {key}", message)

    def listed(self) -> tuple[Mistake, ...]:
        """Return all, in the order in which they were found."""
        return tuple(self._found)


def unknown_key(key: str, of: str, known: frozenset[str]) -> str:
    """Return what to say of a key that is not known, and which one was probably meant."""
    meant = get_close_matches(key.lower(), sorted(known), 1, _LIKENESS)
    return f"is not a key of {of}" + (f"; did you mean {meant[0]!r}?" if meant else "")
