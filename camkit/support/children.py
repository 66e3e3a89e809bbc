"""The environment of the programs that camkit starts: without the keys, which they do not need."""

from __future__ import annotations

import os
import re

__all__ = ["child_environment"]

_NEEDED = re.compile(
    "PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_.*|TZ|TZDIR|TMPDIR|TEMP|TMP|SYSTEMROOT|SYSTEMDRIVE|COMSPEC|PATHEXT|WINDIR"
    "|USERPROFILE|APPDATA|LOCALAPPDATA|LD_LIBRARY_PATH|DYLD_.*|PYTHON.*|VIRTUAL_ENV|CONDA_(PREFIX|DEFAULT_ENV)"
    "|COVERAGE_.*|COV_CORE_.*",
    re.IGNORECASE,
)
"""The names of variables that Python and its libraries may need. Any other may hold a secret, whatever its name."""

_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]*@")
"""Occurs in an address with a password."""


def child_environment() -> dict[str, str]:
    """Return what a Python program needs of this process's environment.

    Returns
    -------
    dict of str to str
        For the ``env`` of `subprocess`: where programs, libraries, the home and temporary files are, language and time
        zone, and Python's own variables. Nothing else is in it, nor a value with a password in an address.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if _NEEDED.fullmatch(name) and not _WITH_PASSWORD.search(value)
    }
