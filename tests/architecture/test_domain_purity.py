import ast
import sys

from tests.architecture.source_tree import dotted, imports, modules

# Clock, disk, network, randomness, processes and the interpreter's surroundings.
IMPURE = {
    *("time", "random", "secrets", "tempfile", "shutil", "glob", "mmap", "fcntl", "sqlite3", "logging"),
    *("socket", "ssl", "urllib", "http", "subprocess", "threading", "multiprocessing", "asyncio", "signal"),
    *("platform", "getpass", "locale", "sys", "importlib"),
}
PURE_OS = {"os.fsencode", "os.fsdecode", "os.fspath"}
IMPURE_CALLS = {
    "open",
    "input",
    "print",
    "exec",
    "eval",
    "__import__",
    "io.open",
    "io.FileIO",
    "uuid.uuid1",
    "uuid.uuid4",
}
IMPURE_METHODS = {
    "now",
    "utcnow",
    "today",
    "read_text",
    "read_bytes",
    "exists",
    "is_file",
    "is_dir",
    "stat",
    "resolve",
}


def test_the_domain_imports_itself_and_the_standard_library_only() -> None:
    foreign = [
        f"{module.path}:{line} imports {name}"
        for module in modules("domain")
        for line, name in imports(module)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("custody.domain")
    ]

    assert foreign == []


def test_the_domain_imports_no_clock_disk_network_or_randomness() -> None:
    impure = [
        f"{module.path}:{line} imports {name}"
        for module in modules("domain")
        for line, name in imports(module)
        if name.split(".")[0] in IMPURE
    ]

    assert impure == []


def test_the_domain_takes_only_the_coding_of_names_from_os() -> None:
    impure = [
        f"{module.path}:{node.lineno} uses {dotted(node)}"
        for module in modules("domain")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and dotted(node).startswith("os.") and dotted(node) not in PURE_OS
    ]

    assert impure == []


def test_the_domain_calls_nothing_that_looks_at_the_world() -> None:
    impure = [
        f"{module.path}:{call.lineno} calls {dotted(call.func)}"
        for module in modules("domain")
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call)
        if dotted(call.func) in IMPURE_CALLS
        or (isinstance(call.func, ast.Attribute) and call.func.attr in IMPURE_METHODS)
        if not dotted(call.func).endswith(".clock.now")  # the port, handed in
    ]

    assert impure == []
