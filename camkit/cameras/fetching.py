"""Fetch a snapshot for each event and camera: in this process, or on a Dask cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from camkit.badges import Camera, DoorEvent, DoorEvents, require_resolved
from camkit.cameras.fetcher import Answer, SnapshotFetcher
from camkit.cameras.lent import Lendable, borrowed, lend
from camkit.cameras.snapshots import Snapshots
from camkit.cameras.source import SnapshotSource
from camkit.directory import Directory
from camkit.errors import CamkitError
from camkit.support.cluster import on_each
from camkit.support.workers import interruptible, run_together

if TYPE_CHECKING:
    from distributed import Client


def snapshots_for(
    events: DoorEvents,
    source: SnapshotSource | Mapping[str, SnapshotSource],
    *,
    directory: Directory | None = None,
    workers: int = 5,
    client: Client | None = None,
) -> Snapshots:
    """Fetch, for each event, what each of its door's cameras saw at that moment.

    Parameters
    ----------
    events : DoorEvents
        As `camkit.resolve` returns them.
    source : SnapshotSource or mapping of str to SnapshotSource
        One vendor's client, or several by vendor, as ``site.sources`` gives them.
    directory : Directory, optional
        Looks each cardholder up, who is then shown beside the picture.
    workers : int
        How many are fetched at a time, in each process.
    client : distributed.Client, optional
        A Dask cluster over which the cameras are spread. The directory is asked from this process.

    Returns
    -------
    Snapshots
        One per event and camera, in the order of the events and of their cameras. A picture that could not be
        fetched is among them, with the reason.

    Raises
    ------
    InputError
        If `events` is not what `camkit.resolve` returns, or the cluster's connections are not encrypted.
    LoginRefused
        If a vendor refuses the login.
    ClusterError
        If the cluster goes away.
    Interrupted
        If it is stopped. The pictures that had come are kept in memory for the next call with the same clients.
    """
    require_resolved(events)
    fetcher = SnapshotFetcher(source, directory)
    pairs = [(event, camera) for event in events for camera in event.cameras or (None,)]
    with interruptible(partial(_keep, fetcher)):
        for earlier in _interrupted:
            fetcher.take_over(earlier)
        try:
            if client is not None:
                _ask_on(client, fetcher, pairs, workers)
            items = run_together((partial(fetcher.fetch, *pair) for pair in pairs), workers)
        except CamkitError:
            _interrupted[:] = [fetcher]  # for the next call
            raise
        _interrupted.clear()
    clients = source.values() if isinstance(source, Mapping) else [source]
    accounts = {client.vendor: getattr(client, "account", {}) for client in clients}
    zones = {vendor: account["timezone"] for vendor, account in accounts.items() if "timezone" in account}
    return Snapshots(items, zones)


def _ask_on(
    client: Client,
    fetcher: SnapshotFetcher,
    pairs: Sequence[tuple[DoorEvent, Camera | None]],
    workers: int,
) -> None:
    """Ask cameras on the workers of a cluster, each camera on one of them; what is left is asked in this process."""
    lendable = {vendor: one for vendor, one in fetcher.sources.items() if isinstance(one, Lendable)}
    wanted: dict[tuple[str, str], dict[datetime, None]] = defaultdict(dict)
    for event, camera in pairs:
        if camera is not None and camera.vendor in lendable:
            moment = event.at(camera)
            if not fetcher.has_answer(camera.vendor, camera.camera_id, moment):
                wanted[camera.vendor, camera.camera_id][moment] = None
    for vendor in {vendor for vendor, _ in wanted}:
        # One here: a vendor that cannot be reached is not asked for every camera.
        place = next(place for place in wanted if place[0] == vendor)
        fetcher.ask(*place, wanted[place].popitem()[0])
        if not fetcher.can_reach(vendor):
            wanted = {place: moments for place, moments in wanted.items() if place[0] != vendor}
    work = [(*place, list(moments)) for place, moments in wanted.items() if moments]
    if not work:
        return
    with ExitStack() as stack:
        vendors = {vendor for vendor, _, _ in work}
        names = {vendor: stack.enter_context(lend(client, lendable[vendor])) for vendor in vendors}
        for answers in on_each(client, _ask_camera, work, names, workers, what_stays=KEPT, doing="Cameras"):
            fetcher.take_answers(answers)


def _ask_camera(
    work: tuple[str, str, list[datetime]], names: Mapping[str, str], workers: int
) -> dict[tuple[str, str, datetime], Answer]:
    """Ask a camera for its pictures; this runs on a worker."""
    vendor, camera_id, moments = work
    source = borrowed(names[vendor])
    fetcher = SnapshotFetcher({vendor: source})
    try:
        answers = run_together((partial(fetcher.ask, vendor, camera_id, at) for at in moments), workers)
    finally:
        source.close()  # its sockets belong to the hub of this task
    return {(vendor, camera_id, at): answer for at, answer in zip(moments, answers, strict=True)}


KEPT = "The pictures that had come are kept. Run the cell again: it fetches the others only."

_interrupted: list[SnapshotFetcher] = []
"""The fetcher of the last call, if that was interrupted: the next one takes over what had come."""


def _keep(fetcher: SnapshotFetcher) -> str:
    _interrupted[:] = [fetcher]
    return (
        f"{fetcher.pictures} pictures had come and are kept. Run the cell again: it fetches the others only."
    )
