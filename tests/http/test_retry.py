"""The one loop that tries again."""

from __future__ import annotations

import pytest

from camkit.errors import BadResponse, NotFound
from camkit.http import retry


class Scripted:
    """An attempt with these results; exceptions are raised."""

    def __init__(self, *results: object) -> None:
        self.results, self.slept = list(results), []

    def __call__(self) -> object:
        result = self.results.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    def run(self, **options):
        """Retry until the result is good, with pauses of 1, 2, 3 ... seconds that are not slept."""
        return retry(
            self,
            lambda result, number: None if result == "good" else number,
            sleep=self.slept.append,
            **options,
        )


def test_returns_the_first_good_result():
    "A ServiceError counts as a result; the pauses are those that the caller chose"
    attempt = Scripted("bad", BadResponse("broke off"), "good", "never asked for")
    assert attempt.run() == "good"
    assert attempt.slept == [1, 2]


def test_returns_or_raises_the_last_result_when_attempts_are_used_up():
    "There is no pause after the last attempt"
    attempt = Scripted("bad", "bad again", "good")
    assert attempt.run(attempts=2) == "bad again"
    assert attempt.slept == [1]
    last = NotFound("gone")
    with pytest.raises(NotFound) as caught:
        Scripted("bad", last).run(attempts=2)
    assert caught.value is last
    assert caught.value.__context__ is None


def test_does_not_pause_beyond_the_deadline():
    "A pause that would end after the deadline is not begun"
    attempt = Scripted("bad", "bad again", "good")
    assert attempt.run(deadline_s=1.5) == "bad again"
    assert attempt.slept == [1]
    assert Scripted("bad", "good").run(deadline_s=0) == "bad"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("ours")])
def test_other_exceptions_end_the_loop(error):
    "Only what a service did is tried again"
    attempt = Scripted(error, "good")
    with pytest.raises(type(error)):
        attempt.run()
    assert attempt.slept == []
