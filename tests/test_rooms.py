"""Rooms: imports run downwards, and one room takes from another only what that room offers."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import camkit
from tests.conftest import ROOT

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "camkit").rglob("*.py"))
}
FREE = ("camkit.errors", "camkit.visible", "camkit._version")
"""Everybody may import these, whatever is in them."""

VENDORS = ("camkit.cameras.een", "camkit.cameras.meraki")

BY_MODULE = ("camkit.support.", "camkit.demo.launch", "camkit.demo.world.story")
"""Here a room offers modules, not names of its package."""


def room_of(module: str) -> str:
    """Name the first package or module below camkit, and a vendor's below cameras; camkit is its `__init__`'s room."""
    depth = 3 if module.startswith(VENDORS) else 2
    return ".".join(module.split(".")[:depth])


def imports_of(source: str) -> Iterator[tuple[str, str | None]]:
    """Yield the module and the name of each import of camkit; the name is None where a whole module is imported."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names if alias.name.split(".")[0] == "camkit")
        elif isinstance(node, ast.ImportFrom) and node.module == "camkit":
            yield from ((f"camkit.{alias.name}", None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("camkit."):
            yield from ((node.module, alias.name) for alias in node.names)


def is_offered(module: str, name: str | None) -> bool:
    """Whether other rooms may import this: a name in the `__all__` of a room, or of a module that is offered."""
    if name is None:
        return False
    is_package = getattr(find_spec(module), "submodule_search_locations", None) is not None
    if not (is_package or room_of(module) == module or module.startswith(BY_MODULE)):
        return False
    return name in getattr(import_module(module), "__all__", ())


def not_offered(module: str, source: str) -> list[str]:
    """List what a module takes from other rooms although they do not offer it."""
    return [
        f"{module}: {name or 'the module'} of {target}"
        for target, name in imports_of(source)
        if room_of(target) not in (room_of(module), *FREE)
        and not (module == "camkit" and name is None)  # the face of the package offers whole modules too
        and not is_offered(target, name)
    ]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_rooms_take_only_what_other_rooms_offer():
    "Every import across rooms names something in the `__all__` of what it imports from"
    found = [line for module, path in MODULES.items() for line in not_offered(module, path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "from camkit.http.transport import Transport",  # offered by the package, not by its module
        "from camkit.http import Route",
        "from camkit.http import transport",
        "import camkit.http",
        "import camkit.http.transport as t",
        "from camkit import http",
        "from camkit import Case",
        "from camkit.support.files import Path",
        "def later():\n    from camkit.case import chain",
        "if TYPE_CHECKING:\n    from camkit.case.chain import Chain",
    ],
)
def test_an_import_of_something_else_is_found(source):
    "By module, by a name that is not offered, late, or for types only"
    assert len(not_offered("camkit.directory.extra", source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from camkit.http import Transport",
        "from camkit.errors import CamkitError",
        "from camkit import errors",
        "from camkit.directory.web import anything",
        "from camkit.support.files import make_folder",
        "import json, camkitten",
    ],
)
def test_an_import_of_what_is_offered_is_accepted(source):
    "What a room offers, the errors, and anything of the module's own room"
    assert not_offered("camkit.directory.extra", source) == []


def test_every_public_name_is_offered_by_its_room():
    "What `import camkit` loads when it is first used comes from a room, not from inside one"
    taken = [it for it in imports_of(Path(camkit.__file__).read_text()) if it[1] is not None]
    inside = [name for module, name in taken if not is_offered(module, name)]
    assert sorted(inside) == ["CamkitError", "__version__"]


def test_imports_run_downwards():
    "The contract in pyproject.toml holds"
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Contracts: 3 kept, 0 broken." in done.stdout


@pytest.mark.not_quick
@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("http/extra.py", "from camkit.case import Case", "camkit.http is not allowed to import camkit.case"),
        (
            "support/extra.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from camkit.http import Transport",
            "camkit.support is not allowed to import camkit.http",
        ),
        ("plots/extra.py", "def f():\n    import camkit.review", "camkit.plots is not allowed to import camkit.review"),
        ("cellar.py", "", "camkit.cellar"),
    ],
    ids=["upwards", "for types only", "between neighbours", "a room without a layer"],
)  # fmt: skip
def test_the_contract_can_be_broken(tmp_path, name, source, said):
    "An import upwards, wherever it is, and a new room without a layer"
    shutil.copytree(ROOT / "camkit", tmp_path / "camkit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    (tmp_path / "camkit" / name).write_text(source)
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert said in done.stdout


def test_nothing_is_patched_anywhere():
    "The word for it does not occur in the package"
    assert [module for module, path in MODULES.items() if "monkey" in path.read_text()] == []
