"""Exceptions that do not show what the code below them knew."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from camkit.errors import CamkitError

__all__ = ["secrets_stay_inside"]

P = ParamSpec("P")
R = TypeVar("R")


def secrets_stay_inside(function: Callable[P, R]) -> Callable[P, R]:
    """Let an exception leave a function without the frames below it, and without the exceptions that led to it.

    Whatever sends a key has it in plain text somewhere: in local variables of urllib3, of `json`, of `http.client`.
    An interrupt can come in any of them, and a verbose traceback prints them all. So what ends a decorated function,
    be it an error or an interrupt, ends here, and says only where it came from.
    """

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - an interrupt above all
            bare = _without_frames(error)
            del args, kwargs
        try:
            raise bare  # not above: what is handled there would become its context
        finally:
            del bare  # else the exception would keep this frame, and the frame the exception

    return guarded


def _without_frames(error: BaseException) -> BaseException:
    """Take its frames and its history from an exception; one that nobody expected says where it was raised."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    unexpected = isinstance(error, Exception) and not isinstance(error, CamkitError)
    if frame is not None and unexpected and not hasattr(error, "__notes__"):
        code = frame.tb_frame.f_code
        error.add_note(f"Raised in {code.co_qualname}, line {frame.tb_lineno} of {code.co_filename}.")
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
