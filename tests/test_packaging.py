"""Packaging: dependencies, metadata, what is in the wheel, and the commands of the Makefile."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

import camkit
from tests.conftest import ROOT
from tools import environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name_and_range(requirement: str) -> tuple[str, str]:
    "A requirement's normalised name, and its version range without spaces"
    name, limits = re.fullmatch(r"\s*([A-Za-z0-9._-]+)(?:\[.*\])?\s*(.*)", requirement).groups()
    return re.sub(r"[-_.]+", "-", name).lower(), limits.replace(" ", "")


def test_environment_yml_names_what_pyproject_names():
    "environment.yml lists each runtime dependency with the same range, and so it does for what it adds for tests"
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
    "No other channel, so that licences and versions are those of conda-forge"
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert "-e ." in environment["dependencies"][-1]["pip"]


def test_every_dependency_is_locked_with_hashes_and_no_address():
    "The lock pins each named dependency, with hashes, and does not say where to get it"
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {
        name_and_range(name)[0] for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", lock, re.MULTILINE)
    }
    extras = PROJECT["optional-dependencies"]
    named = PROJECT["dependencies"] + extras["dask"] + extras["test"]
    assert {name_and_range(entry)[0] for entry in named} - {"camkit"} <= pinned
    assert "://" not in lock
    assert "--index" not in lock
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_installing_downloads_nothing_that_is_not_in_the_lock(tmp_path):
    "What comes as source is built with tools from the lock; everything else has to be a wheel with a locked hash"
    wheels, from_source, itself = environment.steps(tmp_path, ROOT).values()
    assert wheels[:3] == ("--require-hashes", "--only-binary", ":all:")
    assert {"--require-hashes", "--no-build-isolation", "--no-deps"} <= set(from_source)
    assert itself == ("--no-deps", "--no-build-isolation", "-e", ROOT)
    lock = (ROOT / "requirements.lock").read_text()
    assert {"setuptools", "setuptools-scm", "flit-core"} <= set(
        re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    )
    kept = wheels[-1].read_text()
    assert "bagit==" not in kept
    assert len(kept.splitlines()) == len(lock.splitlines()) - 2


def test_the_main_dependencies_have_ranges():
    "The libraries that the kit is built on are named, and every dependency has a range"
    names = dict(name_and_range(entry) for entry in PROJECT["dependencies"])
    assert {"jupyterlab", "requests", "gevent", "pandas", "ipywidgets", "matplotlib"} <= set(names)
    assert all(names.values())


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(tmp_path):
    "Built by flit: modules, templates, profiles and scripts, the licence, and no tests or tools"
    code = "import sys; from flit_core import buildapi; buildapi.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = message_from_bytes(archive.read(f"camkit-{camkit.__version__}.dist-info/METADATA"))
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "camkit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == package
    assert {path.rpartition(".")[2] for path in package} >= {
        "py",
        "typed",
        "html",
        "css",
        "js",
        "sql",
        "toml",
    }
    assert f"camkit-{camkit.__version__}.dist-info/licenses/LICENSE" in names
    assert (metadata["Version"], metadata["License-Expression"]) == (camkit.__version__, "Apache-2.0")
    assert metadata["Author"] == "The camkit authors"


def test_pre_commit_runs_what_make_lint_runs():
    "The same commands, from the same environment"
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "--old-file=.venv/.ready", "lint"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [hook["entry"] for hook in hooks] == done.stdout.splitlines()
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in hooks)


def test_importing_camkit_loads_nothing_heavy_and_patches_nothing():
    "`import camkit` loads no pandas, matplotlib, ipywidgets, gevent or requests, and does not replace the socket"
    code = (
        "import sys, socket; before = socket.socket; import camkit\n"
        "assert socket.socket is before\n"
        "print([m for m in ('pandas','matplotlib','ipywidgets','gevent','requests','PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_type_checkers_find_each_public_name_where_it_is_loaded_from():
    "What the module imports for type checkers is all that is public, and the same objects"
    block = next(
        node for node in ast.parse(Path(camkit.__file__).read_text()).body if isinstance(node, ast.If)
    )
    namespace: dict[str, object] = {}
    exec(ast.unparse(block.body), namespace)
    del namespace["__builtins__"]
    assert {name: getattr(camkit, name) for name in camkit.__all__ if name != "__version__"} == namespace


@pytest.mark.not_quick
def test_using_the_clients_patches_nothing():
    "With every module loaded, the standard library's sockets, threads and sleep are the original ones"
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
    "`make` alone lists the commands"
    done = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for command in ("demo", "lab", "quick", "test", "notebooks", "lint"):
        assert f"make {command} " in done.stdout


def test_the_top_level_is_as_laid_out():
    "Only the documented folders and files are tracked at the top level"
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return  # an archive without a git history
    top = {path.split("/")[0] for path in done.stdout.splitlines()}
    folders = {"notebooks", "camkit", "data", "out", "tests", "tools", "docs", ".ci"}
    files = set(
        "environment.yml README.md pyproject.toml Makefile CONTRIBUTING.md CHANGELOG.md .gitignore "
        "requirements.lock LICENSE SECURITY.md .pre-commit-config.yaml".split()
    )
    assert top - folders - files == set()
    assert "data/sample_badges.csv" in done.stdout


def test_no_public_name_is_hidden_by_a_module_of_the_same_name():
    "camkit.check is a function, whatever was imported before"
    modules = {path.stem for path in (ROOT / "camkit").glob("*") if path.suffix == ".py" or path.is_dir()}
    assert set(camkit.__all__) & modules == {"errors", "plots"}


def test_every_library_that_is_imported_is_declared():
    "No import works only because another package happens to depend on it"
    named = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dask"]
    declared = {name_and_range(entry)[0] for entry in named}
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
