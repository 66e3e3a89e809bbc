"""Loading ahead in the background: its order, its end, and how it is stopped."""

from __future__ import annotations

import subprocess
import sys
import threading

import gevent
import psutil
import pytest

from camkit.review.loading import BackgroundJobs

WAIT_S = 10


class Jobs:
    """Jobs that hang, by their key, until they are released."""

    def __init__(self, *hang: str) -> None:
        self.hang = set(hang)
        self.begun: list[str] = []
        self.done: list[str] = []
        self.stopped: list[str] = []
        self._news = threading.Condition()

    def __call__(self, key: str) -> None:
        try:
            self._note(self.begun, key)
            while key in self.hang:
                gevent.sleep(0.005)
            self._note(self.done, key)
        except gevent.GreenletExit:
            self._note(self.stopped, key)
            raise

    def await_begun(self, *keys: str) -> None:
        """Wait until these and only these have begun."""
        with self._news:
            assert self._news.wait_for(lambda: sorted(self.begun) == sorted(keys), WAIT_S), self.begun

    def _note(self, list_: list[str], key: str) -> None:
        with self._news:
            list_.append(key)
            self._news.notify_all()


def test_the_most_wanted_is_done_first():
    "In the order they are wanted"
    jobs = Jobs()
    background = BackgroundJobs(jobs, at_once=1)
    background.want("abc")
    assert background.wait(WAIT_S)
    assert jobs.done == ["a", "b", "c"]


def test_only_some_are_under_way_at_a_time():
    "The rest waits its turn"
    jobs = Jobs(*"abc")
    background = BackgroundJobs(jobs, at_once=2)
    background.want("abc")
    jobs.await_begun("a", "b")
    jobs.hang.clear()
    assert background.wait(WAIT_S)
    assert jobs.done == ["a", "b", "c"]


def test_the_first_never_waits_for_others():
    "What is on the screen does not wait for what hangs"
    jobs = Jobs(*"ab")
    background = BackgroundJobs(jobs, at_once=2)
    background.want("ab")
    jobs.await_begun("a", "b")
    background.want("cd")
    jobs.await_begun("a", "b", "c")
    jobs.hang.clear()
    assert background.wait(WAIT_S)
    assert jobs.done.index("c") == 0


def test_what_is_wanted_replaces_what_was_wanted():
    "Except what is under way, which is not begun twice"
    jobs = Jobs("a")
    background = BackgroundJobs(jobs, at_once=1)
    background.want("abc")
    jobs.await_begun("a")
    background.want("ad")
    jobs.hang.clear()
    assert background.wait(WAIT_S)
    assert jobs.begun == ["a", "d"]


def test_stop_ends_what_hangs():
    "From any thread, and what was still wanted is not begun"
    jobs = Jobs("a", "b")
    background = BackgroundJobs(jobs, at_once=2)
    background.want("abc")
    jobs.await_begun("a", "b")
    threading.Thread(target=background.stop).start()
    assert background.wait(WAIT_S)
    assert (sorted(jobs.stopped), jobs.begun) == (["a", "b"], ["a", "b"])


def test_stop_right_after_the_start_ends_it():
    "Also before the thread has begun anything; many times, to meet every moment"
    for _ in range(50):
        background = BackgroundJobs(Jobs("a"))
        background.want("a")
        background.stop()
        assert background.wait(WAIT_S)


def test_stop_without_a_start_does_nothing():
    "There is nothing to stop"
    background = BackgroundJobs(Jobs())
    background.stop()
    assert background.wait(WAIT_S)


def test_it_can_begin_again():
    "After an end, and after a stop"
    jobs = Jobs("b")
    background = BackgroundJobs(jobs)
    background.want("a")
    assert background.wait(WAIT_S)
    background.want("b")
    jobs.await_begun("a", "b")
    background.stop()
    assert background.wait(WAIT_S)
    jobs.hang.clear()
    background.want("bc")
    assert background.wait(WAIT_S)
    assert jobs.done == ["a", "b", "c"]


def test_the_end_is_reported_when_everything_is_closed():
    "First the connections of the thread are closed, then the end is reported; by then nothing is under way"
    reported: list[object] = []
    background = BackgroundJobs(
        reported.append,
        close=lambda: reported.append(threading.current_thread().name),
        ended=lambda: reported.append(background.busy),
    )
    background.want(["job"])
    assert background.wait(WAIT_S)
    assert reported == ["job", "camkit-loading", False]


@pytest.mark.skipif(not hasattr(psutil.Process, "num_fds"), reason="this system does not count open files")
def test_nothing_is_left_open():
    "Neither a thread nor a file of its event loop"

    def run() -> None:
        background = BackgroundJobs(Jobs())
        background.want("abc")
        assert background.wait(WAIT_S)

    run()
    before = psutil.Process().num_fds()
    for _ in range(20):
        run()
    assert psutil.Process().num_fds() == before
    assert "camkit-loading" not in [thread.name for thread in threading.enumerate()]


HANGS = """
import threading

import gevent

from camkit.review.loading import BackgroundJobs

def job(key):
    print("begun", flush=True)
    began.set()
    try:
        gevent.sleep(60)
    finally:
        print("stopped")

began = threading.Event()
BackgroundJobs(job).want(["a"])
began.wait()
"""


@pytest.mark.not_quick
def test_it_ends_with_the_interpreter():
    "What is under way ends in order, and the exit does not wait for it"
    ended = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=WAIT_S)
    assert (ended.stdout.split("\n"), ended.stderr) == (["begun", "stopped", ""], "")
