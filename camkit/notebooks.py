"""Run the notebooks from the command line: ``python -m camkit.notebooks demo | store | lab``.

``demo`` runs them against the demo site and leaves what they make under ``out/``; ``store`` runs them and keeps the
outputs in the notebooks themselves; ``lab`` opens JupyterLab on a working copy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT_S = 120


def run(path: Path) -> Any:
    """Execute one notebook in its own folder against the demo site.

    Parameters
    ----------
    path : pathlib.Path
        The notebook, which is not changed.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook, without timings and widget state, so that two runs are alike.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env={**os.environ, "CAMKIT_DEMO": "1"})
    return notebook


def demo(root: Path) -> int:
    """Run all notebooks; leave them executed, as HTML, with their images and plots, under ``out/``."""
    import nbformat
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter

    out = root / "out"
    executed = out / "notebooks"
    executed.mkdir(parents=True, exist_ok=True)
    # The pages open offline: no script is asked for from elsewhere.
    exporter = HTMLExporter(require_js_url="", jquery_url="", mathjax_url="", jupyter_widgets_base_url="")
    exporter.html_manager_semver_range = ""
    began = time.perf_counter()
    for path in notebooks(root):
        started = time.perf_counter()
        print(f"  {path.name:<32}", end="", flush=True)
        try:
            notebook = run(path)
        except CellExecutionError as error:
            print(f"failed\n\n{error}", file=sys.stderr)
            return 1
        nbformat.write(notebook, executed / path.name)
        page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
        (executed / path.name).with_suffix(".html").write_text(page, encoding="utf-8")
        print(f"{time.perf_counter() - started:5.1f} s")
    images, plots = sorted(out.glob("*-preview-*.jpeg")), sorted(out.glob("*.png"))
    pages = sorted(executed.glob("*.html"))
    print(
        f"\nDone in {time.perf_counter() - began:.0f} s. In {os.path.relpath(out)}/ there are now\n"
        f"  notebooks/  {len(pages)} executed notebooks, each also as an HTML page\n"
        f"  *.jpeg      {len(images)} preview images\n"
        f"  *.png       {len(plots)} plots\n"
        f"Begin with {os.path.relpath(pages[0])}"
    )
    return 0


def store(root: Path) -> int:
    """Run all notebooks and keep their outputs in place."""
    import nbformat

    for path in notebooks(root):
        print(f"  {path.name}", flush=True)
        notebook = run(path)
        nbformat.write(notebook, path)
    return 0


def lab(root: Path, arguments: list[str]) -> int:
    """Open JupyterLab, on this machine only and with a token, on a working copy under ``out/lab``."""
    copy = working_copy(root, root / "out" / "lab")
    first = notebooks(copy)[0]
    print(f"Working copy: {copy} (what you change there stays; remove the folder to start afresh)")
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={copy}", "--ServerApp.ip=127.0.0.1",
        f"--LabApp.default_url=/lab/tree/notebooks/{first.name}", *arguments,
    ]  # fmt: skip
    os.chdir(copy)
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter


def working_copy(root: Path, copy: Path) -> Path:
    """Copy notebooks and data to a folder, keeping what is there already."""
    for source in (*notebooks(root), *sorted((root / "data").glob("*"))):
        target = copy / source.relative_to(root)
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return copy


def notebooks(root: Path) -> list[Path]:
    """The notebooks, in their order."""
    return sorted((root / "notebooks").glob("[0-9]*.ipynb"))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m camkit.notebooks", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("demo", "store", "lab"))
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder that holds notebooks/ and data/")
    chosen, rest = parser.parse_known_args(arguments)
    if chosen.what == "lab":
        return lab(chosen.root, rest)
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    return {"demo": demo, "store": store}[chosen.what](chosen.root)


if __name__ == "__main__":
    sys.exit(main())
