"""Hash values and their algorithms.

Knows which algorithms may be asked for and that SHA-256 is always among them. Computes nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from custody.domain.errors import UsageError

Digests = Mapping[str, str]  # algorithm name → lower-case hex

PRIMARY: Final = "sha256"
DIGEST_HEX_LENGTH: Final[Mapping[str, int]] = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}


def algorithms(names: Iterable[str]) -> tuple[str, ...]:
    """Return the algorithms to compute, sorted, each once, SHA-256 always among them.

    Names are taken in any case and with or without a hyphen (``SHA-256``). Raises UsageError on others.
    """
    chosen = {PRIMARY}
    for name in names:
        plain = name.strip().lower().replace("-", "")
        if plain not in DIGEST_HEX_LENGTH:
            message = f"unknown hash algorithm: {name!r}"
            raise UsageError(
                message,
                done="nothing was written",
                hint=f"choose from {', '.join(sorted(DIGEST_HEX_LENGTH))}",
            )
        chosen.add(plain)
    return tuple(sorted(chosen))
