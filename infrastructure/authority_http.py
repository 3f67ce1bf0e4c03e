"""Asking a time stamping authority over HTTP (RFC 3161 section 3.4), and fetching a revocation list.

Knows that the other side may be dead, slow, endless or somebody else. Follows no redirection and opens no
other scheme than http and https; a plain http is as good, since what comes back is signed and judged.
"""

import http.client
import threading
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from custody.domain.errors import AuthorityFailed, UsageError
from custody.domain.paths import escape_text

DEADLINE_SECONDS: Final = 30.0
"""For a whole exchange, names and handshakes included; authorities answer within one or two."""

_CONNECTIONS: Final[Mapping[str, type[http.client.HTTPConnection]]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}
_OK: Final = 200
_HEADERS: Final = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
_PRINTABLE: Final = frozenset(map(chr, range(0x21, 0x7F)))


class HttpExchange:
    """Exchanges one request for one answer with a server named by its URL."""

    def __init__(self, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        """Take how long an exchange may take from its beginning to its end."""
        self._deadline_seconds = deadline_seconds

    def ask(self, url: str, request: bytes, limit_bytes: int) -> bytes:
        """Return what an authority answers to a request. Raises AuthorityFailed, UsageError for the URL."""
        return self._exchange("POST", url, request, limit_bytes)

    def fetch(self, url: str, limit_bytes: int) -> bytes:
        """Return what lies at a URL. Raises AuthorityFailed, UsageError for the URL."""
        return self._exchange("GET", url, None, limit_bytes)

    def _exchange(self, method: str, url: str, request: bytes | None, limit_bytes: int) -> bytes:
        """Exchange in a thread of its own: whatever the other side does takes no longer than the deadline.

        A thread that is late is left behind; it holds nothing but its connection.
        """
        parts = parsed_url(url)
        answers: list[bytes] = []
        failures: list[str] = []

        def work() -> None:
            try:
                answers.append(_exchanged(method, parts, request, limit_bytes, self._deadline_seconds))
            except (OSError, http.client.HTTPException, ValueError) as error:
                failures.append(_reason(error))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(self._deadline_seconds)
        if answers:
            return answers[0]
        reason = failures[0] if failures else f"no answer within {self._deadline_seconds:g} seconds"
        raise AuthorityFailed(f"{escape_text(url)}: {escape_text(reason)[:300]}")


def _reason(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return said or str(error) or type(error).__name__


def parsed_url(url: str) -> SplitResult:
    """Return the parts of an http or https URL. Raises UsageError for any other, or one with a password."""
    mistake = UsageError(
        f"this is no URL of an authority: {escape_text(url)[:300]}",
        hint="give an http:// or https:// URL without a user name, such as https://tsa.example/",
    )
    if not _PRINTABLE.issuperset(url):
        raise mistake
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise mistake from None
    if parts.scheme not in _CONNECTIONS or not parts.hostname or port == 0 or "@" in parts.netloc:
        raise mistake
    return parts


def _exchanged(
    method: str, parts: SplitResult, request: bytes | None, limit_bytes: int, timeout_seconds: float
) -> bytes:
    connection = _CONNECTIONS[parts.scheme](parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=request, headers={} if request is None else _HEADERS)
        response = connection.getresponse()
        if response.status != _OK:
            raise http.client.HTTPException(f"it answered {response.status} {response.reason}")
        answer = response.read(limit_bytes + 1)
    finally:
        connection.close()
    if len(answer) > limit_bytes:
        raise http.client.HTTPException(f"its answer is over the limit of {limit_bytes} bytes")
    if response.length:
        raise http.client.HTTPException("its answer broke off")
    return answer
