"""Writing the world's CSV files: ``sample_badges.csv`` and ``doors.csv``."""

from __future__ import annotations

from pathlib import Path

from camkit.demo.world.badge_log import badges_csv, doors_csv


def write_data(folder: str | Path, seed: int) -> None:
    """Write both files into `folder`, each whole or not at all, with LF line endings."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("sample_badges.csv", badges_csv(seed)), ("doors.csv", doors_csv())):
        part = folder / f".{name}.part"
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(folder / name)
