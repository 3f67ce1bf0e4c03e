"""Verifying many signatures in a process beside this one, while the caller goes on.

Knows when a second process is worth its start, and that what it does not answer is verified here. A process
and no thread: libsodium lets go of the interpreter lock, but takes longer to get it back from a caller who
computes than a signature takes. Deliberately does not know what is signed.
"""

import fcntl
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Final, TypeAlias, cast

from custody.infrastructure.crypto.ed25519 import verify
from custody.infrastructure.crypto.verifying_process import BAD, GOOD, packed

Triples: TypeAlias = Sequence[tuple[bytes, bytes, bytes]]
Answers: TypeAlias = Callable[[], Sequence[bool]]
BeginVerifying: TypeAlias = Callable[[Triples], Answers]

START_AFTER: Final = 2_048
"""Signatures verified here before a process is started, and again as many before it is given any.

A small ledger is done sooner than a process has started.
"""

LEAST: Final = 64
"""Signatures in a batch that are worth the way to another process."""

_PROGRAM: Final = "custody.infrastructure.crypto.verifying_process"
_PIPE_BYTES: Final = 1 << 20  # a whole batch, so that handing it over need not wait
_END_SECONDS: Final = 5


@contextmanager
def verifying_in_parallel(start_after: int = START_AFTER) -> Iterator[BeginVerifying]:
    """Give a function that begins to verify (public key, signature, message) triples.

    What it returns waits for the answers, one for each triple, in order. On a single processor all are
    verified here.
    """
    verifier = _Verifier(start_after if len(os.sched_getaffinity(0)) > 1 else None)
    try:
        yield verifier.begin
    finally:
        verifier.end()


class _Batch:
    """Signatures to verify, and the answers once they are there."""

    def __init__(self, triples: Triples) -> None:
        self.triples = triples
        self.answers: Sequence[bool] | None = None

    def verified_here(self) -> Sequence[bool]:
        if self.answers is None:
            self.answers = [verify(*triple) for triple in self.triples]
        return self.answers


class _Verifier:
    """Decides which batches the other process gets, if there is one."""

    def __init__(self, start_after: int | None) -> None:
        self._start_after = start_after  # None: never
        self._seen = 0
        self._process: _Process | None = None

    def begin(self, triples: Triples) -> Answers:
        batch = _Batch(triples)
        process = self._worth_a_process(len(triples))
        if process is None or not process.take(batch):
            return batch.verified_here
        return lambda: process.answers(batch)

    def end(self) -> None:
        if self._process is not None:
            self._process.end()

    def _worth_a_process(self, number: int) -> "_Process | None":
        self._seen += number
        if self._start_after is None or number < LEAST or self._seen < self._start_after:
            return None
        if self._process is None:
            self._process = _Process()
        return self._process if self._seen >= 2 * self._start_after else None


class _Process:
    """The other process. Once it fails, whatever it did not answer is verified here."""

    def __init__(self) -> None:
        self._given: deque[_Batch] = deque()
        self._child: subprocess.Popen[bytes] | None = None
        with suppress(OSError):  # the system gives no process: everything is verified here
            self._child = _started()

    def take(self, batch: _Batch) -> bool:
        """Hand over a batch; False when nobody takes it."""
        if self._child is None:
            return False
        left = memoryview(packed(batch.triples))
        try:
            while left:
                left = left[os.write(_pipe(self._child.stdin).fileno(), left) :]
        except OSError:
            self._give_up()
            return False
        self._given.append(batch)
        return True

    def answers(self, batch: _Batch) -> Sequence[bool]:
        """Wait for the answers to a batch that was handed over; those before it come first."""
        while batch.answers is None and self._child is not None:
            next_one = self._given.popleft()
            told = _read(_pipe(self._child.stdout), len(next_one.triples))
            if len(told) == len(next_one.triples) and set(told) <= {GOOD, BAD}:
                next_one.answers = [answer == GOOD for answer in told]
            else:
                self._give_up()
        return batch.verified_here()

    def end(self) -> None:
        """End the process; it ends by itself once nothing more can come."""
        if self._child is None:
            return
        with suppress(subprocess.TimeoutExpired, OSError):
            _pipe(self._child.stdin).close()
            self._child.wait(_END_SECONDS)
        self._give_up()

    def _give_up(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                _pipe(pipe).close()


def _started() -> subprocess.Popen[bytes]:
    # -P: an examiner stands in an evidence folder, whose files must not be taken for our modules.
    # A process group of its own: Ctrl+C at the terminal reaches only the parent, which decides.
    child = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
        [sys.executable, "-P", "-m", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        process_group=0,
    )
    with suppress(OSError):  # a small pipe is slower, not wrong
        fcntl.fcntl(_pipe(child.stdin), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return child


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", pipe)  # both were asked for


def _read(pipe: IO[bytes], length: int) -> bytes:
    """Return so many bytes; fewer when the other end is gone."""
    told = b""
    while len(told) < length and (more := os.read(pipe.fileno(), length - len(told))):
        told += more
    return told
