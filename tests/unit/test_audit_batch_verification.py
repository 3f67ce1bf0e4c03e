"""Many signatures at once: the answers come in order, wherever they are worked out, or if nobody answers."""

import io
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from custody.infrastructure.crypto import batch_verification, verifying_process
from custody.infrastructure.crypto.batch_verification import LEAST, BeginVerifying, verifying_in_parallel
from tests.unit.signed_ledger import KEY, OTHER_KEY

Triple = tuple[bytes, bytes, bytes]


def triples(number: int, first: int = 0) -> list[Triple]:
    """Every seventh is signed by another key than it says."""
    made = []
    for index in range(first, first + number):
        message = b"%d" % index * (index % 5)
        signer = OTHER_KEY if index % 7 == 3 else KEY
        made.append((KEY.public_raw, signer.sign(message), message))
    return made


def expected(number: int, first: int = 0) -> list[bool]:
    return [index % 7 != 3 for index in range(first, first + number)]


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Every process that was started; none may be left."""
    made: list[subprocess.Popen[bytes]] = []
    start = batch_verification._started

    def started() -> subprocess.Popen[bytes]:
        made.append(start())
        return made[-1]

    monkeypatch.setattr(batch_verification, "_started", started)
    yield made
    assert all(child.returncode is not None for child in made)


def at_once(verify_many: BeginVerifying) -> None:
    """Give it so many that the other process gets all that follow."""
    assert verify_many(triples(LEAST))() == expected(LEAST)


@pytest.mark.parametrize("number", [0, 1, 64, 65, 300])
def test_each_signature_is_judged_by_itself_and_in_order(number: int) -> None:
    with verifying_in_parallel() as verify_many:
        assert verify_many(triples(number))() == expected(number)


@pytest.mark.usefixtures("two_processors")
def test_another_process_gives_the_same_answers(children: list[subprocess.Popen[bytes]]) -> None:
    with verifying_in_parallel(start_after=1) as verify_many:
        at_once(verify_many)
        for first in (0, 500, 1000):
            assert verify_many(triples(500, first))() == expected(500, first)
    assert [child.returncode for child in children] == [0]


@pytest.mark.usefixtures("two_processors")
def test_answers_asked_for_in_another_order_are_those_of_their_batch(
    children: list[subprocess.Popen[bytes]],
) -> None:
    with verifying_in_parallel(start_after=1) as verify_many:
        at_once(verify_many)
        begun = [verify_many(triples(100, first)) for first in (0, 1, 2)]
        assert [begun[at]() for at in (2, 0, 1)] == [expected(100, first) for first in (2, 0, 1)]
        assert begun[1]() == expected(100, 1)
    assert len(children) == 1


@pytest.mark.usefixtures("two_processors")
@pytest.mark.parametrize("moment", ["before", "between"])
def test_what_a_killed_process_does_not_answer_is_verified_here(
    children: list[subprocess.Popen[bytes]], moment: str
) -> None:
    with verifying_in_parallel(start_after=1) as verify_many:
        at_once(verify_many)
        begun = [verify_many(triples(200, 0))]
        if moment == "before":
            begun[0]()
        children[0].send_signal(signal.SIGKILL)
        children[0].wait()
        begun += [verify_many(triples(200, first)) for first in (1, 2)]
        assert [answers() for answers in begun] == [expected(200, first) for first in (0, 1, 2)]
    assert len(children) == 1


@pytest.mark.usefixtures("two_processors")
@pytest.mark.parametrize("told", [b"", b"\1" * 63, b"\2" * 64])
def test_an_answer_that_is_none_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]], told: bytes
) -> None:
    monkeypatch.setattr(batch_verification, "_read", lambda *_: told)
    with verifying_in_parallel(start_after=1) as verify_many:
        at_once(verify_many)
        assert verify_many(triples(LEAST))() == expected(LEAST)
    assert len(children) == 1


@pytest.mark.usefixtures("two_processors")
def test_without_a_second_process_all_is_verified_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> subprocess.Popen[bytes]:
        raise BlockingIOError

    monkeypatch.setattr(batch_verification, "_started", refuse)
    with verifying_in_parallel(start_after=1) as verify_many:
        at_once(verify_many)
        assert verify_many(triples(200))() == expected(200)


def test_few_signatures_and_a_single_processor_start_no_process(
    monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    with verifying_in_parallel() as verify_many:
        verify_many(triples(200))()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    with verifying_in_parallel(start_after=1) as verify_many:
        for _ in range(3):
            verify_many(triples(LEAST))()
    assert children == []


@pytest.mark.usefixtures("two_processors")
def test_a_process_that_does_not_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, children: list[subprocess.Popen[bytes]]
) -> None:
    monkeypatch.setattr(batch_verification, "_END_SECONDS", 0.1)
    with verifying_in_parallel(start_after=1) as verify_many:
        at_once(verify_many)
        children[0].send_signal(signal.SIGSTOP)
    assert children[0].returncode == -signal.SIGKILL


def test_batches_are_served_until_there_are_no_more() -> None:
    read_end, write_end = os.pipe()
    batches = verifying_process.packed(triples(10)) + verifying_process.packed(triples(3, 10)) + b"cut"
    verifying_process.serve(io.BytesIO(batches), write_end)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as answers:
        assert [answer == verifying_process.GOOD for answer in answers.read()] == expected(13)
