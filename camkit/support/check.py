"""The last cell of a notebook: every problem at once, or "All in order."."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import pandas as pd

from camkit.errors import InputError
from camkit.visible import visible

__all__ = ["check"]


@runtime_checkable
class Checkable(Protocol):
    """A result that can list its problems."""

    def problems(self) -> list[str]:
        """One sentence for each problem."""
        ...


def check(*results: Checkable | pd.DataFrame) -> None:
    """Print every problem of some results, or "All in order." if there are none.

    Parameters
    ----------
    *results : BadgeLog, Snapshots, DownloadRun or pandas.DataFrame
        Anything with ``problems()``, or a device list as `EagleEye.devices` returns it.

    Raises
    ------
    InputError
        If an argument is neither such a result nor a device list.
    """
    found = [problem for result in results for problem in _problems(result)]
    print("\n".join(f"- {visible(problem)}" for problem in found) if found else "All in order.")


def _problems(result: Checkable | pd.DataFrame) -> list[str]:
    if isinstance(result, Checkable):
        return result.problems()
    if isinstance(result, pd.DataFrame) and "row_problem" in result:
        problems = result["row_problem"].dropna()
        return [f"Device at position {position}: {problem}." for position, problem in problems.items()]
    raise InputError(
        "check() looks through a log, snapshots, a download, a case's verification or a whole list of devices, "
        f"not {type(result).__name__}."
    )
