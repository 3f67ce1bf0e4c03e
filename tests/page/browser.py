"""Chromium without a window, driven through its own debugging pipe: no library, no port, no driver of others.

Knows the DevTools protocol as far as a page is opened, given files and read. NUL ends each message; the
browser reads them from descriptor 3 and writes to 4 (``--remote-debugging-pipe``).
"""

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FLAGS: Final = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # whatever is asked for, no network answers
)
TIMEOUT_SECONDS: Final = 90
_LAUNCHER: Final = (
    "import os, sys; read, write = map(int, sys.argv[1:3]); "
    "os.dup2(read, 3); os.dup2(write, 4); os.execv(sys.argv[3], sys.argv[3:])"
)


class BrowserError(Exception):
    """The browser refused a command, threw in a script, or did not answer in time."""


@dataclass
class Browser:
    """One running browser."""

    to_browser: int
    from_browser: int
    events: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 0
    _read: bytes = b""

    def command(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """Send a command and wait for its answer; what else comes meanwhile is kept in ``events``."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        _write(self.to_browser, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._number:
                break
            self.events.append(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def page(self, url: str) -> "Page":
        """Open a page in a tab of its own."""
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
            page.command(f"{domain}.enable")
        page.url = url
        return page

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self.from_browser], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(self.from_browser, 1 << 16) if ready else b""
            if not piece:
                raise BrowserError("the browser does not answer" if not ready else "the browser ended")
            self._read += piece
        message, _, self._read = self._read.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@dataclass
class Page:
    """One tab."""

    browser: Browser
    target: str
    session: str
    url: str = ""

    def command(self, method: str, **parameters: object) -> dict[str, Any]:
        return self.browser.command(method, self.session, **parameters)

    def before_scripts(self, script: str) -> None:
        """Run a script in the page before its own."""
        self.command("Page.addScriptToEvaluateOnNewDocument", source=script)

    def load(self) -> None:
        self.command("Page.navigate", url=self.url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def close(self) -> None:
        self.browser.command("Target.closeTarget", targetId=self.target)

    def evaluate(self, expression: str) -> Any:
        """Return what an expression, or the promise that it is, comes to."""
        answer = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, replMode=False
        )
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self.evaluate(condition):
            if time.monotonic() > deadline:
                raise BrowserError(f"in vain waited for: {condition}")
            time.sleep(0.02)

    def give_files(self, selector: str, files: Sequence[Path]) -> None:
        """Choose files (or one folder, where the input takes folders) as a person would."""
        found = self.command("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        paths = [str(file) for file in files]
        self.command("DOM.setFileInputFiles", objectId=found["result"]["objectId"], files=paths)

    def drop(self, selector: str, files: Sequence[Path]) -> None:
        """Drop files or folders onto an element."""
        box = self.evaluate(
            "(e => { e.scrollIntoView(); const b = e.getBoundingClientRect();"
            " return [b.x + 40, b.y + 10]; })"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.command("Input.dispatchDragEvent", type=kind, x=box[0], y=box[1], data=data)

    def requests(self) -> list[str]:
        """Return every address that was asked for so far."""
        self.evaluate("1")
        return [
            event["params"]["request"]["url"]
            for event in self.browser.events
            if event.get("method") == "Network.requestWillBeSent" and event.get("sessionId") == self.session
        ]

    def complaints(self) -> list[str]:
        """Return errors of scripts and of the content security policy so far."""
        self.evaluate("1")
        return [
            json.dumps(event["params"])[:1000]
            for event in self.browser.events
            if event.get("sessionId") == self.session
            and (
                event.get("method") == "Runtime.exceptionThrown"
                or (event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error")
            )
        ]

    def screenshot(self, file: Path, width: int, *, dark: bool = False) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        image = self.command("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        file.write_bytes(base64.b64decode(image["data"]))

    def pdf(self, file: Path) -> None:
        printed = self.command("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)
        file.write_bytes(base64.b64decode(printed["data"]))


@contextmanager
def running(program: str, profile: Path) -> Iterator[Browser]:
    """Run a browser with a profile folder of its own."""
    browser_in, to_browser = os.pipe()
    from_browser, browser_out = os.pipe()
    inherited = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (browser_in, browser_out)]
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", "-c", _LAUNCHER, *map(str, inherited), program),
            *(*FLAGS, *sandbox, f"--user-data-dir={profile}", "about:blank"),
        ],
        pass_fds=inherited,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for fd in (browser_in, browser_out, *inherited):
        os.close(fd)
    try:
        yield Browser(to_browser, from_browser)
    finally:
        try:
            _write(to_browser, b'{"id":0,"method":"Browser.close"}\0')
            process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
        os.close(to_browser)
        os.close(from_browser)


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
