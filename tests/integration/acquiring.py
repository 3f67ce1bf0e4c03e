"""Evidence and batch files for tests of the real command."""

import os
from pathlib import Path

BATCH = """[batch]
name = "Two cameras"
[defaults]
case_number = "2026-0147"
output = "{output}"
[[job]]
name = "Camera 1"
folders = ["{first}"]
template = "one"
[[job]]
name = "Camera 2"
folders = ["{second}"]
template = "two"
"""


def make_source(folder: Path, *, files: int = 20, size: int = 5000) -> Path:
    """A small tree with odd names, an empty file, an empty folder and a link."""
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "empty folder").mkdir()
    for number in range(files):
        (folder / "deep" / f"file{number:04d}.bin").write_bytes(bytes([number % 256]) * size)
    (folder / "empty").write_bytes(b"")
    with open(os.path.join(os.fsencode(folder), b"caf\xe9 \xff.txt"), "wb") as file:
        file.write(b"not UTF-8")
    (folder / "two\nlines").write_bytes(b"x")
    (folder / "link").symlink_to("deep/er")
    return folder


def tree(folder: Path) -> dict[bytes, tuple[str, bytes, int]]:
    """Every entry below a folder: kind, content or target, time of its last change."""
    found: dict[bytes, tuple[str, bytes, int]] = {}
    root = os.fsencode(folder)
    for where, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = os.path.join(where, name)
            status = os.lstat(path)
            if os.path.islink(path):
                value = ("link", os.readlink(path), 0)
            elif os.path.isdir(path):
                value = ("folder", b"", status.st_mtime_ns)
            else:
                with open(path, "rb") as file:
                    value = ("file", file.read(), status.st_mtime_ns)
            found[os.path.relpath(path, root)] = value
    return found


def write_batch(home: Path, *, files: int = 20, size: int = 5000) -> Path:
    """Two sources and the batch file that copies them."""
    first = make_source(home / "first", files=files, size=size)
    second = make_source(home / "second", files=files, size=size)
    (home / "copies").mkdir()
    file = home / "batch.toml"
    file.write_text(BATCH.format(output=home / "copies", first=first, second=second))
    return file
