"""The notebooks reproduce their stored outputs, pictures included, and can be read without running them."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from camkit.badges import load_badges, load_doors, resolve
from camkit.case import Case
from tests.conftest import ROOT
from tools.notebooks import notebooks, run, run_all, working_copy

NOTEBOOKS = notebooks(ROOT)
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path: Path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def run_nbval(folder: Path, *, how: str = "--nbval", demo: str = "1") -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "pytest", how, "-p", "tests.support.nbval_strict", "-p", "no:cacheprovider",
        "--nbval-sanitize-with", str(ROOT / "tests" / "support" / "nbval_sanitize.cfg"),
        "--rootdir", str(folder), "-c", os.devnull, "-q", "--tb=short", str(folder / "notebooks"),
    ]  # fmt: skip
    environment = {**os.environ, "CAMKIT_DEMO": demo, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=300)


@pytest.mark.not_quick
@pytest.mark.timeout(320)
def test_every_notebook_runs_to_its_stored_outputs(tmp_path):
    "Every cell reproduces what is stored, images byte for byte, starting with an empty out folder"
    copy = working_copy(ROOT, tmp_path)
    done = run_nbval(copy)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed == sum(len(code_cells(path)) for path in NOTEBOOKS)
    assert len(list((copy / "out").glob("*-preview-*.jpeg"))) == 20


@pytest.mark.slow
@pytest.mark.timeout(320)
def test_every_notebook_runs_by_api_v3_too(tmp_path):
    "The same cells, none changed; and the same twenty pictures, byte for byte, as by API v1"
    copy = working_copy(ROOT, tmp_path)
    done = run_nbval(copy, how="--nbval-lax", demo="v3")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) == sum(len(code_cells(path)) for path in NOTEBOOKS)
    by_v1 = (ROOT / "notebooks" / "03_download_previews.ipynb").read_text()
    images = list((copy / "out").glob("*-preview-*.jpeg"))
    assert len(images) == 20
    assert all(
        image.name in by_v1 and sha256(image.read_bytes()).hexdigest()[:16] in by_v1 for image in images
    )


@pytest.mark.not_quick
def test_a_changed_picture_and_an_unrun_cell_are_found(tmp_path):
    "The check can fail: for another picture, and for a cell that was stored without being run"
    book = nbformat.v4.new_notebook()
    code = "from IPython.display import Image\nImage(b'\\x89PNG\\r\\n\\x1a\\n', format='png')"
    book.cells = [nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell("1")]
    other = {"image/png": "iVBORw0KGgpvdGhlcg==\n", "text/plain": "<IPython.core.display.Image object>"}
    book.cells[0].outputs = [nbformat.v4.new_output("execute_result", other, execution_count=1)]
    book.cells[0].execution_count = 1
    (tmp_path / "notebooks").mkdir()
    nbformat.write(book, tmp_path / "notebooks" / "01_x.ipynb")
    said = run_nbval(tmp_path).stdout
    assert "1 failed, 1 error" in said
    assert "image/png" in said
    assert "without being run" in said


@every_notebook
def test_is_stored_as_run_from_top_to_bottom(path):
    "Execution counts run 1..n, no error is stored, and no widget state or timing"
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    book = nbformat.read(path, as_version=4)
    assert "widgets" not in book.metadata
    assert not any("execution" in cell.metadata for cell in book.cells)


@every_notebook
def test_holds_no_logic(path):
    "No function, class, loop, branch or try: what can go wrong is in the package, under a test"
    kinds = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try, ast.With, ast.Lambda)
    for cell in code_cells(path):
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, kinds)], cell.source


@every_notebook
def test_tells_a_story(path):
    "A question as the title, what the reader will do, one commented parameters cell, a check, and help if it fails"
    book = nbformat.read(path, as_version=4)
    prose = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    assert prose[0].startswith("# ") and "?" in prose[0].splitlines()[0]
    assert prose[0].count("\n- ") in range(3, 6)
    assert "Run > Run All Above Selected Cell" in prose[0]  # what to do when a name is not defined
    assert "camkit.notebook_defaults()" in code_cells(path)[1].source  # beside the imports, where it is seen
    parameters = [cell for cell in book.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(parameters) == 1
    assert all("#" in line for line in parameters[0].source.splitlines() if line.strip())
    assert prose[-1].startswith("## If this fails")
    assert any("camkit.check(" in cell.source for cell in code_cells(path))


@every_notebook
def test_shows_nothing_of_this_machine(path):
    "No path, port or address of the machine that ran it"
    text = path.read_text()
    assert str(ROOT) not in text
    assert not re.search(r"127\.0\.0\.1:\d|0x[0-9a-f]{10,}|/home/|/root/|/tmp/", text)


@pytest.mark.not_quick
def test_a_case_continues_with_its_own_events(tmp_path):
    "Run again, notebook 02 shows the events of the case and adds no others"
    copy = working_copy(ROOT, tmp_path)
    path = copy / "notebooks" / "02_snapshots.ipynb"
    with Case(copy / "out" / "front-door") as case:
        log = load_badges(copy / "data" / "sample_badges.csv", timezone="America/Denver")
        case.add_events(resolve(log.events.iloc[[3, 20]], load_doors(copy / "data" / "doors.csv")))
        case.record_verdict(3, "unclear")
    book = run(path)
    panel = next(cell for cell in book.cells if cell.source.endswith("\npanel"))
    assert "1 of 2 reviewed" in panel.outputs[0]["data"]["text/plain"]
    with Case(copy / "out" / "front-door") as case:
        assert case.events().index.tolist() == [3, 20]


@pytest.mark.not_quick
def test_a_mistake_shows_a_message_without_a_traceback(tmp_path):
    "The failing cell shows one line: what is wrong and what to do"
    code = "import camkit\ncamkit.load_badges('no-such-log.csv')"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(book, kernel_name="python3", allow_errors=True).execute(cwd=str(tmp_path))
    (output,) = book.cells[0].outputs
    (said,) = output.traceback
    assert said.startswith("BadgeFileError: The file no-such-log.csv does not exist in the folder")
    assert "\n" not in said


@pytest.mark.not_quick
def test_an_existing_case_is_never_overwritten(tmp_path):
    "Neither the case nor its bag: both may be evidence"
    (tmp_path / "notebooks").mkdir()
    code = (
        "from pathlib import Path\nout = Path('../out/mine'); out.mkdir(parents=True)\n"
        "(out / 'case.sqlite').write_text('new'); Path('../out/mine.zip').write_text('new'); "
        "Path('../out/plot.png').write_text('new')"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(book, tmp_path / "notebooks" / "01_x.ipynb")
    out = tmp_path / "out"
    (out / "mine").mkdir(parents=True)
    for name in ("mine/case.sqlite", "mine.zip", "plot.png"):
        (out / name).write_text("old")
    run_all(tmp_path, out)
    assert [(out / name).read_text() for name in ("mine/case.sqlite", "mine.zip", "plot.png")] == [
        "old",
        "old",
        "new",
    ]


@every_notebook
def test_help_quotes_only_messages_that_exist(path):
    "What stands in italics under \"If this fails\" is a text of the package; '...' stands for what varies"
    help_text = " ".join(nbformat.read(path, as_version=4).cells[-1].source.split())
    quotes = re.findall(r"\*([^*]+)\*", help_text)
    assert quotes
    assert [quote for quote in quotes if not any(map(gapped(quote).search, messages()))] == []


def gapped(quote: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"\s*\.\.\.\s*", quote))))


@cache
def messages() -> list[str]:
    """All texts in the package, each on one line and with a gap where a value is put in."""
    nodes = (
        node for file in (ROOT / "camkit").rglob("*.py") for node in ast.walk(ast.parse(file.read_text()))
    )
    return [" ".join(text.split()) for node in nodes if (text := text_of(node))]


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return "".join(text_of(part) or "…" for part in node.values) if isinstance(node, ast.JoinedStr) else ""


def test_a_quote_of_a_message_that_is_gone_is_found():
    "The check can fail"
    gone = "None of the devices is a camera that is online and answers"
    assert not any(map(gapped(gone).search, messages()))
