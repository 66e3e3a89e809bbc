"""Several things at a time on gevent, stopped together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import gevent
from gevent.pool import Pool

from camkit.errors import InputError

T = TypeVar("T")


def run_together(tasks: Iterable[Callable[[], T]], workers: int) -> list[T]:
    """Run tasks in greenlets, at most `workers` at a time.

    Parameters
    ----------
    tasks : iterable of callable
        Taken one by one, as places become free.

    Returns
    -------
    list
        Their results, in the order of the tasks.

    Raises
    ------
    InputError
        If `workers` is not positive.
    BaseException
        The first that a task raised, after the others were stopped; KeyboardInterrupt likewise.

    Notes
    -----
    Nothing is left behind: a greenlet that outlived an interrupt would go on at the next use of the hub.
    """
    if workers < 1:
        raise InputError(f"workers is {workers}; it has to be at least 1.")
    pool = Pool(workers)
    jobs: list[gevent.Greenlet] = []
    errors: list[BaseException] = []

    def run(task: Callable[[], T]) -> T | None:
        try:
            return task()
        except gevent.GreenletExit:
            raise
        except BaseException as error:  # kept, or gevent would print it to the notebook
            errors.append(error)
            pool.kill(block=False)
            return None

    try:
        with _quiet_interrupt():
            for task in tasks:
                if errors:
                    break
                jobs.append(pool.spawn(run, task))
            gevent.joinall(jobs)
    finally:
        gevent.killall(jobs)
    if errors:
        raise errors[0]
    return [job.value for job in jobs]


@contextmanager
def _quiet_interrupt() -> Iterator[None]:
    """Keep gevent's hub from printing a KeyboardInterrupt, which it raises in the main greenlet anyway."""
    hub = gevent.get_hub()
    before = hub.NOT_ERROR
    hub.NOT_ERROR = (*before, KeyboardInterrupt)
    try:
        yield
    finally:
        hub.NOT_ERROR = before
