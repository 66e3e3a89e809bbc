"""Download preview frames of many cameras: in this process, on all cores of this machine, or on a Dask cluster."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from camkit.cameras import borrowed, lend
from camkit.cameras.een import EagleEye, usable_cameras
from camkit.cameras.een.formats import require_camera_id
from camkit.cameras.een.previews.download import download_previews
from camkit.cameras.een.previews.run import DownloadRun
from camkit.errors import InputError, InUse, LoginRefused, OutputError, ServiceError
from camkit.support.bar import Bar
from camkit.support.cluster import active, cluster, on_each
from camkit.support.files import make_folder
from camkit.support.html import block_html, table_html, text_html
from camkit.support.workers import interruptible, run_together, whole_number
from camkit.visible import visible

if TYPE_CHECKING:
    from distributed import Client

PAYS_FROM = 5_000
"""From so many images on, processes for all cores are started: that takes some seconds, and saves more."""

WHAT_STAYS = "The frames that were saved stay, and the same call fetches the others only."


@dataclass(frozen=True, repr=False)
class FleetRun:
    """The result of `download_fleet`.

    Attributes
    ----------
    asked : tuple of str
        The cameras, in the order asked for.
    runs : dict of str to DownloadRun
        By camera, those that could be asked.
    problems_of : dict of str to str
        By camera, why it could not be asked.
    elapsed_s : float
        Seconds from start to end.
    """

    asked: tuple[str, ...] = field(repr=False)
    runs: dict[str, DownloadRun] = field(repr=False)
    problems_of: dict[str, str]
    elapsed_s: float

    @property
    def complete(self) -> bool:
        """Whether as many frames as wanted are there of every camera."""
        return not self.problems_of and all(run.complete for run in self.runs.values())

    @property
    def cameras(self) -> pd.DataFrame:
        """One row per camera, in the order asked for.

        Returns
        -------
        pandas.DataFrame
            ``camera_id`` (string), ``frames`` (Int64; 0 for a camera that could not be asked), ``wanted``,
            ``requests``, ``failures`` (Int64; missing for such a camera), ``complete`` (bool), ``said`` (string: why
            there are too few).
        """
        rows: list[tuple[object, ...]] = [
            (name, len(run.saved), run.wanted, run.requests, len(run.failures), run.complete, run.shortfall)
            for name, run in self.runs.items()
        ]
        rows += [(name, 0, pd.NA, pd.NA, pd.NA, False, said) for name, said in self.problems_of.items()]
        names = ["camera_id", "frames", "wanted", "requests", "failures", "complete", "said"]
        table = pd.DataFrame(rows, columns=names)
        place = {name: number for number, name in enumerate(self.asked)}
        table = table.sort_values("camera_id", key=lambda ids: ids.map(place), ignore_index=True)
        counts = dict.fromkeys(names[1:5], "Int64")
        return table.astype({**counts, "camera_id": "string", "said": "string", "complete": "bool"})

    def problems(self) -> list[str]:
        """One sentence for each camera of which there are too few frames, and for each file that is not as saved."""
        found = [f"Camera {name}: {said}" for name, said in self.problems_of.items()]
        return found + [
            f"Camera {name}: {said}" for name, run in self.runs.items() for said in run.problems()
        ]

    def summary(self) -> str:
        """Say how many frames there are of how many cameras."""
        frames = sum(len(run.saved) for run in self.runs.values())
        whole = sum(run.complete for run in self.runs.values())
        cameras = len(self.runs) + len(self.problems_of)
        said = f"{frames:,} frames of {cameras:,} cameras; {whole:,} cameras are complete."
        return visible(said if self.complete else f"{said} See .cameras for the others.")

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        rest = self.cameras[~self.cameras["complete"]]
        parts = [table_html(rest.head(20), index=False, border=0)] if len(rest) else []
        return block_html(f"<p>{text_html(self.summary())}</p>", *parts)


@dataclass(frozen=True)
class _Order:
    """What is to be downloaded of each camera."""

    count: int
    workers: int
    attempts: int
    out: Path


def download_fleet(
    een: EagleEye,
    cameras: Iterable[str] | None = None,
    *,
    count: int = 20,
    workers: int = 5,
    at_once: int = 4,
    attempts: int = 30,
    out: str | Path = "out",
    client: Client | None = None,
) -> FleetRun:
    """Save different preview frames of many cameras, as `download_previews` does of one.

    Parameters
    ----------
    een : EagleEye
        The account.
    cameras : iterable of str, optional
        Camera ids. If left out, all that `usable_cameras` names.
    count, workers, attempts
        For each camera, as for `download_previews`.
    at_once : int
        How many cameras each process asks at a time.
    out : str or pathlib.Path
        The folder; each camera has a folder of its own in it, called by its id. What is there already counts.
    client : distributed.Client, optional
        A Dask cluster, whose workers see `out` by the same name. If left out, this process; from `PAYS_FROM` images on
        one process for each core, where Dask is installed and not in use.

    Returns
    -------
    FleetRun
        What is on disk of each camera, and why there is not more. A camera that fails does not stop the others.

    Raises
    ------
    InputError
        If a number is not whole and positive, or the cluster's connections are not encrypted.
    LoginRefused, ServiceUnreachable
        If the vendor refuses the login, or cannot be reached.
    OutputError
        If the folder cannot be written.
    ClusterError
        If the cluster goes away. What was saved stays.
    Interrupted
        If it is stopped; what was saved stays.

    Notes
    -----
    Each thread of a worker logs in once, with what `een` was made of. That is sent to the workers once and encrypted,
    and is not in any task. A wait that the vendor asks of one of them is kept by all. A camera whose worker ends is
    taken up by another one, which fetches what is missing.

    In a script, call it below ``if __name__ == "__main__":``, since processes of this machine import the script.
    """
    began = time.perf_counter()
    if not isinstance(een, EagleEye):
        raise InputError("The account is not one of Eagle Eye: give site.een.")
    order = _Order(
        whole_number("count", count),
        whole_number("workers", workers),
        whole_number("attempts", attempts),
        make_folder(out),
    )
    at_once = whole_number("at_once", at_once)
    een.ensure_login()
    if cameras is None:
        fleet = usable_cameras(een.devices())
        cameras = fleet.loc[fleet["usable"], "id"].tolist()
    cameras = [cameras] if isinstance(cameras, str) else cameras
    ids = [*dict.fromkeys(camera.lower() for camera in map(_checked, cameras))]
    if not ids:
        raise InputError("There is not a camera to ask: name some, or look at usable_cameras.")
    runs: dict[str, DownloadRun] = {}
    problems: dict[str, str] = {}
    with (
        interruptible(lambda: f"{len(runs)} of {len(ids)} cameras are done. {WHAT_STAYS}"),
        _workers(client, order, ids) as chosen,
        closing(Bar("Cameras", len(ids), "")) as bar,
    ):

        def keep(camera: str, one: DownloadRun | str) -> None:
            if isinstance(one, DownloadRun):
                runs[camera] = one
            else:
                problems[camera] = one
            bar.at(len(runs) + len(problems))

        if chosen is None:
            here = (
                partial(lambda camera: keep(camera, _download(een, order, camera)), camera) for camera in ids
            )
            run_together(here, at_once)
        else:
            for camera, one in _on_cluster(chosen, een, ids, order, at_once):
                keep(camera, one)
    return FleetRun(tuple(ids), runs, problems, time.perf_counter() - began)


def _checked(camera: str) -> str:
    require_camera_id(camera)
    return camera


@contextmanager
def _workers(client: Client | None, order: _Order, ids: list[str]) -> Iterator[Client | None]:
    """The cluster to work on, or None for this process."""
    pays = len(ids) * order.count >= PAYS_FROM and find_spec("distributed") is not None
    if client is None and (active() or not pays):
        yield None
        return
    with cluster(client, "A fleet on a cluster") as chosen:
        yield chosen


def _on_cluster(
    client: Client, een: EagleEye, ids: list[str], order: _Order, at_once: int
) -> Iterator[tuple[str, DownloadRun | str]]:
    """Give each worker some cameras at a time; which ones, Dask decides as they come."""
    order = replace(order, out=order.out.absolute())
    groups = [ids[first : first + at_once] for first in range(0, len(ids), at_once)]
    with lend(client, een) as name:
        done = on_each(client, _download_some, groups, name, order, what_stays=WHAT_STAYS)
        for group, found in zip(groups, done, strict=True):
            yield from zip(group, found, strict=True)


def _download_some(ids: list[str], name: str, order: _Order) -> list[Any]:
    """Download of some cameras at a time; this runs on a worker."""
    een = borrowed(name)
    try:
        return [*run_together((partial(_download, een, order, camera) for camera in ids), len(ids))]
    finally:
        een.close()  # its sockets belong to the hub of this task


def _download(een: EagleEye, order: _Order, camera: str) -> DownloadRun | str:
    """Download of one camera; a sentence if it cannot be asked, or has no folder."""
    try:
        folder = make_folder(order.out / camera)
    except OutputError as error:  # not that of all, which is there
        return str(error)
    try:
        return download_previews(
            een,
            camera,
            count=order.count,
            workers=order.workers,
            attempts=order.attempts,
            out=folder,
            progress=False,
        )
    except LoginRefused:
        raise
    except (ServiceError, InputError, InUse) as error:
        return str(error)
