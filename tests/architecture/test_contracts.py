import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.source_tree import LAYERS, ROOT, imports, modules

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def test_every_import_contract_is_kept() -> None:
    run = subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    assert ", 0 broken" in run.stdout


def test_the_contracts_see_every_module() -> None:
    # In a process of its own, as the linter does: once custody is imported, its path is longer.
    program = "import grimp; print(*grimp.build_graph('custody', cache_dir=None).modules)"
    command = [sys.executable, "-c", program]
    seen = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()

    assert {module.name for module in modules()} == set(seen) - {"custody"}


def test_every_runtime_dependency_is_kept_out_of_the_domain() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    dependencies = {line.split(">")[0] for line in project["project"]["dependencies"]}
    contracts = project["tool"]["importlinter"]["contracts"]
    (forbidden,) = (
        c["forbidden_modules"] for c in contracts if c.get("source_modules") == ["custody.domain"]
    )

    imported = {{"pynacl": "nacl"}.get(name, name) for name in dependencies}
    assert imported == set(forbidden)


def test_no_module_or_test_imports_a_layer_by_its_bare_name() -> None:
    bare = [
        f"{module.path}:{line} imports {name}"
        for module in modules(*LAYERS, "tests")
        for line, name in imports(module)
        if name.split(".")[0] in LAYERS
    ]

    assert bare == []
