"""Clients lent to the workers of a Dask cluster: each makes its own, and all keep to one rate.

What makes a client, secrets included, travels encrypted, or within this process, and is in the scheduler's metadata
until the call ends, or the kernel that made it: whoever has the cluster's certificate can read it there. It is not in a
task or a plugin, so it is not in what Dask says of them, on its dashboard or in a log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from camkit._version import __version__
from camkit.errors import ClusterError, InputError
from camkit.http import NotPickled, TokenBucket, secrets_stay_inside
from camkit.support.cluster import need_dask, require_running
from camkit.support.interrupts import interrupts_wait

if TYPE_CHECKING:
    from distributed import Client

POLL_S = 0.2
"""How long after one worker was asked to wait the others know it, seconds."""

COUNT_EVERY = 10
"""At every so many looks a worker counts the threads of all, among which the rate is divided."""

_MADE, _WAIT = "made", "wait"
"""What is in the scheduler's metadata: what a client is made of, and how long all wait."""

TRIES = 3
"""How often a client is sent to the workers, where one of them ends meanwhile."""


class Made(NotPickled):
    """How a client was made; its repr does not show it."""

    def __init__(self, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        # In a closure nobody who lists attributes sees a secret.
        self.reveal: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]] = lambda: (args, options)


class Lendable(NotPickled):
    """A client of which a worker can make another one, for the same account.

    Attributes
    ----------
    REQUESTS_PER_S : float or None
        How many requests the service allows an account; None if it does not say.
    """

    REQUESTS_PER_S: float | None = None
    KEPT: tuple[str, ...] = ()
    """Attributes, set after it was made, that another one has to have too."""

    _made: Made

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """Remember what it is made of."""
        made = super().__new__(cls)
        made._made = Made(args, options)
        return made

    def ensure_login(self) -> None:
        """Log in if necessary and possible."""

    def is_lent(self) -> None:
        """Know that a worker has it, where nobody can be asked for anything."""

    def share_rate(self, rate: TokenBucket, parts: int) -> None:
        """Wait for a turn there before each request; `parts` is how many clients share the account's rates."""
        raise NotImplementedError

    def close(self) -> None:
        """Close this thread's idle connections."""
        raise NotImplementedError


@contextmanager
def lend(client: Client, service: Lendable) -> Iterator[str]:
    """Lend a client to the workers for the block; give the name by which `borrowed` returns it there.

    Raises
    ------
    InputError
        If the cluster's connections are not encrypted, and it is not in this process.
    ClusterError
        If the cluster is closed, or its workers do not have this camkit.
    """
    address = str(require_running(client).scheduler_info()["address"])
    if not address.startswith(("tls://", "inproc://", "wss://")):
        raise InputError(
            "The connections of this Dask cluster are not encrypted, so the login is not sent to its workers. Start it "
            "with security=True, as in LocalCluster(security=True), or with your own distributed.Security."
        )
    service.ensure_login()  # here, where a person can answer, and once: many refused logins lock an account
    name = f"camkit-{uuid4().hex}"
    try:
        try:
            _send(client, service, name)
        except OSError:
            raise ClusterError(
                "The scheduler of the Dask cluster does not answer any more. Start the cluster again, and run this "
                "again."
            ) from None
        yield name
    finally:
        if client.status == "running":
            forget = partial(client.set_metadata, value={})
            undo = (forget, client.unregister_worker_plugin, client.unregister_scheduler_plugin)
            with interrupts_wait():  # some press Ctrl-C twice: what was lent is taken back all the same
                for take_back in undo:
                    # It may not be there yet, or the cluster is gone.
                    with suppress(ValueError, KeyError, OSError):
                        take_back(name)


@secrets_stay_inside
def _send(client: Client, service: Lendable, name: str) -> None:
    """Leave with the scheduler what the client is made of, for the workers that there are and those that come."""
    import cloudpickle  # noqa: PLC0415 - comes with Dask

    client.register_plugin(_forgetting(name, client.id), name=name)
    state = {attribute: getattr(service, attribute) for attribute in service.KEPT}
    # As plain bytes: whoever cannot unpickle something writes it into the log.
    client.set_metadata([name, _MADE], cloudpickle.dumps((type(service), *service._made.reveal(), state)))
    plugin = _plugin(name, max(1, sum(client.nthreads().values())))
    for left in reversed(range(TRIES)):
        try:
            client.register_plugin(plugin, name=name)
        except OSError:
            if not left:
                raise ClusterError(
                    "The workers of the Dask cluster end again and again. Look at its logs, and run this again."
                ) from None
        except Exception:  # noqa: BLE001 - whatever a worker that has another camkit, or none, says
            raise ClusterError(
                f"The workers of the Dask cluster cannot use camkit: install camkit {__version__} where they run."
            ) from None
        else:
            return


def borrowed(name: str) -> Any:
    """Return, in a task, this thread's own client; the first time it is made, and logs in when it is used."""
    plugin = need_dask("").get_worker().plugins[name]
    return plugin.client()


@secrets_stay_inside
def _made_of(packed: bytes) -> Lendable:
    """The client that something in the scheduler's keeping makes."""
    import cloudpickle  # noqa: PLC0415 - comes with Dask

    kind, args, options, state = cloudpickle.loads(packed)
    made: Lendable = kind(*args, **options)
    for attribute, value in state.items():
        setattr(made, attribute, value)
    made.is_lent()
    return made


def _forgetting(name: str, lender: str) -> Any:
    """The scheduler's plugin that takes everything back when the lender is gone, such as with its kernel."""
    from distributed import Scheduler, SchedulerPlugin  # noqa: PLC0415 - an extra

    class Forgetting(SchedulerPlugin):
        def remove_client(self, scheduler: Scheduler, client: str) -> None:
            if client == lender:
                scheduler.task_metadata.pop(name, None)
                scheduler.plugins.pop(name, None)
                if name in scheduler.worker_plugins:
                    scheduler.loop.add_callback(scheduler.unregister_worker_plugin, comm=None, name=name)

    return Forgetting()


def _plugin(name: str, threads: int) -> Any:
    """The workers' plugin; a class that needs Dask, so it is made where Dask is."""
    from distributed import Worker, WorkerPlugin  # noqa: PLC0415 - an extra
    from distributed.utils import sync  # noqa: PLC0415

    version = __version__

    class Lent(WorkerPlugin):
        """Makes a client for each thread, and tells all workers when the service asks to wait."""

        def setup(self, worker: Worker) -> None:
            from tornado.ioloop import PeriodicCallback  # noqa: PLC0415

            if __version__ != version:
                raise RuntimeError("another camkit")
            self._worker, self._local = worker, threading.local()
            self._clients = _Clients(threads, self._tell)
            self._looked = 0
            self._poll = PeriodicCallback(self._look, POLL_S * 1000)
            self._poll.start()

        def teardown(self, worker: Worker) -> None:
            self._poll.stop()

        def client(self) -> Any:
            if not hasattr(self._local, "client"):
                scheduler = self._worker.scheduler
                packed = sync(self._worker.loop, scheduler.get_metadata, keys=[name, _MADE], default=None)
                if packed is None:
                    raise ClusterError(
                        "The login was taken back: who lent it does not work with it any more."
                    )
                self._local.client = self._clients.add(_made_of(packed))
            return self._local.client

        def _tell(self, seconds: float) -> None:
            self._worker.loop.add_callback(
                self._worker.scheduler.set_metadata, keys=[name, _WAIT], value=[uuid4().hex, seconds]
            )

        async def _look(self) -> None:
            scheduler = self._worker.scheduler
            asked = await scheduler.get_metadata(keys=[name, _WAIT], default=None)
            self._clients.hold_as(asked)
            self._looked += 1
            if self._looked % COUNT_EVERY == 0:
                self._clients.divide(sum((await scheduler.ncores()).values()))

    return Lent()


class _Clients:
    """The clients of a worker's threads, each with its part of the account's rate."""

    def __init__(self, threads: int, tell: Callable[[float], object]) -> None:
        self._threads, self._tell = threads, tell
        self._made: list[tuple[Lendable, _SharedRate]] = []

    def add(self, made: Lendable) -> Lendable:
        rate = _SharedRate(made.REQUESTS_PER_S, self._threads, self._tell)
        made.share_rate(rate, self._threads)
        self._made.append((made, rate))
        return made

    def hold_as(self, asked: tuple[str, float] | None) -> None:
        """Wait as another worker was asked to, if one was."""
        if asked:
            for _, rate in self._made:
                rate.hold_as(*asked)

    def divide(self, threads: int) -> None:
        """Divide the rate anew if workers have come or gone."""
        if threads in (0, self._threads):
            return
        self._threads = threads
        for made, rate in self._made:
            rate.divide(threads)
            made.share_rate(rate, threads)


class _SharedRate(TokenBucket):
    """A thread's part of the account's rate; a wait that the service asks for is told to the others."""

    def __init__(self, per_s: float | None, threads: int, tell: Any) -> None:
        self._per_s, self._tell, self._known = per_s, tell, ""
        super().__init__(*self._part(threads))

    def _part(self, threads: int) -> tuple[float, int]:
        """The rate of one of so many threads, and its burst."""
        if self._per_s is None:
            return 1e6, 1000
        return self._per_s / threads, max(1, 10 // threads)

    def divide(self, threads: int) -> None:
        """Have the part of one of so many threads from now on."""
        self.set_rate(*self._part(threads))

    def hold(self, seconds: float) -> None:
        super().hold(seconds)
        self._tell(seconds)

    def hold_as(self, which: str, seconds: float) -> None:
        """Wait as another worker was asked to, from now on: the clocks of two machines may differ."""
        if which != self._known:
            self._known = which
            super().hold(seconds)
