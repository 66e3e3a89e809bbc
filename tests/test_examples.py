"""The examples in docstrings and in README.md run."""

from __future__ import annotations

import doctest
import re
import shutil
from importlib import import_module

import matplotlib.pyplot as plt
import nbformat
import pytest

from camkit import plots
from camkit.cameras.een.history import StatusHistory
from tests.conftest import ROOT
from tests.test_rooms import MODULES

WITH_EXAMPLES = [name for name, path in MODULES.items() if ">>> " in path.read_text()]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_give_what_they_say(name):
    "Each module with an example, run by doctest"
    module = import_module(name)
    assert doctest.testmod(module).failed == 0


def test_what_notebook_04_says_of_an_account_of_api_v1_works(site):
    "Its tip shows what is known between two lists of the devices"
    notebook = nbformat.read(ROOT / "notebooks" / "04_device_status.ipynb", 4)
    (tip,) = re.findall(r"^```python\n(.*?)^```", notebook.cells[-1].source, re.M | re.S)
    names: dict[str, object] = {"site": site, "plots": plots}
    site.een.devices()  # that of section 2
    exec(compile(tip, "tip", "exec"), names)
    plt.close()  # the timeline
    watched = names["watched_from_now_on"]
    assert isinstance(watched, StatusHistory)
    assert watched.spans["id"].nunique() == 85 and not watched.problems()


@pytest.mark.not_quick
def test_the_example_in_the_readme_runs(tmp_path, monkeypatch):
    "All of its Python, from top to bottom, against the demo site"
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S))
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(code, "README.md", "exec"), names)
    names["site"].close()
    assert len(list((tmp_path / "out").glob("*.jpeg"))) == 20
    assert len(names["april"]) and len(names["flags"])
