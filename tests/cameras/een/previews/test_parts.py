"""The parts of a download on their own: which moments, which numbers, what follows from a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from camkit.cameras.een import Moment, ReceivedFrame
from camkit.cameras.een.previews.collection import Collection
from camkit.cameras.een.previews.failures import GIVE_UP_AFTER, Failures, Reaction
from camkit.cameras.een.previews.schedule import NEWEST, STEP_S, Schedule
from camkit.errors import BadResponse, NoPicture, NotFound, ServiceError
from tests.support.scripted_een import CAMERA

NOW = datetime(2019, 4, 12, 20, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "reaction"),
    [
        (BadResponse("damaged"), Reaction.REPEAT),
        (NoPicture("no matching asset"), Reaction.LOOK_BETWEEN),
        (NotFound("esn not a camera"), Reaction.STOP),
        (NoPicture("later", retry_after_s=3600), Reaction.STOP),
    ],
)
def test_each_failure_has_its_reaction(error: ServiceError, reaction: Reaction):
    "What may pass is repeated; the end of the recordings is looked around; all else stops, and only that has a reason"
    failures = Failures()
    assert failures.add(NEWEST, error, is_silent=False) is reaction
    assert (failures.stopped is not None) == (reaction is Reaction.STOP)
    assert (failures.nothing_older is not None) == (reaction is Reaction.LOOK_BETWEEN)


def test_only_a_camera_without_a_frame_is_given_up():
    "After some failures in a row; one that gave a frame is asked as long as there are attempts"
    silent, other = Failures(), Failures()
    for _ in range(GIVE_UP_AFTER):
        assert silent.stopped is None
        last = silent.add(NEWEST, BadResponse("damaged"), is_silent=True)
        assert other.add(NEWEST, BadResponse("damaged"), is_silent=False) is Reaction.REPEAT
    assert last is Reaction.STOP and "10 times in a row" in silent.stopped
    assert other.stopped is None


def test_the_first_moments_are_relative_and_the_others_count_back_from_the_newest_frame():
    "So the same camera gives the same frames, whatever this machine's clock says"
    schedule = Schedule(2)
    assert [schedule.take(), schedule.take()] == [NEWEST, Moment.now(timedelta(seconds=STEP_S))]
    schedule.found(NEWEST, ReceivedFrame(CAMERA, NOW, "", None, None, reply=None), is_new=True)
    assert schedule.take() == Moment.at(NOW - timedelta(seconds=2 * STEP_S))


def test_where_nothing_is_older_it_looks_before_each_known_frame():
    "The newest first; then there is no moment left, and what failed is still repeated"
    times = [NOW - timedelta(seconds=9), NOW]
    schedule = Schedule(5, known=times)
    schedule.failed(NEWEST, Reaction.LOOK_BETWEEN)
    assert [schedule.take() for _ in range(3)] == [*map(Moment.before, reversed(times)), None]
    schedule.failed(Moment.at(NOW), Reaction.REPEAT)
    assert schedule.take() == Moment.at(NOW)


def test_numbers_have_no_gaps(tmp_path):
    "A number that was not used is the next one that is taken"
    collection = Collection(tmp_path, CAMERA)
    assert [collection.take_number() for _ in range(3)] == [0, 1, 2]
    collection.return_number(1)
    assert [collection.take_number() for _ in range(2)] == [1, 3]
