"""The result of a download: which frames are on disk, what failed; as tables, a picture and HTML."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from camkit.cameras.een.previews.collection import SavedFrame
from camkit.cameras.een.previews.failures import Failure
from camkit.errors import InputError
from camkit.support.html import block_html, table_html, text_html, visible


@dataclass(frozen=True, repr=False)
class DownloadRun:
    """The result of `camkit.download_previews`.

    Attributes
    ----------
    camera_id : str
    out : pathlib.Path
        The folder.
    wanted : int
        How many different frames were asked for.
    saved : tuple of SavedFrame
        The different frames on disk, by number.
    failures : tuple of Failure
        Requests that failed, in order.
    requests, repeated : int
        Requests made; those among them that gave a frame already known.
    found_before : int
        Frames that were in the folder when the run began.
    elapsed_s : float
        Seconds from start to end.
    shortfall : str
        Why there are fewer than wanted; empty if there are enough.
    """

    camera_id: str
    out: Path
    wanted: int
    saved: tuple[SavedFrame, ...] = field(repr=False)
    failures: tuple[Failure, ...] = field(repr=False)
    requests: int
    repeated: int
    found_before: int
    elapsed_s: float
    shortfall: str

    @property
    def complete(self) -> bool:
        """Whether as many different frames are on disk as were wanted."""
        return len(self.saved) >= self.wanted

    @property
    def frames(self) -> pd.DataFrame:
        """One row per frame on disk, by number.

        Returns
        -------
        pandas.DataFrame
            ``file`` (string), ``time`` (datetime64, UTC, the vendor's), ``bytes`` (int64), ``sha256`` (string) and
            ``latency_s`` (float64, seconds; NaN for a frame that was there before).
        """
        rows = [(f.path.name, f.at, f.size, f.sha256, f.latency_s) for f in self.saved]
        table = pd.DataFrame(rows, columns=["file", "time", "bytes", "sha256", "latency_s"])
        table["time"] = pd.to_datetime(table["time"], utc=True)
        return table.astype({"file": "string", "sha256": "string", "bytes": "int64", "latency_s": "float64"})

    @property
    def failed(self) -> pd.DataFrame:
        """One row per failed request: ``moment``, ``reason`` (string), ``status`` (Int64)."""
        rows = [(f.moment, f.reason, f.status) for f in self.failures]
        table = pd.DataFrame(rows, columns=["moment", "reason", "status"])
        return table.astype({"moment": "string", "reason": "string", "status": "Int64"})

    def compare(self, earlier: DownloadRun) -> pd.DataFrame:
        """Say which frames an earlier run did not have.

        Returns
        -------
        pandas.DataFrame
            The rows of `frames` with ``new`` (bool): neither the camera's time nor the bytes are in `earlier`.
        """
        table = self.frames.drop(columns="latency_s")
        known_times = set(earlier.frames["time"]) if earlier.camera_id == self.camera_id else set()
        known_bytes = set(earlier.frames["sha256"])
        table["new"] = ~(table["time"].isin(known_times) | table["sha256"].isin(known_bytes))
        return table

    def contact_sheet(self, columns: int = 5) -> Image.Image:
        """Draw all frames on one sheet, oldest first, each with its time.

        Returns
        -------
        PIL.Image.Image
            Shown by a notebook. A frame whose file is gone or damaged has an empty place.

        Raises
        ------
        InputError
            If `columns` is not positive.
        """
        if columns < 1:
            raise InputError(f"columns is {columns}; it must be at least 1.")
        width, height, caption, gap = 200, 113, 18, 8
        rows = max(1, -(-len(self.saved) // columns))
        size = (columns * (width + gap) + gap, rows * (height + caption + gap) + gap)
        sheet = Image.new("RGB", size, "white")
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
        for place, frame in enumerate(sorted(self.saved, key=lambda frame: frame.timestamp)):
            x = gap + place % columns * (width + gap)
            y = gap + place // columns * (height + caption + gap)
            thumbnail = _thumbnail(frame, (width, height))
            sheet.paste(thumbnail, (x + (width - thumbnail.width) // 2, y + (height - thumbnail.height) // 2))
            label = f"{frame.number:02d}   {frame.at:%H:%M:%S.%f}"[:-3]
            draw.text((x + 2, y + height + 1), label, "#333333", font)
        return sheet

    def problems(self) -> list[str]:
        """One sentence for each problem: too few frames, and files that are gone or are not what was saved."""
        found = [] if self.complete else [f"Only {len(self.saved)} of {self.wanted} frames. {self.shortfall}"]
        return found + [
            f"{frame.path.name} {problem}." for frame in self.saved if (problem := _problem(frame))
        ]

    def summary(self) -> str:
        """One or two sentences: what is on disk, and if it is too little, why."""
        if not self.saved:
            said = f"No frames of camera {self.camera_id} were saved."
        else:
            times = [frame.at for frame in self.saved]
            first, last = min(times), max(times)
            is_one_day = first.date() == last.date()
            span = f"{first:%Y-%m-%d %H:%M:%S} to {last:{'' if is_one_day else '%Y-%m-%d '}%H:%M:%S} UTC"
            said = f"{len(self.saved)} different frames of camera {self.camera_id}, {span}."
        return visible(said if self.complete else f"{said} Wanted: {self.wanted}. {self.shortfall}")

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        table = self.frames.drop(columns="latency_s")
        table["sha256"] = table["sha256"].str[:16] + "…"
        parts = [f"<p>{text_html(self.summary())}</p>"]
        if len(table):
            parts.append(table_html(table, index=False, border=0))
        if not self.complete and self.failures:
            parts += ["<p>What failed:</p>", table_html(self.failed, index=False, border=0)]
        return block_html(*parts)


def _problem(frame: SavedFrame) -> str | None:
    """What is wrong with the file of a frame, as the rest of a sentence."""
    if not frame.path.is_file():
        return "is no longer a file" if frame.path.exists() else "is no longer there"
    try:
        content = frame.path.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return (
        None if sha256(content).hexdigest() == frame.sha256 else "is not what was saved: its SHA-256 differs"
    )


def _thumbnail(frame: SavedFrame, size: tuple[int, int]) -> Image.Image:
    """A small copy of a frame; plain grey if its file is not what was saved."""
    if _problem(frame):
        return Image.new("RGB", size, "#dddddd")
    with Image.open(io.BytesIO(frame.path.read_bytes()), formats=("JPEG",)) as image:
        image.draft("RGB", size)
        thumbnail = image.convert("RGB")
        thumbnail.thumbnail(size)
    return thumbnail
