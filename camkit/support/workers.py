"""Concurrent tasks on gevent that are stopped together."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import gevent
from gevent.pool import Pool

from camkit.errors import InputError, Interrupted

__all__ = ["interruptible", "run_together", "whole_number"]

T = TypeVar("T")


@contextmanager
def interruptible(say: Callable[[], str]) -> Iterator[None]:
    """Turn an interrupt of the block into one line, instead of the traceback of every greenlet it went through.

    Parameters
    ----------
    say : callable
        Called at the interrupt: keeps what is complete, and says in a sentence or two what that is.

    Raises
    ------
    Interrupted
        If the block was interrupted.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(say()) from None


def run_together(tasks: Iterable[Callable[[], T]], workers: int) -> list[T]:
    """Run tasks in greenlets, at most `workers` at a time.

    Parameters
    ----------
    tasks : iterable of callable
        Each is taken when a worker is free.

    Returns
    -------
    list
        Their results, in the order of the tasks.

    Raises
    ------
    InputError
        If `workers` is not a positive whole number.
    BaseException
        The first that a task raised, after the others were stopped; also KeyboardInterrupt.

    Notes
    -----
    No greenlet outlives the call: one that survived an interrupt would go on at the next use of the hub.
    """
    pool = Pool(whole_number("workers", workers))
    jobs: list[gevent.Greenlet] = []
    errors: list[BaseException] = []

    def run(task: Callable[[], T]) -> T | None:
        if errors:
            return None  # it waited for the worker that failed
        try:
            return task()
        except gevent.GreenletExit:
            raise
        except BaseException as error:  # noqa: BLE001 - raised below; here gevent would print it to the notebook
            errors.append(error)
            pool.kill(block=False)
            return None

    hub = gevent.get_hub()
    not_printed = hub.NOT_ERROR
    hub.NOT_ERROR = (*not_printed, KeyboardInterrupt)  # it is raised here, too
    try:
        for task in tasks:
            if errors:
                break
            jobs.append(pool.spawn(run, task))
        gevent.joinall(jobs)
    finally:
        hub.NOT_ERROR = not_printed
        gevent.killall(jobs)
    if errors:
        raise errors[0]
    return [job.value for job in jobs]


def whole_number(name: str, number: Any) -> int:
    """Return a positive whole number, numpy's as well, as an ``int``; `name` is the parameter's, for the message.

    Raises
    ------
    InputError
        If it is not a whole number, or less than 1.
    """
    with suppress(TypeError):
        if not isinstance(number, bool) and (whole := operator.index(number)) >= 1:
            return whole
    raise InputError(f"{name} is {number!r}; it must be a whole number, at least 1.")
