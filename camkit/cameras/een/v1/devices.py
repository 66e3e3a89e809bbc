"""The device list of API v1: a positional row for each device.

Sources: columns 0 to 25 from EENCloud/api-docs; rows of 26 to 29 columns, a null id and empty tails as seen in public
code (SwyftG/EEN, rado0x54/python-carson-living).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from camkit.cameras.een.devices import COLUMNS, device_table

REQUIRED_COLUMNS = 26
"""The oldest documented row length; the columns after it come and go."""


def table_of_rows(rows: Sequence[Any]) -> pd.DataFrame:
    """Name the columns of the rows as the service sends them; the table is that of `device_table`."""
    records = [dict(zip(COLUMNS, row if isinstance(row, list) else (), strict=False)) for row in rows]
    table = device_table(records, [_row_problem(row) for row in rows])
    # Without both it would be taken for a device of API v3, which has neither.
    is_silent = table["row_problem"].isna() & table["service_status"].isna() & table["device_status"].isna()
    table["row_problem"] = table["row_problem"].mask(
        is_silent, "the row has neither a service status nor a device status"
    )
    return table


def _row_problem(row: Any) -> str | None:
    if not isinstance(row, list):
        return f"the row is not an array but {type(row).__name__}"
    if len(row) < REQUIRED_COLUMNS:
        return f"the row has {len(row)} of at least {REQUIRED_COLUMNS} columns"
    return None
