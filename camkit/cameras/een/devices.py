"""The Eagle Eye device list as a table, and which of its cameras are worth asking for a picture.

Source of the columns and their meaning: EENCloud/api-docs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

COLUMNS = (
    "account_id id name type bridges service_status permissions tags guid serial_number device_status "
    "timezone timezone_utc_offset is_unsupported ip_address is_shared owner_account_name is_upnp "
    "video_input video_status location parent_camera_id child_camera_view is_hidden ignored_inputs "
    "responder_camera super_tags discovered_state flags"
).split()
"""The vendor's names in API v1, by position in a row."""

CAMERA_TYPES = ("camera", "mobile_camera", "multiview_camera", "mca_camera")

_INTEGERS = "device_status timezone_utc_offset is_unsupported is_shared is_hidden responder_camera".split()
_TEXTS = (
    "account_id id name type service_status permissions guid serial_number timezone ip_address "
    "owner_account_name video_input video_status parent_camera_id child_camera_view connection_status"
).split()
_SERVICE = {
    "IGND": "not attached (IGND: could be attached)",
    "IDLE": "registered but not working (IDLE)",
    "ERSE": "being erased (ERSE)",
}


def device_table(records: Sequence[Mapping[str, Any]], problems: Sequence[str | None]) -> pd.DataFrame:
    """Make a table of devices.

    Parameters
    ----------
    records : sequence of mapping
        What is known of each device, by the names in `COLUMNS` and ``connection_status``.
    problems : sequence of str or None
        What is wrong with each record; None where it is as documented.

    Returns
    -------
    pandas.DataFrame
        One row per device, in the service's order, indexed by ``position`` from 1; the vendor's 29
        columns of API v1, what is not known missing (``string`` and ``Int64`` where the vendor documents text and
        numbers, ``boolean`` for ``is_upnp``, objects for nested values); ``connection_status`` (string, the vendor's
        word; API v3 only) and ``row_problem`` (string, missing when the record is as documented).
    """
    columns = [*COLUMNS, "connection_status"]
    position = pd.RangeIndex(1, len(records) + 1, name="position")
    values = {name: [record.get(name) for record in records] for name in columns}
    table = pd.DataFrame(values, columns=columns, index=position, dtype=object)
    for name in _TEXTS:
        table[name] = pd.array([_text(value) for value in table[name]], dtype="string")
    for name in _INTEGERS:
        table[name] = pd.array([_integer(value) for value in table[name]], dtype="Int64")
    upnp = [value if isinstance(value, bool) else None for value in table["is_upnp"]]
    table["is_upnp"] = pd.array(upnp, dtype="boolean")
    table["row_problem"] = pd.array([*problems], dtype="string")
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
    # API v3 lists attached devices only, and has neither this state nor the bitmask.
    is_attached = (service == "ATTD").fillna(False) | (service.isna() & devices["device_status"].isna())
    reason = pd.Series(pd.NA, index=devices.index, dtype="string")
    rules = (
        (devices["row_problem"].notna(), devices["row_problem"]),
        (devices["id"].isna() | (devices["id"] == ""), "no id (null)"),
        (~kind.isin(CAMERA_TYPES), "not a camera (" + kind.fillna("no type") + ")"),
        (devices["is_unsupported"].fillna(0) != 0, "not supported by the vendor"),
        (
            ~is_attached,
            service.map(_SERVICE).fillna("not attached (" + service.fillna("no state") + ")"),
        ),
    )
    for applies, text in rules:
        reason = reason.mask(reason.isna() & applies.fillna(False), text)
    table = devices[["id", "name", "type", "device_status"]].copy()
    table["usable"] = reason.isna().astype(bool)
    table["reason"] = reason
    return table


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _integer(value: Any) -> int | None:
    """A number, also one that comes as text; None if it is not one, or larger than a column can hold."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,19}\s*", value, re.ASCII):
        value = int(value)
    return int(value) if isinstance(value, int) and -(2**63) <= value < 2**63 else None
