"""A report or a bag as a notebook's answer: its path, a link, and what to note of a bag."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from hashlib import file_digest
from html import escape
from pathlib import Path
from urllib.parse import quote

from camkit.errors import InputError
from camkit.support.html import block_html, text_html, visible


@dataclass(frozen=True, repr=False)
class FileLink:
    """A file that was written, to be shown at the end of a cell; made by `link`.

    Attributes
    ----------
    path : str
        Relative to the working folder, which is the notebook's.
    facts : mapping of str to str
        What to note of a bag: its ``SHA-256`` and the ``Seal`` of the case in it. Empty for another file.
    """

    path: str
    facts: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        lines = [self.path, *(f"{name}: {value}" for name, value in self.facts.items())]
        if self.facts:
            lines.append("Note both where nobody who has the bag can change them.")
        return visible("\n".join(lines))

    def _repr_html_(self) -> str:
        shown = f'<a href="{escape(quote(self.path))}" target="_blank">{text_html(self.path)}</a>'
        _, *rest = repr(self).splitlines()
        return block_html("<br>".join([shown, *map(text_html, rest)]))


def link(path: str | os.PathLike[str]) -> FileLink:
    """Show a file that was written as a path and a link; of a bag, also the hashes to note.

    Parameters
    ----------
    path : str or path-like
        What `Case.report` or `Case.export` returned.

    Returns
    -------
    FileLink
        Shows itself in a notebook.

    Raises
    ------
    InputError
        If the file is not there.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no file {path}: give what report() or export() returned.")
    return FileLink(Path(os.path.relpath(path)).as_posix(), _facts(path) if zipfile.is_zipfile(path) else {})


def _facts(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        facts = {"SHA-256": file_digest(file, "sha256").hexdigest()}
    with zipfile.ZipFile(path) as archive:
        info = next((name for name in archive.namelist() if name.split("/")[1:] == ["bag-info.txt"]), None)
        lines = archive.read(info).decode().splitlines() if info else []
    said = dict(line.partition(": ")[::2] for line in lines)
    return facts | ({"Seal": said["Case-Seal"]} if "Case-Seal" in said else {})
