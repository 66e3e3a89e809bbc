"""The two commands and the files they stand on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import yaml

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name_and_range(requirement: str) -> tuple[str, str]:
    "A requirement's normalised name, and its version range without spaces"
    name, limits = re.fullmatch(r"\s*([A-Za-z0-9._-]+)\s*(.*)", requirement).groups()
    return re.sub(r"[-_.]+", "-", name).lower(), limits.replace(" ", "")


def test_environment_yml_names_what_pyproject_names():
    "Each runtime dependency stands in environment.yml with the same range, and so do those it adds for tests"
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    by_pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    listed = dict(
        name_and_range(entry) for entry in [*entries, *by_pip] if isinstance(entry, str) and entry != "-e ."
    )
    needed = dict(name_and_range(entry) for entry in PROJECT["dependencies"])
    known = needed | dict(name_and_range(entry) for entry in PROJECT["optional-dependencies"]["test"])
    assert {name: listed.get(name) for name in needed} == needed
    assert listed.pop("python") == PROJECT["requires-python"]
    listed.pop("pip")
    assert {name: known.get(name) for name in listed} == listed


def test_environment_yml_asks_conda_forge_only():
    "No other channel, so that licences and versions are conda-forge's"
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert "-e ." in environment["dependencies"][-1]["pip"]


def test_every_dependency_is_locked_with_hashes_and_no_address():
    "The lock pins each named dependency, with hashes, and says nothing of where to get it"
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {name_and_range(name)[0] for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    named = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    assert {name_and_range(entry)[0] for entry in named} <= pinned
    assert "://" not in lock
    assert "--index" not in lock
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_the_packages_asked_for_are_there():
    "What the kit is built on is named, each with a range"
    names = dict(name_and_range(entry) for entry in PROJECT["dependencies"])
    assert {"jupyterlab", "requests", "gevent", "pandas", "ipywidgets", "matplotlib"} <= set(names)
    assert all(names.values())


def test_importing_camkit_loads_nothing_heavy_and_patches_nothing():
    "The import is free of pandas, matplotlib, ipywidgets, gevent and requests, and the socket stays Python's own"
    code = (
        "import sys, socket; before = socket.socket; import camkit\n"
        "assert socket.socket is before\n"
        "print([m for m in ('pandas','matplotlib','ipywidgets','gevent','requests','PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_using_the_clients_patches_nothing():
    "Even with every module loaded, the standard library's sockets, threads and sleep are untouched"
    code = (
        "import socket, threading, time, ssl, select\n"
        "before = socket.socket, threading.Thread, time.sleep, ssl.SSLContext, select.select\n"
        "import camkit\n"
        "[getattr(camkit, name) for name in camkit.__all__]\n"
        "assert before == (socket.socket, threading.Thread, time.sleep, ssl.SSLContext, select.select)\n"
        "import gevent.monkey; assert not gevent.monkey.saved\n"
        "print('untouched')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "untouched", done.stderr


def test_make_lists_its_commands_by_default():
    "`make` alone says what there is"
    done = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for command in ("demo", "lab", "test", "notebooks", "lint"):
        assert f"make {command} " in done.stdout


def test_the_top_level_is_as_laid_out():
    "Every folder and file that is promised is tracked; nothing else has crept in"
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return  # an archive without its history
    top = {path.split("/")[0] for path in done.stdout.splitlines()}
    folders = {"notebooks", "camkit", "data", "out", "tests", "tools", "docs", ".ci"}
    files = set(
        "environment.yml README.md pyproject.toml Makefile CONTRIBUTING.md CHANGELOG.md .gitignore "
        "requirements.lock LICENSE SECURITY.md .pre-commit-config.yaml".split()
    )
    assert top - folders - files == set()
    assert "data/sample_badges.csv" in done.stdout


def test_no_public_name_hides_behind_a_module_of_the_same_name():
    "camkit.check is a function whatever was imported before it"
    import camkit

    modules = {path.stem for path in (ROOT / "camkit").glob("*") if path.suffix == ".py" or path.is_dir()}
    assert set(camkit.__all__) & modules == {"errors", "plots"}


def test_every_library_that_is_imported_is_declared():
    "Nothing works only because something else happens to bring it along"
    import ast

    declared = {name_and_range(entry)[0] for entry in PROJECT["dependencies"]}
    other_names = {"bs4": "beautifulsoup4", "PIL": "pillow", "dotenv": "python-dotenv"}
    imported = set()
    for path in (ROOT / "camkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"camkit"}
    assert {other_names.get(name, name).lower().replace("_", "-") for name in foreign} <= declared
