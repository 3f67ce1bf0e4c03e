"""Whatever the other side does, an exchange ends in time, within its size, and where it was sent."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from custody.domain.errors import AuthorityFailed, UsageError
from custody.infrastructure.authority_http import HttpExchange, parsed_url
from tests.fakes.stamp_authority import serving

LIMIT = 1000


@contextmanager
def speaking(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does with each connection what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(4096)
                        behave(connection)
                    except OSError:
                        continue

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        listening.shutdown(socket.SHUT_RDWR)


def reason_of_failure(url: str, *, deadline_seconds: float = 5) -> str:
    with pytest.raises(AuthorityFailed) as raised:
        HttpExchange(deadline_seconds).ask(url, b"request", LIMIT)
    return raised.value.what


def test_a_request_is_answered() -> None:
    with serving(post=lambda request: b"answer to " + request) as url:
        assert HttpExchange().ask(f"{url}/tsa?x=1", b"request", LIMIT) == b"answer to request"


def test_a_file_is_fetched() -> None:
    with serving(get={"/ca.crl": b"list"}) as url:
        assert HttpExchange().fetch(f"{url}/ca.crl", LIMIT) == b"list"


def test_an_answer_of_the_greatest_size_is_taken_and_no_larger_one() -> None:
    with serving(post=lambda _: bytes(LIMIT)) as url:
        assert len(HttpExchange().ask(url, b"", LIMIT)) == LIMIT
    with serving(post=lambda _: bytes(LIMIT + 1)) as url:
        assert "over the limit" in reason_of_failure(url)


def test_an_endless_answer_is_cut_off() -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(4096))

    with speaking(pour) as url:
        assert "over the limit" in reason_of_failure(url)


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary Redirect", b"308 Permanent"])
def test_no_redirection_is_followed(status: bytes) -> None:
    asked = []

    def redirect(connection: socket.socket) -> None:
        asked.append(1)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nLocation: file:///etc/passwd\r\n\r\n")

    with speaking(redirect) as url:
        assert status.decode() in reason_of_failure(url)
    assert len(asked) == 1


def test_an_error_of_the_server_is_no_answer() -> None:
    with serving(get={}) as url, pytest.raises(AuthorityFailed, match="404"):
        HttpExchange().fetch(f"{url}/ca.crl", LIMIT)


def test_nobody_there_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refused" in reason_of_failure(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("beginning", "told"),
    [(b"", ("timed out", "no answer within 0.5 seconds")), (b"HTTP/1.1 200 OK\r\nX: ", "within 0.5 seconds")],
    ids=["silent", "dripping"],
)
def test_a_server_that_is_too_slow_costs_no_more_than_the_deadline(
    beginning: bytes, told: str | tuple[str, ...]
) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning)
        for _ in range(30):
            if beginning:
                connection.sendall(b"x")
            time.sleep(0.1)

    with speaking(drip) as url:
        begun = time.monotonic()
        assert reason_of_failure(url, deadline_seconds=0.5).endswith(told)
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "rubbish", [b"\0\1\2", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"]
)
def test_what_is_no_http_is_no_answer(rubbish: bytes) -> None:
    with speaking(lambda connection: connection.sendall(rubbish)) as url:
        assert reason_of_failure(url)


def test_a_name_that_nobody_has_is_told() -> None:
    assert "custody.invalid" in reason_of_failure("http://tsa.custody.invalid/", deadline_seconds=10)


@pytest.mark.parametrize(
    "url",
    [
        "", "tsa.example", "file:///etc/passwd", "ftp://tsa.example/", "http://", "http:///x", "http://a:b@c/",
        "http://[::1/", "http://c:99999/", "http://c:0/", "http://c/a b", "http://c/\r\nX: y", "http://\u00e4/",
        "HTTP://c:x/",
    ],
)  # fmt: skip
def test_what_is_no_url_of_http_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        parsed_url(url)


@pytest.mark.parametrize("url", ["http://c", "https://c:8080/x?y", "HTTPS://c/", "http://[::1]:80/"])
def test_urls_of_http_are_taken(url: str) -> None:
    assert parsed_url(url).hostname in {"c", "::1"}
