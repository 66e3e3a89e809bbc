"""Ask each camera once: which ones stay silent, and what they answer instead."""

from __future__ import annotations

from functools import partial

import pandas as pd

from camkit.cameras.een.client import EagleEye
from camkit.cameras.een.devices import usable_cameras
from camkit.errors import LoginRefused, ServiceError
from camkit.support.workers import run_together


def probe_cameras(een: EagleEye, devices: pd.DataFrame | None = None, *, workers: int = 5) -> pd.DataFrame:
    """Ask every usable camera for its newest preview, once.

    Parameters
    ----------
    devices : pandas.DataFrame, optional
        As `EagleEye.devices` returns it; fetched when not given.
    workers : int
        How many are asked at the same time.

    Returns
    -------
    pandas.DataFrame
        One row per usable camera, indexed like `devices`: ``id``, ``name`` (string), ``answered`` (bool) and
        ``said`` (string: why there was no picture; missing where there was one).

    Raises
    ------
    LoginRefused
        If the vendor refuses the login.
    """
    devices = een.devices() if devices is None else devices
    fleet = usable_cameras(devices)
    table = fleet.loc[fleet["usable"], ["id", "name"]].copy()
    said = run_together((partial(_ask, een, camera_id) for camera_id in table["id"]), workers)
    table["answered"] = [text is None for text in said]
    table["said"] = pd.array(said, dtype="string")
    return table


def _ask(een: EagleEye, camera_id: str) -> str | None:
    """What a camera said instead of giving a picture."""
    try:
        een.frame(camera_id, "now", attempts=1)
    except LoginRefused:
        raise
    except ServiceError as error:
        return error.said or str(error)
    return None
