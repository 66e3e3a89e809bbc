"""Text from outside is shown as it is: in JupyterLab, in a notebook exported as HTML, and in a terminal."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from bs4.element import PageElement
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from playwright.sync_api import expect

from camkit.support.html import LITERAL
from tests.conftest import ROOT
from tests.support.browser import browser_page, jupyter_lab, needs_chromium, notebook, open_notebook, run_all
from tests.support.hostile import CELLS, write_notebook
from tools.notebooks import notebooks

MATHS = re.compile(r"\$|\\\(|\\\[|\\begin\{")
"""Where MathJax sees mathematics begin."""
NEVER_RUN = ("script", "style", "textarea", "pre", "code", "title")
"""In these MathJax does not look, and the last is not a part of the page."""
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def texts(html: str) -> Iterator[PageElement]:
    """Yield every text of a page that MathJax looks at."""
    for text in BeautifulSoup(html, "html.parser").find_all(string=True):
        if not text.find_parent(NEVER_RUN) and text.strip():
            yield text


def is_literal(text: PageElement, which: str) -> bool:
    return any(which in parent.get("class", ()) for parent in text.parents)


def html_outputs(book: NotebookNode) -> list[str]:
    found = (
        output.get("data", {}).get("text/html") for cell in book.cells for output in cell.get("outputs", ())
    )
    return [html for html in found if html]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The notebook that shows the text everywhere, as it was run."""
    folder = tmp_path_factory.mktemp("hostile")
    write_notebook(folder / "all.ipynb")
    book = nbformat.read(folder / "all.ipynb", as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(book, timeout=60, kernel_name="python3", resources=resources).execute()
    return book


@pytest.mark.parametrize("path", notebooks(ROOT), ids=lambda path: path.stem)
def test_every_text_of_a_notebooks_outputs_is_literal(path: Path) -> None:
    "Each text in each HTML output is in an element that neither JupyterLab's MathJax nor an exported page's runs"
    outputs = html_outputs(nbformat.read(path, as_version=4))
    assert outputs
    loose = [
        text for html in outputs for text in texts(html) for name in LITERAL if not is_literal(text, name)
    ]
    assert loose == []


@pytest.mark.not_quick
def test_every_kind_of_result_shows_hostile_text_as_it_is(shown: NotebookNode) -> None:
    "Logs, tables, snapshots, entries, cases: the text is there, escaped, and in an element that is not run as LaTeX"
    outputs = html_outputs(shown)
    with_maths = [[text for text in texts(html) if MATHS.search(text)] for html in outputs]
    assert sum(map(bool, with_maths)) >= 9
    for name in LITERAL:
        assert [text for found in with_maths for text in found if not is_literal(text, name)] == []
    assert not [html for html in outputs if OBEYED.search(html)]


@pytest.mark.not_quick
def test_a_notebook_that_is_exported_shows_it_as_it_is(shown: NotebookNode) -> None:
    "On the whole page that nbconvert makes there is no mathematics that MathJax, in its older version there, would run"
    page, _ = HTMLExporter().from_notebook_node(shown)
    maths = [text for text in texts(page) if MATHS.search(text)]
    assert len(maths) >= 9
    assert [text for text in maths if not is_literal(text, "tex2jax_ignore")] == []


@pytest.mark.not_quick
def test_no_output_of_a_notebook_has_a_character_that_is_obeyed(shown: NotebookNode) -> None:
    "Texts beside the HTML, what is printed, and the messages of errors: only pandas' and Python's own colours are left"
    plain = [
        output.get("text") or output.get("data", {}).get("text/plain") or "\n".join(output.traceback)
        for cell in shown.cells
        for output in cell.outputs
    ]
    assert len(plain) >= len(CELLS) - 2
    assert [text for text in plain if OBEYED.search(text)] == []
    assert sum("[U+001B]" in text for text in plain) >= 6


@pytest.mark.slow
@pytest.mark.browser
@needs_chromium
def test_jupyterlab_runs_none_of_it(tmp_path: Path) -> None:
    "In the real JupyterLab: its MathJax runs what a cell of one's own asks for, and nothing in any result of the kit"
    root = tmp_path / "notebooks"
    root.mkdir()
    write_notebook(root / "all.ipynb", "from IPython.display import HTML\nHTML('<p>$x$</p>')")
    with (
        jupyter_lab(root, tmp_path / "jupyter", PYTHONPATH=str(ROOT)) as lab,
        browser_page(1280, 12_000) as page,
    ):
        open_notebook(page, lab, "all.ipynb")
        run_all(page)
        cells = notebook(page).locator(".jp-CodeCell")
        expect(cells.last.locator("mjx-container")).to_have_count(1)
        expect(notebook(page).locator("mjx-container, .MathJax")).to_have_count(1)
        for part in (".camkit-review", ".dt-container"):  # the panel, and the picker's table
            expect(notebook(page).locator(part).first).to_contain_text("bbox[white")


def test_every_result_goes_through_the_same_block() -> None:
    "Each `_repr_html_` of the package returns `block_html(...)`, or nothing"
    ways = {
        f"{file.relative_to(ROOT)}:{step.lineno}": ast.unparse(step.value)
        for file in (ROOT / "camkit").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "_repr_html_"
        for step in ast.walk(node)
        if isinstance(step, ast.Return) and step.value is not None
    }
    assert len(ways) >= 8
    assert {at: way for at, way in ways.items() if not way.startswith("block_html(") and way != "None"} == {}
