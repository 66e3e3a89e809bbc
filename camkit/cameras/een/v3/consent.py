"""The consent to a login: in the browser, on the vendor's page, which sends the browser back to this machine.

Sources: the authorization code grant and its redirect, RFC 6749; native applications that listen on loopback, RFC 8252.
"""

from __future__ import annotations

import errno
import getpass
import hmac
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from html import escape
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import gevent
import gevent.socket
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from IPython.core.getipython import get_ipython
from IPython.display import HTML, DisplayHandle

from camkit.errors import LoginRefused, SettingsError
from camkit.support.html import block_html, text_html

WAIT_S = 300.0
"""How long a consent is waited for, seconds: as long as the vendor's code would hold."""

CONNECTIONS, CONNECTION_S = 100, 10.0
"""How many browsers may be connected at once, and how long each, seconds: a slow one does not keep others out."""

_NO_INPUT = "This program cannot ask for the address. Run the cell in JupyterLab, or camkit in a terminal."
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>camkit</title>"
    "<body style='font-family:sans-serif;margin:3em'><p>{}</p></body></html>"
)
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
}
_NO_PAGE = "This is not a page. Go back to the notebook."
_WHY_NOT_BOUND = {
    errno.EADDRINUSE: "is in use by another program, perhaps by a notebook that is logging in. End that",
    errno.EACCES: "may not be used by your programs: the system keeps ports below 1024, and some others, for itself. "
    "Register an address with another port and set EEN_REDIRECT_URI",
}


def consent_in_browser(address: str, redirect_uri: str, *, paste: bool | None = None) -> str:
    """Have the user allow the access in a browser.

    Parameters
    ----------
    address : str
        The vendor's page. The ``state`` in it has to come back.
    redirect_uri : str
        To where the vendor sends the browser then.
    paste : bool, optional
        Ask for the address on which the browser ended, and do not listen. By default where no browser of the user's
        can reach this machine: on JupyterHub, over ssh, and if `redirect_uri` is not an address of this machine.

    Returns
    -------
    str
        The address on which the browser ended.

    Raises
    ------
    LoginRefused
        If nobody allowed it in time, or the address cannot be asked for.
    SettingsError
        If nobody can listen at `redirect_uri`: another program does, it is not allowed, or it is not this machine's.
    """
    parts = urlsplit(redirect_uri)
    is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    is_far = any(os.environ.get(name) for name in ("JUPYTERHUB_USER", "SSH_CONNECTION"))
    if paste or not is_here or (paste is None and is_far):
        return _pasted(address)
    return _listened(address, redirect_uri)


def _pasted(address: str) -> str:
    """Show the link, and ask for the address; what is typed is neither shown nor kept in the notebook."""
    shown = _show(
        address, "Then copy the address of the page on which your browser ends, even if it does not open."
    )
    try:
        return getpass.getpass("The address on which the browser ended: ").strip()
    except (EOFError, NotImplementedError):  # a notebook without input raises a kind of the latter
        pass
    finally:
        shown()
    raise LoginRefused(_NO_INPUT)


def _listened(address: str, redirect_uri: str) -> str:
    """Show the link, and listen at the redirect's address until the browser comes back."""
    came = _Came(redirect_uri, parse_qs(urlsplit(address).query)["state"][0])
    server = StreamServer(_listener(redirect_uri), came.serve, spawn=Pool(CONNECTIONS))
    with ExitStack() as stack:
        stack.callback(server.stop, timeout=1)
        server.start()
        stack.callback(_show(address, "This cell waits until you have allowed the access there."))
        if not came.event.wait(WAIT_S):
            raise LoginRefused(
                f"Nobody allowed the access to Eagle Eye within {WAIT_S / 60:.0f} minutes. Run site.een.login() again; "
                "if the browser ended on a page that does not open, site.een.login(paste=True)."
            )
        gevent.sleep(0.1)  # so that the page is on its way
    return came.address


def _listener(redirect_uri: str) -> socket.socket:
    """A socket that listens at an address of this machine."""
    parts = urlsplit(redirect_uri)
    listener = None
    try:
        listener = gevent.socket.socket(socket.AF_INET6 if ":" in (parts.hostname or "") else socket.AF_INET)
        if os.name == "posix":  # on Windows it would listen beside another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((parts.hostname, parts.port or 80))
        listener.listen(CONNECTIONS)
        return listener
    except OSError as error:
        if listener is not None:
            listener.close()
        why = _WHY_NOT_BOUND.get(
            error.errno or 0,
            f"is not an address of this machine ({error.strerror}). Register http://127.0.0.1:3333 and set "
            "EEN_REDIRECT_URI",
        )
    raise SettingsError(
        f"{redirect_uri}, to which Eagle Eye sends the browser back, {why}, or run site.een.login(paste=True)."
    )


class _Came:
    """The browser's return: the first request to the redirect's address that brings the state."""

    def __init__(self, redirect_uri: str, state: str) -> None:
        self.event = Event()
        self.address = ""
        self._redirect_uri, self._state = redirect_uri, state
        self._path = urlsplit(redirect_uri).path or "/"

    def serve(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        """Answer one request, in a limited time; whatever it is, nothing is printed in the notebook."""
        with suppress(OSError), gevent.Timeout(CONNECTION_S, False):
            _Handler(connection, peer, self)

    def answer(self, method: str, target: str) -> tuple[int, str]:
        """The status and the text of the page for a request."""
        path, _, query = target.partition("?")
        found = parse_qs(query)
        known = hmac.compare_digest(found.get("state", [""])[0].encode(), self._state.encode())
        if method != "GET" or path != self._path or not known:
            return 404, _NO_PAGE
        if self.event.is_set():
            return 410, "This login is over. Go back to the notebook."
        self.address = urlsplit(self._redirect_uri)._replace(query=query).geturl()
        self.event.set()
        if "code" not in found:
            return 200, "The access was not allowed. Go back to the notebook."
        return 200, "Thank you. Close this page and go back to the notebook."


class _Handler(BaseHTTPRequestHandler):
    """One request. Its body is not read, since nothing that belongs here has one."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, peer: tuple[str, int], came: _Came) -> None:
        self._came = came
        super().__init__(connection, peer, came)  # type: ignore[arg-type]  # the server is not used

    def do_GET(self) -> None:
        self._send(*self._came.answer(self.command, self.path))

    def send_error(self, code: int, _message: str | None = None, _explain: str | None = None) -> None:
        """Answer what is not HTTP, or a method that is not GET, without repeating it."""
        self._send(404 if code == 501 else code, _NO_PAGE)

    def log_message(self, *_: object) -> None:
        """Print nothing: what is asked for holds the code."""

    def _send(self, status: int, text: str) -> None:
        body = _PAGE.format(text).encode()
        self.send_response_only(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _show(address: str, then: str) -> Callable[[], None]:
    """Show the link, in a notebook as a button; returns what takes it away again."""
    if not hasattr(get_ipython(), "kernel"):
        print(
            f"Open this address in a browser and allow the access to Eagle Eye:\n\n  {address}\n\n{then}",
            flush=True,
        )
        return lambda: None
    link = (
        f'<p><a href="{escape(address)}" target="_blank" rel="noopener noreferrer" style="display:inline-block;'
        'padding:8px 16px;background:#1a5fb4;color:white;border-radius:4px;text-decoration:none">'
        "Allow the access to Eagle Eye</a></p>"
        f"<p>The button opens Eagle Eye's page in a new tab. {text_html(then)}</p>"
    )
    handle = DisplayHandle()  # type: ignore[no-untyped-call]  # IPython has no types for it
    handle.display(HTML(block_html(link)))  # type: ignore[no-untyped-call]  # as above
    return lambda: handle.update(HTML(""))  # type: ignore[no-untyped-call]  # as above
