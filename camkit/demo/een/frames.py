"""When a camera took its preview frames: computed from their number, without a list.

Frame i of a camera is taken at i x 1.35 s plus a jitter of at most 0.325 s, so the gaps are 0.7 to 2.0 s, as
in a published run (SwyftG/EEN, ``out/``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PERIOD_MS, JITTER_MS = 1350, 325
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class FrameTimes:
    """The frame times of one camera.

    Parameters
    ----------
    seed : int
        The world's seed.
    camera_id : str
        Eagle Eye id.
    """

    seed: int
    camera_id: str

    def time_of(self, index: int) -> datetime:
        """When frame `index` was taken, UTC-aware, whole milliseconds."""
        return _EPOCH + self._ms_of(index) * _MILLISECOND

    def at_or_before(self, moment: datetime) -> int:
        """The number of the newest frame not after `moment`."""
        ms = (moment - _EPOCH) // _MILLISECOND
        index = (ms + JITTER_MS) // PERIOD_MS
        return index if self._ms_of(index) <= ms else index - 1

    def before(self, moment: datetime) -> int:
        """The number of the newest frame strictly before `moment`."""
        index = self.at_or_before(moment)
        return index - 1 if self.time_of(index) == moment else index

    def after(self, moment: datetime) -> int:
        """The number of the oldest frame strictly after `moment`."""
        return self.at_or_before(moment) + 1

    def _ms_of(self, index: int) -> int:
        key = f"{self.seed} {self.camera_id} {index}".encode()
        noise = int.from_bytes(hashlib.blake2s(key, digest_size=4).digest(), "big")
        return index * PERIOD_MS + noise % (2 * JITTER_MS + 1) - JITTER_MS
