import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import Module, dotted, imports, modules

# Each may lose or invent bytes silently, or share blocks between source and copy.
SHORTCUTS = {
    "shutil",
    "sendfile",
    "copy_file_range",
    "splice",
    "SEEK_HOLE",
    "SEEK_DATA",
    "FICLONE",
    "FICLONERANGE",
}

# Who may change files, and why. Everything else goes through infrastructure/files.
WRITERS = {
    "infrastructure/files/": "the one place that publishes durably and never overwrites",
    "infrastructure/crypto/key_files.py": "private keys are created exclusively and with mode 0600",
    "infrastructure/event_store/note_files.py": "checkpoints are published durably, once, beside the ledger",
    "infrastructure/event_store/shared_memory.py": "gives SQLite's shared memory blocks before it is mapped",
    "cli/workspace.py": "lays out a new workspace before there is a ledger",
    "cli/settings_file.py": "writes custody.toml, of a new workspace or when a key is rotated",
    "cli/bug_report.py": "saves the traceback of a bug, when nothing else can be relied on",
    "cli/commands/demo.py": "makes up evidence, and tampers with it, in a folder of its own",
    "cli/demo/": "breaks and forges copies of what the demonstration itself made",
}
OS_CHANGES = {
    f"os.{name}"
    for name in (
        *("rename", "renames", "replace", "link", "symlink", "unlink", "remove", "rmdir", "removedirs"),
        *("truncate", "ftruncate", "fsync", "fdatasync", "pwrite", "pwritev", "mkfifo", "mknod"),
    )
}
PATH_CHANGES = {
    "write_text",
    "write_bytes",
    "rename",
    "symlink_to",
    "hardlink_to",
    "touch",
    "unlink",
    "rmdir",
}
WRITE_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"}


def _opens_for_writing(call: ast.Call) -> bool:
    name = dotted(call.func)
    if name == "os.open":
        return any(
            isinstance(n, ast.Attribute) and n.attr in WRITE_FLAGS for a in call.args for n in ast.walk(a)
        )
    if name not in {"open", "io.open", "os.fdopen"} and not name.endswith(".open"):
        return False
    words = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)]
    return any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)


def changes_of_files(module: Module) -> Iterator[str]:
    for call in ast.walk(module.tree):
        if not isinstance(call, ast.Call):
            continue
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if dotted(call.func) in OS_CHANGES or attribute in PATH_CHANGES or _opens_for_writing(call):
            yield f"{module.path}:{call.lineno} {ast.unparse(call.func)}"


@pytest.mark.parametrize(
    "statement",
    [
        "open(path, 'wb')",
        "path.open('x')",
        "open(path, mode='r+')",
        "os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)",
        "path.write_text('')",
        "os.replace(a, b)",
        "os.fsync(descriptor)",
    ],
)
def test_a_change_of_a_file_is_recognised(statement: str) -> None:
    assert list(changes_of_files(Module("cli/example.py", statement)))


@pytest.mark.parametrize(
    "statement",
    [
        "open(path, 'rb')",
        "path.open()",
        "os.open(path, os.O_RDONLY)",
        "text.replace('a', 'w')",
        "os.stat(path)",
    ],
)
def test_reading_is_not_taken_for_a_change(statement: str) -> None:
    assert not list(changes_of_files(Module("cli/example.py", statement)))


def test_only_the_named_writers_change_files() -> None:
    found = [
        change
        for module in modules()
        if not module.path.startswith(tuple(WRITERS))
        for change in changes_of_files(module)
    ]

    assert found == []


def test_evidence_is_copied_with_plain_reads_and_writes() -> None:
    found = [
        f"{module.path}:{node.lineno} {ast.unparse(node)}"
        for module in modules("infrastructure")
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr in SHORTCUTS)
        or (isinstance(node, ast.Name) and node.id in SHORTCUTS)
    ]
    found += [
        f"{module.path}:{line} imports {name}"
        for module in modules("infrastructure")
        for line, name in imports(module)
        if name.split(".")[0] in SHORTCUTS
    ]

    assert found == []


def test_worker_processes_are_spawned_and_never_forked() -> None:
    found = [
        f"{module.path}:{node.lineno} {ast.unparse(node)}"
        for module in modules()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and dotted(node) in {"os.fork", "os.forkpty"})
        or (isinstance(node, ast.Constant) and node.value in {"fork", "forkserver"})
    ]

    assert found == []
