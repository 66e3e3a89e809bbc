"""Pages and their ``Link`` header, with unquoted relations.

Source: CiscoDevNet/Meraki-Dashboard-API-v1-Documentation, ``Pagination``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request


def paged(
    items: list[Any], key: Callable[[Any], str], render: Callable[[Any], Any], limits: range
) -> Response:
    """Answer with one page of `items`, which must be sorted by `key`.

    Parameters
    ----------
    limits : range
        The allowed ``perPage``. The default is 1,000, or the largest allowed if that is less.
    """
    default = min(1000, limits[-1])
    text = request.args.get("perPage", str(default))
    if not text.isdecimal() or int(text) not in limits:
        return _bad(f"'perPage' must be between {limits[0]} and {limits[-1]}")
    size = int(text)
    start = 0
    if "startingAfter" in request.args:
        start = bisect_right(items, request.args["startingAfter"], key=key)
    elif "endingBefore" in request.args:
        start = max(0, bisect_left(items, request.args["endingBefore"], key=key) - size)
    page = items[start : start + size]
    answer = jsonify([render(item) for item in page])
    links = []
    if page and start > 0:
        links += [_link("first"), _link("prev", endingBefore=key(page[0]))]
    if page and start + size < len(items):
        links.append(_link("next", startingAfter=key(page[-1])))
        links.append(_link("last", endingBefore="~"))
    if links:
        answer.headers["Link"] = ", ".join(links)
    return answer


def _link(rel: str, **token: str) -> str:
    kept = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name not in ("startingAfter", "endingBefore")
    ]
    return f"<{request.base_url}?{urlencode([*kept, *token.items()])}>; rel={rel}"


def _bad(text: str) -> Response:
    answer = jsonify({"errors": [text]})
    answer.status_code = 400
    return answer
