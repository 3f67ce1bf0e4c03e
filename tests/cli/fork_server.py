"""Runs of the command in processes forked from one that has imported it already.

Most of what a short command takes is the start of the interpreter and the imports: nothing that its answer
depends on. A run here is a process of its own all the same, with its own environment, folder, descriptors and
end. Whatever the interpreter itself reads as it starts must be tried in a new one; see ``CommandLine``.

The same file is the server's program: ``python fork_server.py DESCRIPTOR``. It imports nothing of the tests.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

MODULE = "custody.cli.main"
TIMEOUT_SECONDS = 300  # of a machine that has other things to do
_END_SECONDS = 20
_REQUEST_BYTES = 1 << 20
_LAYERS = ("domain", "infrastructure", "cli", "reports")


class ForkServer:
    """A server of this test process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def run(
        self, words: Sequence[str | bytes], folder: Path, environment: Mapping[str, str]
    ) -> tuple[int, bytes, bytes]:
        """Run the command to its end; returns its exit code as ``subprocess`` has it, and what it wrote."""
        request = {
            "words": [os.fsdecode(word) for word in words],
            "folder": str(folder),
            "environment": dict(environment),
        }
        self.start()
        with os.fdopen(os.memfd_create("out"), "w+b") as out, os.fdopen(os.memfd_create("err"), "w+b") as err:
            self._send(json.dumps(request).encode(), out, err)
            code = self._answer()
            return code, _written(out), _written(err)

    def start(self) -> None:
        """Start the server unless it runs: in the environment of now, so before a test changes that."""
        if self._process is not None:
            return
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.settimeout(TIMEOUT_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env={**os.environ, "PYTHONSAFEPATH": "1"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
        atexit.register(self.stop)
        assert self._answer() == 0

    def stop(self) -> None:
        """End the server, which saves what was measured; kill it with a run that did not end in time."""
        process, self._process = self._process, None
        if process is None:
            return
        self._channel.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _send(self, request: bytes, out: IO[bytes], err: IO[bytes]) -> None:
        assert len(request) < _REQUEST_BYTES
        socket.send_fds(self._channel, [request], [out.fileno(), err.fileno()])

    def _answer(self) -> int:
        try:
            answer = self._channel.recv(64)
        except TimeoutError:
            self.stop()
            raise
        if not answer:
            self.stop()
            raise ConnectionError("the fork server is gone")
        return int(answer)


def _written(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def serve(channel: socket.socket) -> None:
    """Answer each request with the exit code of a process forked for it; returns in that process."""
    _import_all()
    gc.freeze()  # nothing of this is looked through again when a process ends
    channel.send(b"0")
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, _REQUEST_BYTES, 2)
        if not request:
            sys.exit(0)
        child = os.fork()
        if not child:
            channel.close()
            _become(json.loads(request), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        channel.send(b"%d" % os.waitstatus_to_exitcode(status))


def _import_all() -> None:
    for layer in _LAYERS:
        package = importlib.import_module(f"custody.{layer}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name != MODULE:  # which is run, and not imported
                importlib.import_module(module.name)


def _become(request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Take on what was asked for, as a new interpreter would find it."""
    for descriptor, standard in zip(descriptors, (1, 2), strict=True):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [MODULE, *request["words"]]
    sys.stdout = sys.__stdout__ = _stream(1, sys.stdout)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, sys.stderr)  # type: ignore[misc]


def _stream(descriptor: int, like: Any) -> Any:
    return open(descriptor, "w", encoding=like.encoding, errors=like.errors, newline="\n", closefd=False)


def main() -> NoReturn:
    """Serve; in a forked process, be the command."""
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        serve(channel)
    runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
    raise AssertionError("the command returned")


if __name__ == "__main__":
    main()
