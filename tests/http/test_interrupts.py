"""An interrupt can come anywhere, also where a key is in plain text: no traceback shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

import gevent
import pytest
from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV1
from camkit.cameras.meraki import Meraki
from camkit.http import Limits, Transport, secrets_stay_inside
from tests.conftest import ROOT
from tests.http.test_canaries import secrets_in
from tests.http.test_secrets_stay import everything_about
from tests.support.child import in_child

AT = datetime(2019, 4, 12, 20, 30, tzinfo=UTC)
CAMERA = "Q2GV-7K2M-D9HT"


def interrupted(call: Callable[[], object], after: int) -> tuple[int, BaseException | None]:
    """Interrupt a call after a number of function calls below it; how many there were, and what came out."""
    seen = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")
        if seen == after:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(count)
    try:
        call()
    except KeyboardInterrupt as error:
        return seen, error
    finally:
        sys.setprofile(None)
    return seen, None


def shown_of_interrupts(info: dict[str, str], what: str) -> list[str]:
    """All that is known of an interrupt, for many moments of a call."""
    password, key = SecretStr(info["een_password"]), SecretStr(info["meraki_key"])

    def attempt(after: int) -> tuple[int, BaseException | None]:
        een = EagleEyeV1(info["een_username"], password, base_url=info["een"], demo_origin=info["media"])
        meraki = Meraki(key, base_url=info["meraki"], demo_origin=info["media"], poll_s=0.01)
        calls = {
            "login": een.login,
            "snapshot": lambda: meraki.snapshot(CAMERA, AT),
            "frame": lambda: een.snapshot("1007b3c4", AT),
        }
        try:
            return interrupted(calls[what], after)
        finally:
            een.close()
            meraki.close()

    attempt(10**9)  # the first time, more has to be loaded
    total, nothing = attempt(10**9)
    assert nothing is None and total > 300
    moments = sorted(Random(4).sample(range(1, total), 60))
    return [everything_about(error) for moment in moments if (error := attempt(moment)[1])]


@pytest.mark.not_quick
@pytest.mark.parametrize(
    "what", ["login", *(pytest.param(what, marks=pytest.mark.slow) for what in ("snapshot", "frame"))]
)
def test_an_interrupt_shows_no_secret_wherever_it_comes(demo, what):
    "In any of the functions of camkit, urllib3, http.client and json; all local variables of the traceback are printed"
    # In a child: an interrupt within gevent's own functions leaves things there that other tests would come upon.
    shown = in_child(shown_of_interrupts, demo.info, what)
    assert len(shown) > 40
    beginnings = {f"{name}_beginning_key": demo.info[name][:8] for name in ("een_password", "meraki_key")}
    assert [found for text in shown if (found := secrets_in(text, {**demo.info, **beginnings}))] == []


def test_what_was_being_handled_is_not_shown_either():
    "An interrupt while an error is handled would bring the error's frames along"

    @secrets_stay_inside
    def call() -> None:
        try:
            password = "kei-4711-canary"
            raise ValueError(password)
        except ValueError as error:
            raise KeyboardInterrupt from error

    with pytest.raises(KeyboardInterrupt) as caught:
        call()
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "kei-4711" not in everything_about(caught.value)


def test_an_error_that_nobody_expected_says_where_it_was_raised():
    "So that a bug can be reported although its frames are gone; what the caller was handling stays"

    @secrets_stay_inside
    def broken() -> None:
        raise ZeroDivisionError("no")

    with pytest.raises(ZeroDivisionError) as caught:
        try:
            raise LookupError("before")
        except LookupError:
            broken()
    (note,) = caught.value.__notes__
    assert note.startswith("Raised in ") and "broken, line " in note and note.endswith("test_interrupts.py.")
    assert isinstance(caught.value.__context__, LookupError)


NOTEBOOK = """
    import json, random, signal, sys
    from datetime import UTC, datetime
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance(colors="nocolor")
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    shell.run_cell("%xmode Verbose")
    shell.user_ns["read_info"] = lambda: json.loads(sys.stdin.read())
    shell.run_cell('''
    from datetime import UTC, datetime
    from pydantic import SecretStr
    from camkit.cameras.een import EagleEyeV1
    from camkit.cameras.meraki import Meraki
    info = read_info()
    password, key = SecretStr(info.pop("een_password")), SecretStr(info.pop("meraki_key"))
    user, base, api, media = info["een_username"], info["een"], info["meraki"], info["media"]
    del info
    at = datetime(2019, 4, 12, 20, 30, tzinfo=UTC)
    '''.replace("\\n    ", "\\n"))
    random.seed(7)
    for number in range(24):
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.002, 0.05))
        try:
            shell.run_cell("EagleEyeV1(user, password, base_url=base).login()" if number % 2 else
                "Meraki(key, base_url=api, demo_origin=media, poll_s=0.01).snapshot('Q2GV-7K2M-D9HT', at)")
        except KeyboardInterrupt:
            pass  # after the cell's end
        signal.setitimer(signal.ITIMER_REAL, 0)
"""


@pytest.mark.not_quick
def test_a_verbose_traceback_of_an_interrupted_cell_shows_no_secret(demo):
    "IPython with %xmode Verbose, which prints the variables of every frame, interrupted at random moments"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(NOTEBOOK)],
        input=json.dumps(demo.info), capture_output=True, text=True, timeout=110,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    shown = done.stdout + done.stderr
    assert shown.count("KeyboardInterrupt") >= 5, shown[-3000:]
    beginnings = {f"{name}_beginning_key": demo.info[name][:8] for name in ("een_password", "meraki_key")}
    assert not secrets_in(shown, {**demo.info, **beginnings}), shown


def interrupted_as_its_deadline_starts() -> str:
    """A call that is interrupted when its deadline has just been started, and the time after it."""
    start = gevent.Timeout.start

    def interrupted(self: gevent.Timeout) -> None:
        start(self)
        raise KeyboardInterrupt

    transport = Transport("it", "http://127.0.0.1:9", limits=Limits(deadline_s=0.1, attempts=1))
    gevent.Timeout.start = interrupted
    try:
        transport.request("GET", "/")
    except KeyboardInterrupt:
        with suppress(gevent.Timeout):
            gevent.sleep(0.3)  # raises what runs on
            return "nothing ran on"
        return "the deadline ran on"
    return "it was not interrupted"


@pytest.mark.not_quick
def test_an_interrupt_as_a_deadline_starts_does_not_let_it_run_on():
    "It would end another call, a minute later"
    assert in_child(interrupted_as_its_deadline_starts) == "nothing ran on"
