"""The environment of the programs that camkit starts: without the keys, which they do not need."""

from __future__ import annotations

import os
import re

__all__ = ["child_environment"]

_SECRET = re.compile(r"^(EEN|MERAKI)_|KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
"""Occurs in the names of variables that hold secrets, this kit's and other programs'."""

_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]*@")
"""Occurs in an address with a password, such as a proxy's."""


def child_environment() -> dict[str, str]:
    """Return this process's environment without what looks like a secret.

    Returns
    -------
    dict of str to str
        For the ``env`` of `subprocess`. Missing are the variables of the camera accounts, those whose name says that
        they hold a key, token, password or other credential, and addresses with a password in them.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not _SECRET.search(name) and not _WITH_PASSWORD.search(value)
    }
