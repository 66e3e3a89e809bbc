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
    gaps : tuple of pairs of datetime.datetime
        When it took none, in order.
    """

    seed: int
    camera_id: str
    gaps: tuple[tuple[datetime, datetime], ...] = ()

    def time_of(self, index: int) -> datetime:
        """When frame `index` was taken, UTC-aware, whole milliseconds."""
        return _EPOCH + self._ms_of(index) * _MILLISECOND

    def at_or_before(self, moment: datetime) -> int:
        """The number of the newest frame not after `moment`."""
        index = self._at_or_before(moment)
        gap = self._gap(index)
        return self._at_or_before(gap[0] - _MILLISECOND) if gap else index

    def before(self, moment: datetime) -> int:
        """The number of the newest frame strictly before `moment`."""
        return self.at_or_before(moment - _MILLISECOND)

    def after(self, moment: datetime) -> int:
        """The number of the oldest frame strictly after `moment`."""
        index = self._at_or_before(moment) + 1
        gap = self._gap(index)
        return self._at_or_before(gap[1]) + 1 if gap else index

    def exists(self, index: int) -> bool:
        """Whether the camera took this frame."""
        return self._gap(index) is None

    def _at_or_before(self, moment: datetime) -> int:
        ms = (moment - _EPOCH) // _MILLISECOND
        index = (ms + JITTER_MS) // PERIOD_MS
        return index if self._ms_of(index) <= ms else index - 1

    def _gap(self, index: int) -> tuple[datetime, datetime] | None:
        """The gap in which a frame would have been taken."""
        if not self.gaps:
            return None
        time = self.time_of(index)
        return next((gap for gap in self.gaps if gap[0] <= time <= gap[1]), None)

    def _ms_of(self, index: int) -> int:
        key = f"{self.seed} {self.camera_id} {index}".encode()
        noise = int.from_bytes(hashlib.blake2s(key, digest_size=4).digest(), "big")
        return index * PERIOD_MS + noise % (2 * JITTER_MS + 1) - JITTER_MS
