"""Start and stop the demo site in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from typing import Any, Self

from camkit.errors import DemoSiteError
from camkit.support.children import child_environment

__all__ = ["DemoProcess"]

START_S = 60.0


class DemoProcess:
    """A running demo site.

    Attributes
    ----------
    info : dict
        The JSON line that it printed: base addresses and the demo's credentials.

    Parameters
    ----------
    *options : str
        Further options of ``python -m camkit.demo``.

    Raises
    ------
    DemoSiteError
        If it does not start.

    Notes
    -----
    It has a process group of its own, because Jupyter interrupts a kernel together with its group. It ends
    with this process, even if this process is killed.
    """

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "camkit.demo", "--parent", str(os.getpid()), *options]
        with tempfile.TemporaryFile() as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=child_environment(),
                start_new_session=True,
            )
            timer = threading.Timer(START_S, self._process.kill)
            timer.start()
            try:
                assert self._process.stdout is not None  # noqa: S101 - requested above
                line = self._process.stdout.readline()
                self.info: dict[str, Any] = json.loads(line)
            except ValueError:
                self.stop()
                errors.seek(0)
                lines = errors.read().decode("utf-8", "replace").strip().splitlines()
                raise DemoSiteError(
                    f"The demo site did not start: {lines[-1] if lines else 'no reason given'}"
                ) from None
            except BaseException:  # interrupted while it started
                self.stop()
                raise
            finally:
                timer.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the process and wait for its end. Stopping it again has no effect."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
