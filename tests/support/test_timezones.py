"""Time zones by name."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT


def test_is_light_to_import():
    "A module that needs a time zone does not load gevent, Pillow or pandas for it"
    script = "import sys, camkit.support.timezones; print({'gevent', 'PIL', 'pandas'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.stdout == "set()\n", done.stderr
