"""A program that makes a BagIt bag of a folder and checks it; `bag` runs it in a process of its own.

Usage: ``python make_bag.py FOLDER``, with the fields of ``bag-info.txt`` as JSON on the standard input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bagit


def main(folder: Path) -> None:
    """Make the bag in place."""
    bag = bagit.make_bag(str(folder), json.load(sys.stdin), checksums=["sha256", "sha512"])
    # bagit writes 0.97, the draft before the RFC; what it made is valid for 1.0 as well.
    (folder / "bagit.txt").write_text(
        "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", encoding="utf-8", newline="\n"
    )
    bag.save()
    bagit.Bag(str(folder)).validate()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
