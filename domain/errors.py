"""The error tree, split by whose fault it is.

Knows what went wrong, what was and was not done, and what to do next. Does not know exit codes:
the one table of those is ``cli/exit_codes.py``, keyed by the classes of this page.

    CustodyError
    ├── UsageError            the command or the batch file is wrong; nothing was written
    ├── Refused               a check before the work said no; nothing was written
    │   └── DestinationMissing
    ├── NotAllowed            the person or the key may not do this
    │   ├── WrongPassphrase
    │   └── KeyUnusable       damaged, readable by others, of a wrong kind, weak
    ├── CannotTell            neither good nor bad could be established
    │   ├── WorkspaceMissing
    │   ├── PassphraseMissing
    │   ├── LedgerUnreadable
    │   ├── MalformedData     bytes that are not what they claim to be
    │   ├── AuthorityFailed   a time stamping authority cannot be reached, or refuses
    │   └── NotFound          no such batch, job, file or position in this ledger
    ├── Busy                  another process holds the ledger or the destination
    ├── Tampered              the ledger contradicts what was signed; the writer will not extend it
    └── Halted                the work began and cannot go on; what is recorded is safe
        ├── DestinationFailed
        └── LedgerFailed
"""

from typing import ClassVar


class CustodyError(Exception):
    """Anything Custody refuses or cannot do, in words for people.

    ``what`` says what happened to which thing, ``done`` what was and was not done, ``hint`` what to do
    next. ``code`` is the stable word that scripts may test.
    """

    code: ClassVar[str] = "error"

    def __init__(self, what: str, *, done: str = "", hint: str = "") -> None:
        """Keep the three sentences of the message."""
        super().__init__(what)
        self.what = what
        self.done = done
        self.hint = hint


class UsageError(CustodyError):
    """An option, a value or a batch file is wrong; nothing was written."""

    code = "usage"


class Refused(CustodyError):
    """A check before the work said no; nothing was written."""

    code = "refused"


class DestinationMissing(Refused):
    """There is no folder where a destination should be, and none was to be made."""

    code = "destination-missing"


class NotAllowed(CustodyError):
    """The person or the key may not do this."""

    code = "not-allowed"


class WrongPassphrase(NotAllowed):
    """The passphrase does not open the private key."""

    code = "wrong-passphrase"


class KeyUnusable(NotAllowed):
    """A key is damaged, of a wrong kind, weak, or readable by others."""

    code = "key-unusable"


class CannotTell(CustodyError):
    """Neither good nor bad could be established."""

    code = "cannot-tell"


class WorkspaceMissing(CannotTell):
    """There is no workspace where one was looked for."""

    code = "workspace-missing"


class PassphraseMissing(CannotTell):
    """A passphrase is needed and there is no way to ask for it."""

    code = "passphrase-missing"


class LedgerUnreadable(CannotTell):
    """The ledger is missing, damaged as a file, or of an unknown format."""

    code = "ledger-unreadable"


class MalformedData(CannotTell):
    """Bytes are not what they claim to be."""

    code = "malformed-data"


class AuthorityFailed(CannotTell):
    """A time stamping authority cannot be reached, is too slow, or refuses."""

    code = "authority-failed"


class NotFound(CannotTell):
    """This ledger has no such batch, job, file or position."""

    code = "not-found"


class Busy(CustodyError):
    """Another process holds the ledger or the destination."""

    code = "busy"


class Tampered(CustodyError):
    """The ledger contradicts what was signed, so the writer will not extend it."""

    code = "ledger-refuted"


class Halted(CustodyError):
    """The work began and cannot go on; what is recorded is safe."""

    code = "halted"


class DestinationFailed(Halted):
    """The destination stopped taking data."""

    code = "destination-failed"


class LedgerFailed(Halted):
    """The ledger stopped taking entries."""

    code = "ledger-failed"
