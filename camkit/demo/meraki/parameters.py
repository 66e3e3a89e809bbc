"""The query parameters of each call: those that the demo serves, those that exist, and no others.

A filter that is ignored in silence is an answer to another question. So one that the vendor has and the demo does not
serve, and one that nobody has, are refused by name; the vendor's own answer to the latter is not documented. Source:
meraki/openapi.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from flask import request

PAGING = "perPage startingAfter endingBefore"
DEVICES = f"{PAGING} networkIds[] productTypes[] serials[] models[] macs[] serial model name mac tags[] tagsFilterType"
STATUSES = f"{PAGING} networkIds[] productTypes[] serials[] models[] statuses[] tags[] tagsFilterType"

SERVED = {
    "organizations": PAGING,
    "networks": PAGING,
    "organization_devices": DEVICES,
    "statuses": STATUSES,
    "availabilities": f"{PAGING} networkIds[] productTypes[] serials[] tags[] tagsFilterType",
    "video_link": "timestamp",
}
"""By the name of the demo's view."""

REDIRECTED = "camkit_redirected"
"""The mark of a redirect on demand (`camkit.demo.misbehaviour`)."""

NOT_SERVED = set("configTemplateId isBoundToConfigTemplate configurationUpdatedAfter".split())
NOT_SERVED |= set("sensorMetrics[] sensorAlertProfileIds[]".split())


def check_parameters(refuse: Callable[[int, str], NoReturn]) -> None:
    """Refuse the first parameter of the request that is not served."""
    view = (request.endpoint or "").partition(".")[2]
    served = SERVED.get(view, "").split()
    for name in request.args:
        if name == REDIRECTED:
            continue
        plain = name.removesuffix("[]")
        if name in served or f"{plain}[]" in served:
            continue
        if name in NOT_SERVED or f"{plain}[]" in NOT_SERVED:
            refuse(400, f"'{plain}' is a parameter that this demo site does not serve")
        refuse(400, f"'{plain}' is not a parameter of this call")
