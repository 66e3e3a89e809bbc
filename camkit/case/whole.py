"""Large files that appear whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from camkit.errors import OutputError
from camkit.files import make_folder


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path in a new folder beside the target to write to; what is there at the end becomes the target.

    The folder is there for other things as well, and is removed.

    Raises
    ------
    OutputError
        If the disk is full, or nothing may be written there; nothing is left behind.
    """
    make_folder(path.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as aside:
            part = Path(aside) / path.name
            yield part
            part.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}. Make room or choose another folder."
        ) from None
