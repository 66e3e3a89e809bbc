"""A client of the demo site's control path: its request log and its faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests


class Control:
    """Controls one running demo site; see `camkit.demo.control`."""

    def __init__(self, info: Mapping[str, Any]) -> None:
        self._base = info["control"]  # its address is the key to it
        self._http = requests.Session()
        self._http.trust_env = False

    def reset(self) -> None:
        """Clear the request log, ordered snapshots and locks."""
        self._call("POST", "reset")

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Replace all faults with these."""
        self._call("PUT", "faults", json=list(faults))

    def expire_sessions(self) -> None:
        """End every Eagle Eye session."""
        self._call("POST", "expire-sessions")

    def asked(self) -> dict[str, Any]:
        """The request log since the last reset."""
        return self._call("GET", "requests").json()

    def count(self, part: str) -> int:
        """How many requests went to paths that contain `part`."""
        return sum(number for path, number in self.asked()["counts"].items() if part in path)

    def close(self) -> None:
        """Remove all faults and close the connection."""
        self.faults()
        self._http.close()

    def _call(self, method: str, name: str, **options: Any) -> requests.Response:
        answer = self._http.request(method, f"{self._base}/{name}", timeout=10, **options)
        answer.raise_for_status()
        return answer
