"""Do a task with each of many items on a Dask cluster: one that is given, the active one, or this machine's cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from camkit.errors import CamkitError, ClusterError, InputError, OutputError

__all__ = ["active", "cluster", "need_dask", "on_each"]

if TYPE_CHECKING:
    from distributed import Client, Future

    T = TypeVar("T")
    R = TypeVar("R")

WORKERS_S = 60
"""How long a cluster without workers is waited for, seconds."""

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


@contextmanager
def cluster(client: Client | None, for_what: str) -> Iterator[Client]:
    """Give the client, or the active one, or a cluster with a process for each core that ends with the block."""
    distributed = need_dask(for_what)
    if client is not None or active():
        yield client or distributed.default_client()
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    local = distributed.LocalCluster(
        n_workers=cores, threads_per_worker=1, processes=True, dashboard_address=None, security=True
    )
    with local, distributed.Client(local, set_as_default=False) as own:
        yield own


def on_each(
    client: Client, task: Callable[..., R], items: Sequence[T], *common: object, what_stays: str
) -> Iterator[R]:
    """Do a task with each item, on any worker; yield what it returns, in the order of the items.

    A task whose worker ends is done again, so it may be done twice: it must leave the same files then. What is common
    to all is sent to each worker once, and again where a worker is new.

    Raises
    ------
    CamkitError
        What a task raises.
    OutputError
        If a worker cannot write, such as to a full disk.
    ClusterError
        If the scheduler goes away, or workers end again and again; `what_stays` says what is left then.
    """
    _require_workers(client)
    lent = [client.submit(_same, value, pure=False) for value in common]
    threads = max(1, sum(client.nthreads().values()))
    waiting: list[Future[Any]] = []
    todo = iter(items)
    try:
        for item in todo:
            waiting.append(client.submit(task, item, *lent, pure=False))
            if len(waiting) >= UNDER_WAY * threads:
                yield _result(client, waiting.pop(0), what_stays)
        while waiting:
            yield _result(client, waiting.pop(0), what_stays)
    finally:
        if waiting and client.status == "running":
            client.cancel(waiting)


def _require_workers(client: Client) -> None:
    """Wait a little for the first worker of a cluster."""
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        raise ClusterError(
            f"The Dask cluster did not have a worker for {WORKERS_S} s: start some, and run this again."
        ) from None


def _same(value: T) -> T:
    return value


def _result(client: Client, future: Future[Any], what_stays: str) -> Any:
    """Wait for what a task returns; say in words what ended it."""
    distributed = need_dask("")
    try:
        return future.result()
    except CamkitError:
        raise
    except distributed.scheduler.KilledWorker as error:
        raise ClusterError(
            f"Workers ended {error.allowed_failures + 1} times at the same task, most likely for want of memory: give "
            f"each worker more, or run fewer on a machine. {what_stays}"
        ) from None
    except (distributed.client.FutureCancelledError, distributed.comm.CommClosedError):
        raise _gone(what_stays) from None
    except OSError as error:
        named = f" {error.filename}" if error.filename else ""
        raise OutputError(
            f"A worker of the cluster cannot read or write{named}: {error.strerror or error}. Make room, or correct "
            f"it, and run this again. {what_stays}"
        ) from None


def _gone(what_stays: str) -> ClusterError:
    return ClusterError(
        "The scheduler of the Dask cluster does not answer any more, or somebody ended the work there. Start the "
        f"cluster again, and run this again. {what_stays}"
    )
