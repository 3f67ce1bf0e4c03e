import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("domain", "infrastructure", "cli", "reports")


def _run(*command: str | Path, cwd: Path = ROOT) -> str:
    # Without PYTHONPATH: what is tested must find its modules by being installed.
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def _files_of_the_layers() -> set[str]:
    return {
        file.relative_to(ROOT).as_posix()
        for layer in LAYERS
        for file in (ROOT / layer).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


@dataclass(frozen=True, slots=True)
class Distributions:
    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The source distribution, and the wheel made from it alone."""
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return Distributions(sdist, wheel)


def test_the_wheel_holds_every_file_of_the_layers_below_custody(built: Distributions) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert names == {f"custody/{name}" for name in _files_of_the_layers()} | {
        "custody/__init__.py",
        "custody/py.typed",
    }


def test_the_wheel_puts_no_generic_name_into_site_packages(built: Distributions) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        top = {name.split("/")[0] for name in wheel.namelist()}

    assert {name for name in top if not name.endswith(".dist-info")} == {"custody"}


def test_the_source_distribution_carries_tests_and_tools_but_no_links(built: Distributions) -> None:
    with tarfile.open(built.sdist) as sdist:
        members = sdist.getmembers()
    names = {member.name.partition("/")[2] for member in members}

    assert {"pyproject.toml", "hatch_build.py", "Makefile", "LICENSE", "requirements.lock"} <= names
    assert "tests/packaging/test_packaging.py" in names
    assert [m.name for m in members if not m.isfile()] == []
    assert [name for name in names if name.startswith(("src/", "build/", ".venv/"))] == []


@pytest.fixture(scope="module")
def installed(built: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a fresh environment that holds the wheel."""
    environment = tmp_path_factory.mktemp("fresh") / "venv"
    _run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    install = ("install", "--quiet", "--no-index", "--no-deps", built.wheel)
    _run(sys.executable, "-m", "pip", "--python", python, *install)
    # The dependencies are those of the running environment: nothing is downloaded. They come after
    # the fresh environment's own packages, and path files in them (such as ours) are not followed.
    dependencies = _run(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    (own,) = environment.glob("lib/python*/site-packages")
    (own / "dependencies.pth").write_text(dependencies, encoding="utf-8")
    return python.parent


def test_the_installed_command_tells_its_version(installed: Path, tmp_path: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert version in _run(installed / "custody", "--version", cwd=tmp_path).split()


def test_the_installed_code_is_the_copy_in_the_environment(installed: Path, tmp_path: Path) -> None:
    where = _run(installed / "python", "-c", "import custody.domain as d; print(d.__file__)", cwd=tmp_path)

    assert Path(where.strip()).is_relative_to(installed.parent)


def test_the_installed_package_is_all_importable(installed: Path, tmp_path: Path) -> None:
    names = sorted(
        "custody." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in _files_of_the_layers()
        if name.endswith(".py") and not name.endswith("__main__.py")
    )

    _run(installed / "python", "-c", "".join(f"import {name}\n" for name in names), cwd=tmp_path)


def test_an_editable_install_runs_the_folders_themselves() -> None:
    where = _run(sys.executable, "-c", "import custody.domain as d; print(d.__file__)")

    assert Path(where.strip()) == ROOT / "domain" / "__init__.py"


def test_the_locks_pin_with_hashes_and_name_no_index() -> None:
    for name in ("requirements.lock", "requirements-build.lock", "requirements-dev.lock"):
        lock = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
        lines = [line for line in lock.splitlines() if not line.startswith("#")]

        assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []
        assert "://" not in lock
        assert "index" not in lock
