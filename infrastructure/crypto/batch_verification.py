"""Verifying many signatures on several cores, while the caller goes on.

Knows that the ``cryptography`` library lets go of the interpreter lock while it verifies, so that threads
are enough. Deliberately does not know what is signed.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeAlias

from custody.infrastructure.crypto.ed25519 import verify

THREADS: Final = 2

_SHARE: Final = 64  # signatures a thread takes at once; below that, handing over costs more than it saves

Triples: TypeAlias = Sequence[tuple[bytes, bytes, bytes]]
BeginVerifying: TypeAlias = Callable[[Triples], Callable[[], Sequence[bool]]]


@contextmanager
def verifying_in_parallel(threads: int = THREADS) -> Iterator[BeginVerifying]:
    """Give a function that begins to verify (public key, signature, message) triples.

    What it returns waits for the answers, one for each triple, in order.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="verify") as pool:

        def begin(triples: Triples) -> Callable[[], Sequence[bool]]:
            shares = [triples[at : at + _SHARE] for at in range(0, len(triples), _SHARE)]
            answers = pool.map(_verify_each, shares)
            return lambda: [good for share in answers for good in share]

        yield begin


def _verify_each(triples: Triples) -> Sequence[bool]:
    return [verify(public_raw, signature, message) for public_raw, signature, message in triples]
