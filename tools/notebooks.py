"""Run the notebooks from the command line: ``python -m tools.notebooks demo | store | lab``.

``demo`` runs them against the demo site and writes the results to ``out/demo/``; ``store`` runs them and saves the
outputs in the notebooks; ``lab`` opens JupyterLab on copies of them in ``my-notebooks/``. None of them removes a file,
and none replaces a case or a bag.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from camkit.support.files import make_folder, write_whole

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT_S = 120

JUPYTER_CONFIG = Path(__file__).parent / "jupyter"
"""Settings for `lab`: Jupyter reads them from here, so nothing is written into anybody's own settings."""


def run(path: Path) -> NotebookNode:
    """Execute a notebook in its own folder against the demo site; ``CAMKIT_DEMO=v3`` chooses Eagle Eye's API v3.

    Parameters
    ----------
    path : pathlib.Path
        The notebook; the file is not changed.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook, without timings and widget state, so that two runs give the same file.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=[
            "--IPKernelApp.log_level=40"
        ],  # else it warns about TCP, which stays on this machine
    )
    # Whatever else is set: what is stored is the demo site's, never somebody's own cameras.
    chosen = "v3" if os.environ.get("CAMKIT_DEMO") == "v3" else "1"
    client.execute(env={**os.environ, "CAMKIT_DEMO": chosen})
    return notebook


def run_all(root: Path, out: Path) -> dict[str, NotebookNode]:
    """Execute all notebooks on a fresh copy and collect the files that they write.

    Parameters
    ----------
    root : pathlib.Path
        The folder with ``notebooks`` and ``data``; nothing in it is changed.
    out : pathlib.Path
        Receives what the notebooks write to ``../out``. Plots and images of the same name are replaced; a case and
        a bag never are, since they may be evidence.

    Returns
    -------
    dict of str to nbformat.NotebookNode
        The executed notebooks, by file name.
    """
    executed = {}
    with tempfile.TemporaryDirectory(prefix="camkit-") as folder:
        copy = working_copy(root, Path(folder))
        for path in notebooks(copy):
            started = time.perf_counter()
            print(f"  {path.name:<32}", end="", flush=True)
            executed[path.name] = run(path)
            print(f"{time.perf_counter() - started:5.1f} s", flush=True)
        _hand_over(copy / "out", out)
    return executed


def _hand_over(made: Path, out: Path) -> None:
    """Copy what was made to where it is wanted, but for a case of which the folder or the bag is there already."""
    kept = {case.parent.name for case in out.glob("*/case.sqlite")} | {bag.stem for bag in out.glob("*.zip")}
    for product in sorted(made.glob("*")):
        if product.name.removesuffix(".zip") in kept:
            print(
                f"  {os.path.relpath(out / product.name)} was not written: that case or its bag is there already."
            )
        elif product.is_dir():
            shutil.copytree(product, out / product.name, dirs_exist_ok=True)
        else:
            shutil.copyfile(product, out / product.name)


def demo(root: Path) -> None:
    """Run all notebooks and write them to ``out/demo/``: executed, as HTML pages, with their images and plots."""
    began = time.perf_counter()
    out = root / "out" / "demo"
    folder = make_folder(out / "notebooks")
    # The pages load no script from the network, so they open offline.
    exporter = HTMLExporter(require_js_url="", jquery_url="", mathjax_url="", jupyter_widgets_base_url="")
    for name, notebook in run_all(root, out).items():
        page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": Path(name).stem}})
        write_whole(folder / name, nbformat.writes(notebook).encode())
        write_whole((folder / name).with_suffix(".html"), page.encode())
    pages = sorted(folder.glob("*.html"))
    shown = os.path.relpath(out)
    print(
        f"\nDone in {time.perf_counter() - began:.0f} s. {shown}/ now contains\n"
        f"  {len(pages):3} executed notebooks, each also as an HTML page, in {shown}/notebooks/\n"
        f"  {len(list(out.glob('*-preview-*.jpeg'))):3} preview images (*.jpeg)\n"
        f"  {len(list(out.glob('*.png'))):3} plots (*.png)\n"
        f"  {len(list(out.glob('*/case.sqlite'))):3} case folder(s), each with its evidence bag (*.zip)\n"
        f"Start with {os.path.relpath(pages[0])}"
    )


def store(root: Path) -> None:
    """Run all notebooks and save their outputs in place; the files that they write are discarded."""
    with tempfile.TemporaryDirectory(prefix="camkit-") as out:
        for name, notebook in run_all(root, Path(out)).items():
            write_whole(root / "notebooks" / name, nbformat.writes(notebook).encode() + b"\n")


def lab(root: Path, arguments: list[str]) -> NoReturn:
    """Open JupyterLab on copies in ``my-notebooks/``, whose ``../data`` and ``../out`` are the checkout's own folders.

    It listens on loopback only, asks for a token, and does not ask about Jupyter's news.
    """
    copies = copy_new(notebooks(root), root / "my-notebooks", without_outputs)
    print(
        f"Your notebooks are in {os.path.relpath(copies)}/: what you change stays there. Put your own badge exports "
        f"into {os.path.relpath(root / 'data')}/; your cases, images and plots appear in "
        f"{os.path.relpath(root / 'out')}/."
    )
    if (before := root / "out" / "lab" / "out").is_dir():
        print(f"What an earlier camkit's `make lab` made is still in {os.path.relpath(before)}/.")
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}", "--ServerApp.ip=127.0.0.1",
        f"--LabApp.default_url=/lab/tree/{copies.name}/{notebooks(root)[0].name}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None", *arguments,
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container; else Jupyter refuses
    os.chdir(root)
    places = [str(JUPYTER_CONFIG), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(places)}
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter


def working_copy(root: Path, copy: Path) -> Path:
    """Copy the notebooks and their data to a folder; files that exist there are kept."""
    copy_new(notebooks(root), copy / "notebooks")
    copy_new((path for path in sorted((root / "data").glob("*")) if path.is_file()), copy / "data")
    return copy


def copy_new(
    files: Iterable[Path], folder: Path, copy: Callable[[Path, Path], object] = shutil.copyfile
) -> Path:
    """Copy files into a folder, but for those that are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in files:
        if not (target := folder / source.name).exists():
            copy(source, target)
    return folder


def without_outputs(source: Path, target: Path) -> None:
    """Copy a notebook as if nobody had run it: what it shows would be the sample's, beside one's own."""
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, target)


def notebooks(root: Path) -> list[Path]:
    """List the notebooks in order."""
    return sorted((root / "notebooks").glob("[0-9]*.ipynb"))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description="Run the notebooks.")
    parser.add_argument("what", choices=("demo", "store", "lab"))
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder with notebooks/ and data/")
    chosen, rest = parser.parse_known_args(arguments)
    if chosen.what == "lab":
        lab(chosen.root.resolve(), rest)
    if rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    try:
        {"demo": demo, "store": store}[chosen.what](chosen.root.resolve())
    except CellExecutionError as error:
        print(f"A cell failed.\n\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
