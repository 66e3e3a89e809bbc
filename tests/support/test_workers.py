"""Concurrent tasks that are stopped together."""

from __future__ import annotations

import signal

import gevent
import numpy as np
import pytest

from camkit import errors
from camkit.support.workers import interruptible, run_together


def test_returns_the_results_in_the_order_of_the_tasks():
    "Also if a later one is ready first"
    tasks = [lambda i=i: gevent.sleep(0.01 * (3 - i)) or i for i in range(3)]
    assert run_together(tasks, 3) == [0, 1, 2]
    assert run_together(tasks, np.int64(2)) == [0, 1, 2]


def test_stops_the_others_when_one_fails():
    "The first exception is raised, and the other tasks do not go on"
    went_on = []

    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_together([lambda: gevent.sleep(0.05) or went_on.append(1), fail], 2)
    gevent.sleep(0.1)
    assert went_on == []


def test_none_begins_after_one_has_failed():
    "Also not the one that waited for the worker that failed"
    begun = []

    def fail():
        gevent.sleep(0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_together([fail, lambda: begun.append(1), lambda: begun.append(2)], 1)
    assert begun == []


@pytest.mark.parametrize("workers", [None, 0, -1, True, 1.5, "5"])
def test_an_invalid_number_of_workers_is_an_input_error(workers):
    "Before any task begins"
    with pytest.raises(errors.InputError, match=r"workers is .*; it must be a whole number, at least 1"):
        run_together([lambda: pytest.fail("it began")], workers)


def test_an_interrupt_is_one_line_and_leaves_nothing_running():
    "It says what the caller kept, stays a KeyboardInterrupt, shows no traceback, and no task goes on"
    went_on = []
    tasks = [lambda: gevent.sleep(0.05) or went_on.append(1), lambda: signal.raise_signal(signal.SIGINT)]
    with pytest.raises(KeyboardInterrupt) as stopped, interruptible(lambda: "Half of it is kept."):
        run_together(tasks, 2)
    gevent.sleep(0.1)
    assert went_on == []
    assert stopped.value._render_traceback_() == ["Interrupted: Half of it is kept."]
    assert stopped.value.__suppress_context__


def test_what_is_no_interrupt_passes_through():
    "A failure of a task is not called an interrupt, and nothing is said that was kept"
    with pytest.raises(errors.InputError, match="no"), interruptible(lambda: pytest.fail("it was called")):
        raise errors.InputError("no")
