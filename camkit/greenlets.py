"""Several things at a time on gevent, stopped together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import gevent
from gevent.pool import Pool

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
    BaseException
        The first that a task raised, after the others were stopped; KeyboardInterrupt likewise.

    Notes
    -----
    Nothing is left behind: a greenlet that outlived an interrupt would go on at the next use of the hub.
    """
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
