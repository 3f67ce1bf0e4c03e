"""Tools that nobody here wrote: where one is missing its test is skipped, or fails with REQUIRE_INTEROP=1."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

DEBIAN_GOPATH = "/usr/share/gocode"


def needed(program: str, package: str) -> str:
    """Return where a program is."""
    found = shutil.which(program)
    if found is None:
        missing(f"{program} is not installed (Debian: {package})")
    return found


def missing(reason: str) -> NoReturn:
    if os.environ.get("REQUIRE_INTEROP") == "1":
        pytest.fail(f"REQUIRE_INTEROP=1, but: {reason}", pytrace=False)
    pytest.skip(reason)


def go_program(glue: Path, folder: Path) -> Path:
    """Return a program built of one Go file and Debian's golang.org/x/mod."""
    go = needed("go", "golang-go")
    gopath = os.environ.get("GOPATH", DEBIAN_GOPATH)
    if not Path(gopath, "src/golang.org/x/mod/sumdb/tlog").is_dir():
        missing("golang.org/x/mod is not installed (Debian: golang-golang-x-mod-dev)")
    environment = {
        **os.environ, "GOPATH": gopath, "GO111MODULE": "off", "GOFLAGS": "", "CGO_ENABLED": "0",
        "GOCACHE": str(folder / "cache"), "GOTOOLCHAIN": "local",
    }  # fmt: skip
    program = folder / glue.parent.name
    built = subprocess.run(
        [go, "build", "-o", program, glue],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return program
