"""The Eagle Eye device list as a table, and which of its cameras are worth asking for a picture.

Sources: columns 0 to 25 and their meaning from EENCloud/api-docs; rows of 26 to 29 columns, a null id
and empty tails as seen in public code (SwyftG/EEN, rado0x54/python-carson-living).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

COLUMNS = (
    "account_id id name type bridges service_status permissions tags guid serial_number device_status "
    "timezone timezone_utc_offset is_unsupported ip_address is_shared owner_account_name is_upnp "
    "video_input video_status location parent_camera_id child_camera_view is_hidden ignored_inputs "
    "responder_camera super_tags discovered_state flags"
).split()
"""The vendor's names, by position in a row."""

REQUIRED_COLUMNS = 26
"""The oldest documented row length; the columns after it come and go."""

CAMERA_TYPES = ("camera", "mobile_camera", "multiview_camera", "mca_camera")

_INTEGERS = "device_status timezone_utc_offset is_unsupported is_shared is_hidden responder_camera".split()
_TEXTS = (
    "account_id id name type service_status permissions guid serial_number timezone ip_address "
    "owner_account_name video_input video_status parent_camera_id child_camera_view"
).split()
_SERVICE = {
    "IGND": "not attached (IGND: could be attached)",
    "IDLE": "registered but not working (IDLE)",
    "ERSE": "being erased (ERSE)",
}


def device_table(rows: Sequence[Any]) -> pd.DataFrame:
    """Name the columns of the vendor's device list.

    Parameters
    ----------
    rows : sequence
        As the service sends them: one positional array per device.

    Returns
    -------
    pandas.DataFrame
        One row per device, in the service's order, indexed by ``position`` from 1; the vendor's 29
        columns, absent ones missing (``string`` and ``Int64`` where the vendor documents text and
        numbers, ``boolean`` for ``is_upnp``, objects for nested values), and ``row_problem`` (text, missing
        when the row is as documented).
    """
    missing = [None] * len(COLUMNS)
    records = [(row + missing)[: len(COLUMNS)] if isinstance(row, list) else missing for row in rows]
    position = pd.RangeIndex(1, len(records) + 1, name="position")
    table = pd.DataFrame(records, columns=COLUMNS, index=position, dtype=object)
    for name in _TEXTS:
        table[name] = pd.array([_text(value) for value in table[name]], dtype="string")
    for name in _INTEGERS:
        table[name] = pd.array([_integer(value) for value in table[name]], dtype="Int64")
    upnp = [value if isinstance(value, bool) else None for value in table["is_upnp"]]
    table["is_upnp"] = pd.array(upnp, dtype="boolean")
    table["row_problem"] = pd.array([_row_problem(row) for row in rows], dtype="string")
    return table


def usable_cameras(devices: pd.DataFrame) -> pd.DataFrame:
    """Say of each device whether it can be asked for a picture, and if not, why.

    Parameters
    ----------
    devices : pandas.DataFrame
        As `EagleEye.devices` returns it.

    Returns
    -------
    pandas.DataFrame
        Same index; ``id``, ``name``, ``type`` (string), ``device_status`` (Int64), ``usable`` (bool) and
        ``reason`` (string, missing where usable). The first reason that applies is given: an odd row, no
        id, not a camera, not supported, not attached. Usable means worth asking: whether a
        picture comes is another matter.
    """
    kind, service = devices["type"], devices["service_status"]
    reason = pd.Series(pd.NA, index=devices.index, dtype="string")
    rules = (
        (devices["row_problem"].notna(), devices["row_problem"]),
        (devices["id"].isna() | (devices["id"] == ""), "no id (null)"),
        (~kind.isin(CAMERA_TYPES), "not a camera (" + kind.fillna("no type") + ")"),
        (devices["is_unsupported"].fillna(0) != 0, "not supported by the vendor"),
        (
            service.fillna("") != "ATTD",
            service.map(_SERVICE).fillna("not attached (" + service.fillna("no state") + ")"),
        ),
    )
    for applies, text in rules:
        reason = reason.mask(reason.isna() & applies.fillna(False), text)
    table = devices[["id", "name", "type", "device_status"]].copy()
    table["usable"] = reason.isna().astype(bool)
    table["reason"] = reason
    return table


def _row_problem(row: Any) -> str | None:
    if not isinstance(row, list):
        return f"the row is not an array but {type(row).__name__}"
    if len(row) < REQUIRED_COLUMNS:
        return f"the row has {len(row)} of at least {REQUIRED_COLUMNS} columns"
    return None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _integer(value: Any) -> int | None:
    return int(value) if isinstance(value, int) and -(2**63) <= value < 2**63 else None
