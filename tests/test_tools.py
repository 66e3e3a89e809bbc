"""The commands of a checkout."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.conftest import ROOT
from tests.support.browser import browser_page, jupyter_lab, needs_chromium, open_notebook, outputs, run_all
from tests.support.review_notebook import write_notebook
from tools.environment import make
from tools.notebooks import copy_new, demo, notebooks, without_outputs
from tools.room_coverage import FLOORS, below, by_room


def counts(branches: int) -> dict[str, dict[str, int]]:
    """One file's part of coverage.py's JSON report, with 100 branches."""
    return {
        "summary": {
            "covered_lines": 10, "num_statements": 10, "covered_branches": branches, "num_branches": 100,
        }
    }  # fmt: skip


def test_a_room_with_too_few_tested_branches_is_named(capsys):
    "Files of one room count together; a room without a floor is only shown"
    files = {f"camkit/{room}/a.py": counts(96) for room in FLOORS}
    files |= {"camkit/http/b.py": counts(90), "camkit/site.py": counts(10)}
    assert below(by_room(files)) == ["http"]
    shown = capsys.readouterr().out
    assert "http          100.0 %    93.0 %   95 %\n" in shown
    assert "site          100.0 %    10.0 %       \n" in shown


def test_a_room_that_was_not_measured_is_below_its_floor():
    "A report without the room proves nothing"
    assert below(by_room({"camkit/http/a.py": counts(100), "camkit/case/a.py": counts(100)})) == ["badges"]


def contents(folder: Path) -> dict[str, bytes]:
    "Every file below a folder"
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    "A checkout with an investigator's own export, notebooks and cases in it, wherever an earlier camkit put them"
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copyfile(ROOT / name, root / name)
    (root / "notebooks").mkdir()
    source = "from pathlib import Path\nPath('../out/plot.png').write_text('new')\n"
    look = "[path.name for path in Path('../data').iterdir()]"
    write_notebook(root / "notebooks" / "01_first.ipynb", source + look)
    for path in (
        "data/own.csv", "my-notebooks/02_changed.ipynb", "out/front-door/case.sqlite", "out/front-door.zip",
        "out/lab/out/front-door/case.sqlite", "out/demo/front-door/case.sqlite", "out/demo/second.zip",
    ):  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("evidence")
    return root


def test_make_clean_removes_no_case_export_or_notebook(checkout: Path) -> None:
    "Only the environment and the caches go"
    before = contents(checkout)
    for name in (".venv/bin/python", ".mypy_cache/x", ".pytest_cache/x", ".ruff_cache/x", ".coverage"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("made again")
    subprocess.run(["make", "clean"], cwd=checkout, check=True, capture_output=True)
    assert contents(checkout) == before


@pytest.mark.not_quick
def test_make_demo_replaces_no_case_and_no_bag(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    "Not even one that it made itself, whichever half of case and bag is there; it names what it did not write"
    code = (
        "from pathlib import Path\n"
        "[(Path('../out') / name).mkdir(parents=True) for name in ('front-door', 'second')]\n"
        "[(Path('../out') / name).write_text('new') for name in "
        "('front-door/case.sqlite', 'front-door.zip', 'second/case.sqlite', 'second.zip', 'plot.png')]"
    )
    write_notebook(checkout / "notebooks" / "01_first.ipynb", code)
    before = contents(checkout)
    demo(checkout)
    after = contents(checkout)
    assert {name: text for name, text in after.items() if name in before} == before
    made = {name for name in after.keys() - before.keys() if not name.startswith("out/demo/notebooks/")}
    assert made == {"out/demo/plot.png"}
    said = capsys.readouterr().out
    for name in ("front-door", "front-door.zip", "second", "second.zip"):
        assert f"out/demo/{name} was not written" in said


def test_copies_of_the_notebooks_keep_what_was_changed(checkout: Path) -> None:
    "A notebook that is there already is not copied again, and a new one is"
    (checkout / "notebooks" / "02_changed.ipynb").write_text("as shipped")
    copy_new(sorted((checkout / "notebooks").glob("*")), checkout / "my-notebooks")
    copies = contents(checkout / "my-notebooks")
    assert copies["02_changed.ipynb"] == b"evidence"
    assert "01_first.ipynb" in copies


def test_the_copies_to_work_with_show_nothing_of_the_sample(tmp_path: Path) -> None:
    "A cell that was not run yet would show somebody else's results beside one's own"
    copies = copy_new(notebooks(ROOT), tmp_path / "my-notebooks", without_outputs)
    for shipped in notebooks(ROOT):
        before, after = (nbformat.read(path, as_version=4).cells for path in (shipped, copies / shipped.name))
        assert [cell.source for cell in after] == [cell.source for cell in before]
        assert any(cell.outputs for cell in before if cell.cell_type == "code")
        assert not any(cell.outputs or cell.execution_count for cell in after if cell.cell_type == "code")


@pytest.mark.slow
@pytest.mark.browser
@needs_chromium
def test_make_lab_opens_copies_beside_the_exports_and_asks_nothing(checkout: Path, tmp_path: Path) -> None:
    "In the real JupyterLab: no question about news, `../data` is where one's export is, `../out` where results go"
    before = contents(checkout)
    command = ("-m", "tools.notebooks", "lab", "--root", str(checkout))
    with (
        jupyter_lab(checkout, tmp_path / "jupyter", command, {}, PYTHONPATH=str(ROOT)) as running,
        browser_page() as page,
    ):
        open_notebook(page, running, "my-notebooks/01_first.ipynb")
        run_all(page)
        expect(outputs(page, 0)).to_have_text("['own.csv']")
        expect(page.locator(".jp-toast-message, .Toastify__toast")).to_have_count(0)
        expect(page.get_by_text("Jupyter news")).to_have_count(0)
    assert (checkout / "out" / "plot.png").read_text() == "new"
    assert before.items() <= contents(checkout).items()


@pytest.mark.slow
def test_making_the_environment_shows_how_far_it_is(tmp_path: Path) -> None:
    "What pip is at, from the first second on; and when it fails, what it said and where the rest is"
    (tmp_path / "requirements.lock").write_text(
        f"one==1\ntwo[all]==2\n# three==3\n./gone.whl --hash=sha256:{'0' * 64}\n"
    )
    screen = io.StringIO()
    assert make(tmp_path / ".venv", tmp_path, screen) != 0
    lines = screen.getvalue().splitlines()
    assert lines[1].startswith("  fetched 0 of about 2 packages, ")
    assert "gone.whl" in screen.getvalue()
    assert (
        lines[-1] == f"The environment could not be made; all that pip said is in {tmp_path}/.venv/pip.log."
    )
