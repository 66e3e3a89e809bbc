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
    "networks": f"{PAGING} tags[] tagsFilterType",
    "organization_devices": DEVICES,
    "statuses": STATUSES,
    "availabilities": f"{PAGING} networkIds[] productTypes[] serials[] tags[] tagsFilterType",
    "video_link": "timestamp",
}
"""By the name of the demo's view."""

NOT_SERVED = {
    "networks": "configTemplateId isBoundToConfigTemplate",
    "organization_devices": "configurationUpdatedAfter sensorMetrics[] sensorAlertProfileIds[]",
}

WORDS = {
    "tagsFilterType": ("withAnyTags", "withAllTags"),
    "statuses": ("online", "alerting", "offline", "dormant"),
}
"""The words that a parameter may have. Product types are not among them: newer editions add some."""


def check_parameters(refuse: Callable[[int, str], NoReturn]) -> None:
    """Refuse the first parameter of the request that is not served, or has a word that does not exist."""
    view = (request.endpoint or "").partition(".")[2]
    served, not_served = SERVED.get(view, "").split(), NOT_SERVED.get(view, "").split()
    for name in request.args:
        plain = name.removesuffix("[]")
        if name in served or f"{plain}[]" in served:
            words = WORDS.get(plain)
            if words and not {*given(plain)}.issubset(words):
                refuse(400, f"'{plain}' must be one of {', '.join(words)}")
            continue
        if name in not_served or f"{plain}[]" in not_served:
            refuse(400, f"'{plain}' is a parameter that this demo site does not serve")
        refuse(400, f"'{plain}' is not a parameter of this call")


def given(name: str) -> list[str]:
    """The values of a parameter that may be repeated, with ``[]`` behind its name or without, or hold commas."""
    values = [*request.args.getlist(f"{name}[]"), *request.args.getlist(name)]
    return [part for value in values for part in value.split(",")]


def has_tags(tags: list[str]) -> bool:
    """Whether something with these tags passes the request's filter: by default any of those asked for will do."""
    asked = set(given("tags"))
    if request.args.get("tagsFilterType") == "withAllTags":
        return asked.issubset(tags)
    return not asked or not asked.isdisjoint(tags)
