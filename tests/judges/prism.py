"""Prism, by the vendors' own specifications, beside a running demo site: it judges every request and answer.

A client talks to `Judged`, which passes each request to the site and gives the client its answer, and lets Prism make
the same request through its validating proxy. So what the client gets is untouched (Prism's proxy makes text of a
JPEG), and what Prism says of request and answer is kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import ROOT

TOOLS = Path(os.environ.get("CAMKIT_JUDGES", ROOT / ".judges"))
"""Where `make judges` installs Prism and other people's clients."""

OPENAPI = Path(os.environ.get("CAMKIT_OPENAPI", ROOT.parent / "shared" / "contracts" / "openapi"))
"""The vendors' specifications, which are not part of this project."""

PRISM = TOOLS / "node_modules" / ".bin" / "prism"
START_S = 60.0

V3 = {
    "/api/v3.0/cameras": "een-v3-devices.yaml",
    "/api/v3.0/bridges": "een-v3-devices.yaml",
    "/api/v3.0/media": "een-v3-media.yaml",
    "/api/v3.0/events": "een-v3-events.yaml",
    "/api/v3.0/clientSettings": "een-v3-account_settings.yaml",
    "/api/v3.0/users": "een-v3-user_and_accounts.yaml",
}
MERAKI = {"/api/v1": "meraki-v1.44-cameras.json"}


def missing() -> str:
    """What the judges lack, as a loud sentence; empty if they can sit."""
    lacks = []
    if not OPENAPI.is_dir():
        lacks.append(f"the vendors' specifications ({OPENAPI}; CAMKIT_OPENAPI names another place)")
    if not shutil.which("node") or not PRISM.exists():
        lacks.append("Prism (`make judges` installs it; it needs node)")
    if not (TOOLS / "python" / "schemathesis").is_dir():
        lacks.append("schemathesis and other people's clients (`make judges` installs them)")
    return (
        f"NO JUDGES: {' and '.join(lacks)} missing, so nobody but us says that the demo site is right"
        if lacks
        else ""
    )


needs_judges = pytest.mark.skipif(bool(missing()), reason=missing())


@dataclass(frozen=True, order=True)
class Violation:
    """What Prism objects to."""

    call: str  # method and path, ids and tokens replaced
    where: str  # request or response, and the place in it
    message: str

    def __str__(self) -> str:
        return f"{self.call}: {self.where}: {self.message}"


class Judged:
    """A site behind Prism; a context manager.

    Attributes
    ----------
    base : str
        The address that clients talk to.
    violations : set of Violation
        What Prism has objected to so far.
    judged : int
        How many requests it has seen.
    """

    def __init__(self, upstream: str, files: Mapping[str, str]) -> None:
        self.violations: set[Violation] = set()
        self.judged = 0
        self._upstream, self._files = upstream, files
        self._prisms: dict[str, tuple[subprocess.Popen[bytes], int]] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> Judged:
        prefix = re.match(r"/api/v[0-9.]+", next(iter(self._files)))
        assert prefix is not None
        self._prefix = prefix[0]
        for file in sorted(set(self._files.values())):
            self._prisms[file] = _prism("proxy", OPENAPI / file, self._upstream + self._prefix)
        for process, port in self._prisms.values():
            _await(process, port)
        judged = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                judged.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for process, _ in self._prisms.values():
            _end(process)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Pass a request to the site, and let Prism judge the same."""
        handler.path = re.sub(r"^https?://[^/]+", "", handler.path)  # as a client behind a proxy writes it
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        dropped = ("host", "connection", "content-length", "accept-encoding")
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in dropped}
        options: dict[str, Any] = {"headers": headers, "data": body, "allow_redirects": False, "timeout": 60}
        answer = requests.request(handler.command, self._upstream + handler.path, **options)
        self._judge(handler, options)
        content = answer.content
        if "httpsBaseUrl" in answer.text[:100_000] and "json" in answer.headers.get("Content-Type", ""):
            found = answer.json()
            found["httpsBaseUrl"]["port"] = urlsplit(self.base).port
            content = json.dumps(found).encode()
        handler.send_response_only(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding"):
                handler.send_header(
                    name, value.replace(self._upstream, self.base) if name == "Link" else value
                )
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _judge(self, handler: BaseHTTPRequestHandler, options: dict[str, Any]) -> None:
        path = urlsplit(handler.path).path
        file = next((file for prefix, file in self._files.items() if path.startswith(prefix)), None)
        if file is None:
            return
        _, port = self._prisms[file]
        target = f"http://127.0.0.1:{port}{handler.path.removeprefix(self._prefix)}"
        said = requests.request(handler.command, target, **options)
        self.judged += 1
        call = f"{handler.command} {_without_ids(path)}"
        try:
            objections = json.loads(said.headers.get("sl-violations", "[]"))
        except ValueError:  # there are too many for a header
            objections = [{"location": ["prism"], "message": said.headers["sl-violations"][:200]}]
        for found in objections:
            where = ".".join(map(str, found.get("location", [])))
            message = re.sub(r"(?<=property )[0-9]+(?=\.)", "*", found.get("message", ""))
            self.violations.add(Violation(call, _without_numbers(where), message))
        if "problem+json" in said.headers.get("Content-Type", ""):  # Prism itself refused
            self.violations.add(Violation(call, "prism", f"{said.status_code} {said.json().get('title')}"))


@contextlib.contextmanager
def mocked(file: str) -> Iterator[str]:
    """A server that Prism makes of a specification alone; its address."""
    process, port = _prism("mock", OPENAPI / file)
    try:
        _await(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


def _prism(how: str, *arguments: object) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(PRISM), how, *map(str, arguments), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process, port


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    _end(process)
    raise RuntimeError("Prism did not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _without_ids(path: str) -> str:
    path = re.sub(r"/(cameras|bridges|users)/[0-9a-f]{8}", r"/\1/{id}", path)
    path = re.sub(r"/(Q[0-9A-Z]{3}-[0-9A-Z-]+)", "/{serial}", path)
    return re.sub(r"/(organizations|networks)/[A-Z0-9_]+", r"/\1/{id}", path)


def _without_numbers(where: str) -> str:
    return re.sub(r"(?<=\.)[0-9]+(?=\.|$)", "*", where)
