"""Do a task with each of many items on a Dask cluster: one that is given, the active one, or this machine's cores."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from camkit.errors import CamkitError, ClusterError, InputError, OutputError
from camkit.support.bar import BAR_AFTER_S, Bar
from camkit.support.interrupts import interrupts_wait

__all__ = ["active", "cluster", "need_dask", "on_each", "require_running"]

if TYPE_CHECKING:
    from distributed import Client, Future

    T = TypeVar("T")
    R = TypeVar("R")

WORKERS_S = 60
"""How long a cluster without workers is waited for, seconds."""

LOOK_S = 5
"""How long a result is waited for before workers are looked for, seconds."""

_ON_WORKERS = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""Ctrl-C goes to all processes of a terminal or a kernel; the workers are ended by the one that started them."""

UNDER_WAY = 4
"""So many tasks for each thread of the workers are handed over at a time: a scheduler need not hold a million."""


def need_dask(for_what: str) -> Any:
    """Return `dask.distributed`; `InputError` if it is not installed."""
    try:
        return import_module("distributed")
    except ModuleNotFoundError:
        raise InputError(
            f"{for_what} needs Dask, which is not installed: run  pip install 'camkit[dask]'  and restart the kernel."
        ) from None


def active() -> bool:
    """Whether there is a Dask client to which work goes unless another is given."""
    distributed = sys.modules.get("distributed")
    try:
        return distributed is not None and bool(distributed.default_client())
    except ValueError:
        return False


def require_running(client: Client) -> Client:
    """Return a client if it is one of Dask, and connected.

    Raises
    ------
    InputError
        If it is something else.
    ClusterError
        If it is closed.
    """
    if not isinstance(client, need_dask("A cluster").Client):
        raise InputError(f"client is {client!r}; it must be a distributed.Client.")
    if client.status != "running":
        raise ClusterError("The client of the Dask cluster is closed: make another one, and run this again.")
    return client


@contextmanager
def cluster(client: Client | None, for_what: str) -> Iterator[Client]:
    """Give the client, or the active one, or a cluster with a process for each core that ends with the block."""
    distributed = need_dask(for_what)
    if client is not None or active():
        yield require_running(distributed.default_client() if client is None else client)
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ExitStack() as stack:
        with interrupts_wait():  # else the processes that have started would stay
            local = distributed.LocalCluster(
                n_workers=cores,
                threads_per_worker=1,
                security=True,
                dashboard_address="127.0.0.1:0",  # without an address it could be that of another cluster
                silence_logs=logging.CRITICAL,  # what goes wrong is raised here
                preload=[_ON_WORKERS],
            )
            stack.enter_context(local)
            own = stack.enter_context(distributed.Client(local, set_as_default=False))
        yield own


def on_each(
    client: Client,
    task: Callable[..., R],
    items: Sequence[T],
    *common: object,
    what_stays: str,
    doing: str = "",
) -> Iterator[R]:
    """Do a task with each item, on any worker; yield what it returns, in the order of the items.

    A task whose worker ends is done again, so it may be done twice: it must leave the same files then. What is common
    to all is sent to each worker once, and again where a worker is new. A progress bar says what it is `doing`, if that
    is given.

    Raises
    ------
    CamkitError
        What a task raises.
    OutputError
        If a worker cannot write, such as to a full disk.
    ClusterError
        If the scheduler or all workers go away, or workers end again and again; `what_stays` says what is left then.
    """
    waiting: list[Future[Any]] = []
    todo, done = iter(items), 0
    bar = Bar(doing, len(items), "", after_s=BAR_AFTER_S if doing else inf)
    with _in_words(what_stays), closing(bar):
        try:
            lent = [client.submit(_same, value, pure=False) for value in common]
            at_once, looked_at = UNDER_WAY * _wait_for_workers(client), time.monotonic()
            for item in todo:
                if time.monotonic() - looked_at > LOOK_S:  # workers may have come
                    at_once, looked_at = UNDER_WAY * _wait_for_workers(client), time.monotonic()
                waiting.append(client.submit(_tried, task, item, *lent, pure=False))
                while len(waiting) >= at_once:
                    yield _result(client, waiting.pop(0))
                    bar.at(done := done + 1)
            while waiting:
                yield _result(client, waiting.pop(0))
                bar.at(done := done + 1)
        finally:
            if waiting and client.status == "running":
                client.cancel(waiting)


def _wait_for_workers(client: Client) -> int:
    """Wait a little while there are not any workers; return how many threads they have."""
    require_running(client)
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        raise _NoWorkers from None
    return max(1, sum(client.nthreads().values()))


def _same(value: T) -> T:
    return value


@dataclass(frozen=True)
class _Failed:
    error: Exception


def _tried(task: Callable[..., R], *arguments: object) -> R | _Failed:
    """What a task returns, or what went wrong: Dask would write it into the worker's log, with its traceback."""
    try:
        return task(*arguments)
    except (CamkitError, OSError) as error:
        return _Failed(error)


def _result(client: Client, future: Future[Any]) -> Any:
    """Wait for a task to be done, and for what it returns to be here, as long as there are workers."""
    while not future.done():
        try:
            future.exception(LOOK_S)  # waits, and does not raise it
        except TimeoutError:
            _wait_for_workers(client)
    loop: Any = client.loop
    # Once: `future.result(LOOK_S)` would have it sent again each time.
    here = asyncio.run_coroutine_threadsafe(client.gather(future, asynchronous=True), loop.asyncio_loop)
    try:
        while not futures.wait([here], LOOK_S).done:
            _wait_for_workers(client)
    finally:
        here.cancel()
    result = here.result()
    if isinstance(result, _Failed):
        raise result.error
    return result


class _NoWorkers(Exception):
    """The cluster did not have workers for `WORKERS_S`."""


@contextmanager
def _in_words(what_stays: str) -> Iterator[None]:
    """Say what ended the work on a cluster."""
    distributed = need_dask("")
    try:
        yield
    except _NoWorkers:
        raise ClusterError(
            f"The Dask cluster did not have a worker for {WORKERS_S} s: start some, and run this again. {what_stays}"
        ) from None
    except distributed.scheduler.KilledWorker as error:
        raise ClusterError(
            f"Workers ended {error.allowed_failures + 1} times at the same task, most likely for want of memory: give "
            f"each worker more, or run fewer on a machine. {what_stays}"
        ) from None
    except (
        futures.CancelledError,
        distributed.client.FutureCancelledError,
        distributed.comm.CommClosedError,
        distributed.core.RPCClosed,
    ):
        raise ClusterError(
            "The scheduler of the Dask cluster does not answer any more, or somebody ended the work there. Start the "
            f"cluster again, and run this again. {what_stays}"
        ) from None
    except ImportError as error:
        raise ClusterError(
            f"A worker of the cluster does not have {error.name or 'what camkit needs'}: install the same camkit where "
            f"the workers run. {what_stays}"
        ) from None
    except OSError as error:
        named = f" {error.filename}" if error.filename else ""
        raise OutputError(
            f"A worker of the cluster cannot read or write{named}: {error.strerror or error}. Make room, or correct "
            f"it, and run this again. {what_stays}"
        ) from None
