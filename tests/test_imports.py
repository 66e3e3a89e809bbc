"""Which room may import which: read from the code, held against the table below."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

ALLOWED = {
    # the foundation: nothing of camkit, or next to nothing
    "errors": "",
    "images": "",
    "bitmask": "",
    "checks": "errors",
    "zones": "errors",
    "secret": "errors",
    "greenlets": "errors",
    "files": "errors",
    # to the network
    "http": "errors secret",
    "settings": "errors",
    # what the investigator brings
    "badges": "errors files zones",
    "tables": "errors",
    "flags": "errors tables zones",
    "doors": "errors tables",
    # what services say
    "status": "bitmask errors",
    "pictures": "errors http",
    "directory": "errors http images show",
    "een": "errors http images pictures secret status",
    "meraki": "errors http images pictures secret",
    "snapshots": "directory doors errors greenlets pictures show tables zones",
    "probe": "een errors greenlets",
    "moments": "een",
    "runs": "een errors images show",
    "download": "een errors files greenlets http moments runs",
    # what is kept and handed over; a case reaches its report and its bag only when asked for them
    "case": "badges bag directory errors files flags http pictures report snapshots tables zones",
    "report": "case errors files show",
    "bag": "case errors files",
    "clocks": "case errors",
    # what is shown; a result reaches `show` only when a notebook displays it
    "plots": "bitmask errors files flags status zones",
    "show": "directory runs snapshots",
    "picks": "errors tables zones",
    "widgets": "errors picks",
    "review": "case directory errors pictures show snapshots zones",
    # what ties it together
    "site": "demo directory een errors meraki settings snapshots",
    "notebooks": "files",
    # a server of its own, which clients know by its address only
    "demo": "errors",
}


def room_of(path: Path) -> str:
    "The first folder or file below the package"
    return path.relative_to(ROOT / "camkit").parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    "The rooms a module imports, wherever in it the import stands"
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "camkit":
            names = [node.module] if "." in node.module else [f"camkit.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("camkit.")}
    return rooms - {"__version__", room_of(path)}


MODULES = sorted(path for path in (ROOT / "camkit").rglob("*.py") if room_of(path) != "__init__")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "camkit")))
def test_imports_only_what_its_room_may(path):
    "No arrow between rooms that the table does not name"
    room = room_of(path)
    assert room in ALLOWED, f"the room {room} is not in the table"
    assert imports_of(path) <= set(ALLOWED[room].split())


def test_the_table_names_no_arrow_that_is_not_there():
    "An arrow that the code no longer has is taken out of the table"
    drawn: dict[str, set[str]] = {}
    for path in MODULES:
        drawn.setdefault(room_of(path), set()).update(imports_of(path))
    assert {room: sorted(rooms) for room, rooms in drawn.items()} == {
        room: sorted(rooms.split()) for room, rooms in ALLOWED.items()
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "camkit")))
def test_a_module_is_small_enough_to_read(path):
    "About 300 lines at most: one job a module"
    assert len(path.read_text().splitlines()) <= 330


def test_nothing_is_patched_anywhere():
    "The word for it does not occur in the package"
    assert not [path for path in MODULES if "monkey" in path.read_text()]
