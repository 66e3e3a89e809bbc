"""A lock for the greenlets of several threads, such as a cell and the panel's loader that renew one login."""

from __future__ import annotations

import threading

import gevent

from camkit.support.greenlet_lock import GreenletLock


def test_threads_whose_greenlets_wait_within_it_all_come_to_an_end():
    "One at a time; with gevent's own lock all but the first waited for ever"
    lock, inside, most, done = GreenletLock(), [], [], []

    def work(name: int) -> None:
        for _ in range(3):
            with lock:
                inside.append(name)
                gevent.sleep(0.01)  # as at a request: the hub runs
                most.append(len(inside))
                inside.remove(name)
        done.append(name)

    threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (sorted(done), set(most)) == ([0, 1, 2, 3], {1})


def test_whoever_has_it_may_take_it_again_and_others_of_the_thread_go_on():
    "It is free when it was given back as often"
    lock, seen = GreenletLock(), []

    def other() -> None:
        seen.append("waits")
        with lock:
            seen.append("has it")

    with lock:
        with lock:
            job = gevent.spawn(other)
            gevent.sleep(0.03)
        gevent.sleep(0.03)
        seen.append("given back")
    job.join(5)
    assert seen == ["waits", "given back", "has it"]


def test_a_greenlet_that_is_killed_while_it_waits_or_has_it_leaves_it_free():
    "Also with an error in the block"
    lock = GreenletLock()

    def holds() -> None:
        with lock:
            gevent.sleep(20)

    first, second = gevent.spawn(holds), gevent.spawn(holds)
    gevent.sleep(0.05)
    gevent.killall([second, first])
    with gevent.Timeout(5), lock:
        pass
