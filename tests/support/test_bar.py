"""A progress bar that appears late counts from the beginning."""

from __future__ import annotations

import time

from camkit.support.bar import Bar


def test_a_bar_that_appears_late_says_how_long_the_call_takes():
    "Also at its first number, which was not done in that moment"
    bar = Bar("Cameras", 50, "", after_s=0.3)
    bar.at(1)
    assert bar._bar is None
    time.sleep(0.4)
    bar.at(20)
    shown = bar._bar.format_dict
    bar.close()
    assert shown["n"] == 20 and shown["elapsed"] >= 0.4
    assert shown["rate"] is None or shown["rate"] <= 20 / 0.4
