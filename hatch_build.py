"""Maps the folders domain/, infrastructure/, cli/ and reports/ into the one import package ``custody``.

In a wheel, domain/ becomes custody/domain/ and so on. For an editable install the git-ignored
src/custody/ is filled with links to the folders, for tools that only read the file system, and src/
goes on the path. It knows nothing of what the folders contain.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LAYERS = ("domain", "infrastructure", "cli", "reports")
DOCSTRING = '"""Chain of custody for digital evidence."""\n'
# The repository root comes first on the package's path, so that tracebacks, breakpoints and
# coverage name domain/proofs/merkle.py itself and not a link to it.
DEVELOPMENT_INIT = f"""{DOCSTRING}
from pathlib import Path

_root = Path(__file__).resolve().parents[2]
if (_root / "domain").is_dir():
    __path__.insert(0, str(_root))
"""


class LayerMappingHook(BuildHookInterface):  # type: ignore[type-arg]  # its configuration type is private
    """Adds the folders, a generated ``__init__.py`` and ``py.typed`` to the wheel being built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill ``build_data`` for the ``standard`` or the ``editable`` wheel."""
        if version == "editable":
            self._map_editable(build_data["force_include_editable"])
        else:
            self._map_standard(build_data["force_include"])

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the generated files once the wheel holds them."""
        del version, build_data, artifact_path
        self._generated.cleanup()

    def _map_standard(self, force_include: dict[str, str]) -> None:
        package = self._generated_folder()
        _write_package_files(package, DOCSTRING)
        for name in ("__init__.py", "py.typed"):
            force_include[str(package / name)] = f"custody/{name}"
        for layer in LAYERS:
            force_include[str(Path(self.root, layer))] = f"custody/{layer}"

    def _map_editable(self, force_include: dict[str, str]) -> None:
        root = Path(self.root)
        package = root / "src" / "custody"
        package.mkdir(parents=True, exist_ok=True)
        _write_package_files(package, DEVELOPMENT_INIT)
        for layer in LAYERS:
            _link(package / layer, root / layer)
        path_file = self._generated_folder() / "_custody_editable.pth"
        path_file.write_text(f"{package.parent}\n", encoding="utf-8")
        force_include[str(path_file)] = path_file.name

    def _generated_folder(self) -> Path:
        self._generated = tempfile.TemporaryDirectory(prefix="custody-build-")
        return Path(self._generated.name)


def _write_package_files(package: Path, init: str) -> None:
    (package / "__init__.py").write_text(init, encoding="utf-8")
    (package / "py.typed").touch()


def _link(link: Path, target: Path) -> None:
    if link.exists():
        return
    if os.name == "nt":
        import _winapi  # noqa: PLC0415 - exists on Windows only

        _winapi.CreateJunction(str(target), str(link))  # a junction, unlike a link, needs no privilege
        return
    link.unlink(missing_ok=True)  # a link left dangling by a moved clone
    link.symlink_to(Path("..", "..", target.name), target_is_directory=True)
