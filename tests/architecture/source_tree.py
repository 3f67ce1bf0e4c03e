"""The modules of the four layers as files and syntax trees; knows no rule about them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("domain", "infrastructure", "cli", "reports")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    path: str  # below the repository root, with slashes
    text: str

    @property
    def name(self) -> str:
        parts = ("custody", *Path(self.path).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def line_count(self) -> int:
        return len(self.text.splitlines())


def modules(*folders: str) -> Iterator[Module]:
    for folder in folders or LAYERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield Module(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything the module imports."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            package = module.name.split(".")[: -node.level or None] if node.level else []
            yield node.lineno, ".".join([*package, *filter(None, [node.module])])


def dotted(node: ast.expr) -> str:
    """``os.path.join`` for that expression; a call or subscript in it becomes an empty part."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value)}.{attr}"
        case _:
            return ""
