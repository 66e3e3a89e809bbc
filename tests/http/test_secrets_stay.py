"""No failure of a request shows its secrets."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import textwrap
import time
import traceback

import pytest
import requests
from pydantic import SecretStr

from camkit import errors
from camkit.http import Credential, Limits, Masking, Transport, raise_for_status
from tests.conftest import ROOT
from tests.support.scripted import scripted, send

CANARY = "kanari-0815-vogel"
QUICK = Limits(connect_s=1, read_s=0.3, deadline_s=2, attempts=2, backoff_s=0.01)
MASKING = Masking(secret_path=re.compile(r"(?<=/stream/jpeg/snapshot/)[^/]+"))


def everything_about(error: BaseException) -> str:
    """All that a notebook, a log or a debugger would print of an exception, local variables included.

    This test's own frames, which hold the canary on purpose, are left out.
    """
    frames = [
        pair for pair in traceback.walk_tb(error.__traceback__) if "tests" not in pair[0].f_code.co_filename
    ]
    stack = traceback.StackSummary.extract(iter(frames), capture_locals=True)
    assert stack, "no frame of camkit in the traceback"
    return "".join(stack.format()) + str(error) + repr(error) + repr(vars(error)) + repr(error.__context__)


def cut_off(handler, number):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def hang_up(handler, number):
    handler.close_connection = True


def echo(handler, number):
    """A server that repeats the request in its error."""
    send(handler, 400, f"{handler.headers.items()} {CANARY}".encode())


ANSWERS = {
    "echo": echo,
    "cut off": cut_off,
    "hang up": hang_up,
    "hang": lambda h, n: time.sleep(0.5),
    "other site": lambda h, n: send(
        h, 302, Location=f"http://{CANARY}:x@elsewhere.invalid/{CANARY}?A={CANARY}"
    ),
    "loop": lambda h, n: send(h, 302, Location=f"/stream/jpeg/snapshot/{CANARY}?A={CANARY}&x={CANARY}"),
    "401": lambda h, n: send(h, 401, CANARY.encode()),
    "503": lambda h, n: send(h, 503, f"key {CANARY} is over quota".encode()),
    "not json": lambda h, n: send(h, 200, b"<html>"),
}


@pytest.mark.not_quick
@pytest.mark.parametrize("fault", ANSWERS)
@pytest.mark.parametrize("where", ["header", "body", "path"])
def test_no_failure_shows_a_secret(fault, where, caplog):
    "Exceptions with all their local variables, and every log down to DEBUG, are free of key, password and token"
    caplog.set_level(logging.DEBUG)
    with scripted(ANSWERS[fault]) as server:
        transport = Transport("it", server.base, limits=QUICK, masking=MASKING)
        with pytest.raises(errors.ServiceError) as caught:
            call(transport, where)
    assert CANARY not in everything_about(caught.value)
    assert CANARY not in caplog.text
    assert caught.value.__context__ is None


def call(transport: Transport, where: str) -> None:
    """One request that carries the canary somewhere."""
    options = {
        "header": {"credential": Credential({"Authorization": f"Bearer {CANARY}"})},
        "body": {"json": {"password": SecretStr(CANARY)}, "idempotent": True},
        "path": {"credential": Credential({"Cookie": f"auth_key={CANARY}"})},
    }[where]
    path = f"/stream/jpeg/snapshot/{CANARY}" if where == "path" else "/x"
    reply = transport.request(
        "POST" if where == "body" else "GET", path, check=lambda reply: reply.json(), **options
    )
    raise_for_status(reply, "Trying")


def test_an_echoed_secret_is_not_in_the_reply():
    "What a service repeats of the credential is masked in the answer itself, except in a success"
    with scripted(lambda h, n: send(h, 200 if n else 403, f"your key {CANARY}".encode())) as server:
        transport = Transport("it", server.base, limits=QUICK)
        key = Credential({"Authorization": f"Bearer {CANARY}"})
        assert transport.request("GET", "/", credential=key).said == "your key ***"
        assert transport.request("GET", "/", credential=key).content == f"your key {CANARY}".encode()


def test_the_logs_of_other_code_are_unchanged(caplog):
    "What other code logs through urllib3 is left as it is"
    caplog.set_level(logging.DEBUG)
    with scripted(lambda h, n: send(h, 200)) as server:
        requests.get(f"{server.base}/x?mine={CANARY}", timeout=5)
        Transport("it", server.base, limits=QUICK).request("GET", f"/x?ours={CANARY}")
    assert f"/x?mine={CANARY} HTTP/1.1" in caplog.text
    assert "/x?ours=*** HTTP/1.1" in caplog.text


def test_a_key_stays_at_its_host():
    "A redirect to another host gets neither the request nor the key; one to the same host gets both"
    key = Credential({"Authorization": f"Bearer {CANARY}"})
    with (
        scripted(lambda h, n: send(h, 200)) as other_site,
        scripted(lambda h, n: send(h, 307, Location=there if n else "/next")) as server,
    ):
        there = other_site.base.replace("127.0.0.1", "localhost")
        with pytest.raises(errors.BadResponse, match="another site"):
            Transport("it", server.base, limits=QUICK).request("GET", "/", credential=key)
    assert other_site.seen == []
    assert [seen.headers["Authorization"] for seen in server.seen] == [f"Bearer {CANARY}"] * 2


@pytest.mark.not_quick
def test_an_import_does_not_change_a_logger():
    "Filters and handlers belong to the application: importing all modules of camkit adds none"
    script = """
        import importlib, logging, pkgutil
        import camkit
        for module in pkgutil.walk_packages(camkit.__path__, "camkit."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        loggers = [logging.root, *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]
        assert len(loggers) > 10
        print([
            (logger.name, added)
            for logger in loggers
            for added in (*logger.filters, *logger.handlers)
            if not isinstance(added, logging.NullHandler)
        ])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.stdout == "[]\n", done.stdout + done.stderr
