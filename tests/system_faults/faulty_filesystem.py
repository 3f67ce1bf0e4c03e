"""A file system in user space that lies, fails or hangs where its rules say so.

``python -m tests.system_faults.faulty_filesystem BACKING MOUNT TRACE RULES`` shows the folder BACKING at
MOUNT until it is killed, writes each call that matters into TRACE, and follows RULES, a JSON list:

``call`` (read, write, fsync, flush, open, getattr, readdir, rename, link), ``path`` (pattern of the whole
path below the mount), ``fault``, ``at`` (only calls that reach this byte or lie behind it), ``after`` (calls
to let pass), ``times`` (how often; without it, always), and what the fault needs: ``errno``, ``size``,
``target``, ``act``.

Faults: ``error`` · ``hang`` · ``eof`` and ``short`` (of reads) · ``flip`` (one bit of what is written) ·
``lose`` (a write that is only said to be done) · ``wrap`` (a write that also destroys the first file ever
written) · ``size`` (of getattr) · ``hide`` (the name ``target`` from a listing) · ``do`` (``act`` on the file
``target`` meanwhile: truncate, append, touch, unlink, fifo, link, swap). A rule for the call ``fold`` makes
capital and small letters the same, one for ``name`` refuses names.
"""

import ctypes
import errno
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import mfusepy

STATUS = ("mode", "ino", "nlink", "uid", "gid", "size")
TIMES = ("atime", "mtime", "ctime")
ROOM = (
    "f_bsize",
    "f_frsize",
    "f_blocks",
    "f_bfree",
    "f_bavail",
    "f_files",
    "f_ffree",
    "f_favail",
    "f_namemax",
)


@dataclass(kw_only=True)
class Rule:
    call: str
    path: str
    fault: str
    at: int = 0
    after: int = 0
    times: int | None = None
    errno: str = "EIO"
    size: int = 0
    target: str = ""
    act: str = ""

    def applies(self, call: str, path: str, end: int) -> bool:
        if call != self.call or end <= self.at or not fnmatchcase(path, self.path):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return self.times is None or self.times >= 0


def failure(name: str) -> OSError:
    code = getattr(errno, name)
    return OSError(code, os.strerror(code))


def meanwhile(rule: Rule) -> None:
    """Do to a file what somebody else might do to it."""
    target = Path(rule.target)
    match rule.act:
        case "truncate":
            os.truncate(target, rule.size)
        case "append":
            with target.open("ab") as file:
                file.write(b"x" * rule.size)
        case "touch":
            os.utime(target)
        case "unlink":
            target.unlink()
        case "fifo":
            target.unlink()
            os.mkfifo(target)
        case "link":
            target.unlink()
            target.symlink_to("/etc/passwd")
        case "swap":
            target.rename(target.with_name("moved away"))
            target.symlink_to("moved away")


class FaultyFilesystem(mfusepy.Operations):
    use_ns = True

    def __init__(self, backing: str, trace: str, rules: list[Rule]) -> None:
        self.backing = backing
        self.rules = rules
        self.trace = Path(trace).open("a", buffering=1)  # noqa: SIM115 - until the process is killed
        self.folding = any(rule.call == "fold" for rule in rules)
        self.guard = threading.Lock()
        self.first = -1

    def rule_for(self, call: str, path: str, end: int = 1) -> Rule | None:
        with self.guard:
            if call not in {"getattr", "read", "write"}:
                self.trace.write(f"{call} {path}\n")
            return next((rule for rule in self.rules if rule.applies(call, path, end)), None)

    def met(self, call: str, path: str, end: int = 1) -> Rule | None:
        """Fail, hang or act as the first fitting rule says; return it when the call itself must know."""
        rule = self.rule_for(call, path, end)
        if rule is None:
            return None
        match rule.fault:
            case "error":
                raise failure(rule.errno)
            case "hang":
                while True:
                    time.sleep(3600)
            case "do":
                meanwhile(rule)
        return rule

    def real(self, path: str) -> bytes:
        return os.fsencode(self.backing + (path.lower() if self.folding else path))

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        status = os.lstat(self.real(path))
        found = {f"st_{name}": getattr(status, f"st_{name}") for name in STATUS}
        found |= {f"st_{name}": getattr(status, f"st_{name}_ns") for name in TIMES}
        rule = self.met("getattr", path)
        if rule and rule.fault == "size":
            found["st_size"] = rule.size
        return found

    def readdir(self, path: str, fh: int) -> Iterator[tuple[str, dict[str, int], int]]:
        rule = self.met("readdir", path)
        hidden = rule.target if rule and rule.fault == "hide" else None
        with os.scandir(self.real(path)) as found:
            for entry in found:
                if (name := os.fsdecode(entry.name)) != hidden:
                    yield name, {"st_ino": entry.inode()}, 0  # without a number, readers leave it out

    def readlink(self, path: str) -> str:
        return os.fsdecode(os.readlink(self.real(path)))

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self.real(path))
        return {name: getattr(found, name) for name in ROOM}

    def open(self, path: str, flags: int) -> int:
        self.met("open", path)
        return os.open(self.real(path), flags & ~(os.O_DIRECT | os.O_NOATIME))

    def create(self, path: str, mode: int, flags: int) -> int:
        self.met("name", path)
        fd = os.open(self.real(path), flags & ~(os.O_DIRECT | os.O_NOATIME) | os.O_CREAT, mode)
        if self.first < 0:
            self.first = os.dup(fd)
        return fd

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        rule = self.met("read", path, offset + size)
        if rule and rule.fault == "eof":
            size = max(0, min(size, rule.at - offset))
        if rule and rule.fault == "short":
            size = max(1, size // 3)
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        rule = self.met("write", path, offset + len(data))
        written = data
        if rule and rule.fault == "flip":
            written = bytes([data[0] ^ 1]) + data[1:]
        if rule and rule.fault == "lose":
            written = bytes(len(data))
        if rule and rule.fault == "wrap":
            os.pwrite(self.first, data[:64], 0)
        os.pwrite(fh, written, offset)
        return len(data)

    def flush(self, path: str, fh: int) -> int:
        self.met("flush", path)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self.met("fsync", path)
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self.met("fsync", path)
        return 0

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    def rename_flagged(self, old: str, new: str, flags: int) -> int:
        self.met("rename", new)
        self.met("name", new)
        call = ctypes.CDLL(None, use_errno=True).renameat2
        if call(-100, self.real(old), -100, self.real(new), flags):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return 0

    def rename(self, old: str, new: str) -> int:
        return self.rename_flagged(old, new, 0)

    def link(self, target: str, source: str) -> int:
        self.met("name", target)
        self.met("link", target)
        os.link(self.real(source), self.real(target), follow_symlinks=False)
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self.real(path))
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self.real(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self.real(path))
        return 0

    def symlink(self, target: str, source: str) -> int:
        os.symlink(os.fsencode(source), self.real(target))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self.real(path), mode)
        return 0

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self.real(path), length)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        os.utime(self.real(path), ns=times, follow_symlinks=False)
        return 0


class Mount(mfusepy.FUSE):
    """Passes on the flags of a rename, which the library drops: it would replace what must not be."""

    def rename_fuse_3(self, old: bytes, new: bytes, flags: int) -> int:
        return self.operations.rename_flagged(os.fsdecode(old), os.fsdecode(new), flags)


def main(backing: str, mount: str, trace: str, rules: str) -> None:
    operations = FaultyFilesystem(backing, trace, [Rule(**rule) for rule in json.loads(rules)])
    options = {"attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0, "max_threads": 8}
    Mount(operations, mount, foreground=True, direct_io=True, use_ino=True, hard_remove=True, **options)


if __name__ == "__main__":
    main(*sys.argv[1:])
