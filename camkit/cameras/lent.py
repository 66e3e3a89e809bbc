"""Clients lent to the workers of a Dask cluster: each makes its own, and all keep to one rate.

What makes a client, secrets included, travels as a plugin of the workers, encrypted, or within this process. It is not
in a task, so neither in what the scheduler says of tasks nor on its dashboard. But the scheduler holds the plugin until
the call ends, for workers that come later: whoever has the cluster's certificate can read it there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from camkit.errors import ClusterError, InputError
from camkit.http import NotPickled, TokenBucket, secrets_stay_inside
from camkit.support.cluster import need_dask

if TYPE_CHECKING:
    from distributed import Client, Worker

POLL_S = 0.2
"""How long after one worker was asked to wait the others know it, seconds."""

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
    """
    address = str(client.scheduler_info()["address"])
    if not address.startswith(("tls://", "inproc://", "wss://")):
        raise InputError(
            "The connections of this Dask cluster are not encrypted, so the login is not sent to its workers. Start it "
            "with security=True, as in LocalCluster(security=True), or with your own distributed.Security."
        )
    service.ensure_login()  # here, where a person can answer, and once: many refused logins lock an account
    name = f"camkit-{uuid4().hex}"
    _send(client, service, name)
    try:
        yield name
    finally:
        if client.status == "running":
            client.unregister_worker_plugin(name)


@secrets_stay_inside
def _send(client: Client, service: Lendable, name: str) -> None:
    """Give the plugin to the workers; again, if one of them ends meanwhile, since one that is new has it by itself."""
    import cloudpickle  # noqa: PLC0415 - comes with Dask

    threads = max(1, sum(client.nthreads().values()))
    state = {attribute: getattr(service, attribute) for attribute in service.KEPT}
    plugin = _plugin(name, cloudpickle.dumps((type(service), *service._made.reveal(), state)), threads)
    for left in reversed(range(TRIES)):
        try:
            client.register_plugin(plugin, name=name)
        except OSError:
            if not left:
                raise ClusterError(
                    "The workers of the Dask cluster end again and again. Look at its logs, and run this again."
                ) from None
        else:
            return


def borrowed(name: str) -> Any:
    """Return, in a task, this thread's own client; the first time it is made, and logs in when it is used."""
    plugin = need_dask("").get_worker().plugins[name]
    return plugin.client()


def _plugin(name: str, packed: bytes, threads: int) -> Any:
    """The plugin; a class that needs Dask, so it is made where Dask is."""
    from distributed import WorkerPlugin  # noqa: PLC0415 - an extra

    class Lent(WorkerPlugin):
        """Makes a client for each thread, and tells all workers when the service asks to wait."""

        def __init__(self) -> None:
            self.name, self._packed, self._threads = name, packed, threads

        def setup(self, worker: Worker) -> None:
            from tornado.ioloop import PeriodicCallback  # noqa: PLC0415

            self._worker, self._local = worker, threading.local()
            self._rates: list[_SharedRate] = []
            self._poll = PeriodicCallback(self._look, POLL_S * 1000)
            self._poll.start()

        def teardown(self, worker: Worker) -> None:
            self._poll.stop()

        def client(self) -> Any:
            if not hasattr(self._local, "client"):
                import cloudpickle  # noqa: PLC0415

                kind, args, options, state = cloudpickle.loads(self._packed)
                made = kind(*args, **options)
                for attribute, value in state.items():
                    setattr(made, attribute, value)
                rate = _SharedRate(kind.REQUESTS_PER_S, self._threads, self._tell)
                made.share_rate(rate, self._threads)
                self._local.client = made
                self._rates.append(rate)
            return self._local.client

        def _tell(self, seconds: float) -> None:
            self._worker.loop.add_callback(
                self._worker.scheduler.set_metadata, keys=[self.name], value=time.time() + seconds
            )

        async def _look(self) -> None:
            until = await self._worker.scheduler.get_metadata(keys=[self.name], default=0.0)
            for rate in self._rates:
                rate.hold_until(until)

    return Lent()


class _SharedRate(TokenBucket):
    """A thread's part of the account's rate; a wait that the service asks for is told to the others."""

    def __init__(self, per_s: float | None, threads: int, tell: Any) -> None:
        super().__init__((per_s or 1e6) / threads, burst=max(1, 10 // threads) if per_s else 1000)
        self._tell, self._known = tell, 0.0

    def hold(self, seconds: float) -> None:
        super().hold(seconds)
        self._tell(seconds)

    def hold_until(self, until: float) -> None:
        """Wait until this moment by the machine's clock, as another worker was asked to."""
        if until > self._known:
            self._known = until
            if (left := until - time.time()) > 0:
                super().hold(left)
