"""The demo site's process: it listens on two ports of 127.0.0.1 and prints one JSON line."""

from __future__ import annotations

import json
import os
import signal
import sys

import gevent
from gevent.event import Event
from gevent.pywsgi import WSGIServer
from gevent.socket import IPPROTO_TCP, SO_REUSEADDR, SOL_SOCKET, TCP_NODELAY, socket

from camkit.demo.een import login
from camkit.demo.een.v3 import oauth
from camkit.demo.meraki import api
from camkit.demo.middleware import Handler, WsgiApp
from camkit.demo.options import Options
from camkit.demo.site import Site

HOST = "127.0.0.1"
PARENT_POLL_S = 0.5


def serve(options: Options) -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent process.

    Prints one JSON line first: the addresses ``een``, ``een_auth`` (of ``/oauth2``), ``een_api`` (of ``/api/v3.0``),
    ``meraki``, ``media`` (of the images), ``directory`` and ``control``, and the demo's own credentials. The address of
    the control path is secret: whoever knows it controls the site. It is always the one on this machine; the others
    are those of ``--public-url`` where that is given.
    """
    parent = options.parent or os.getppid()  # before printing: then the parent may end
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    main_socket, media_socket = _listen(options.port), _listen(options.media_port)
    origin = options.public_url or _origin(main_socket)
    media_origin = origin if options.one_port else options.public_media_url or _origin(media_socket)
    site = Site(options, origin, media_origin)
    servers = [_server(main_socket, site.main), _server(media_socket, site.media)]
    for server in servers:
        server.start()
    print(json.dumps(_introduction(origin, media_origin, _origin(main_socket) + site.control)), flush=True)
    gevent.spawn(_watch_parent, parent, stop)
    stop.wait()
    for server in servers:
        server.stop(timeout=0)


def _listen(port: int) -> socket:
    listener = socket()
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    # Headers and body go out in two writes; without this the second waits 40 ms for an acknowledgement.
    listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        sys.exit(
            f"Port {port} cannot be used ({error.strerror}). Choose another one with --port; without it, a free one "
            "is taken."
        )
    listener.listen(128)
    return listener


def _origin(listener: socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def _server(listener: socket, app: WsgiApp) -> WSGIServer:
    return WSGIServer(listener, app, log=None, error_log=None, handler_class=Handler)


def _introduction(origin: str, media_origin: str, control: str) -> dict[str, str]:
    return {
        "een": origin,
        "een_username": login.USERNAME,
        "een_password": login.PASSWORD,
        "een_tfa_username": login.TFA_USERNAME,
        "een_tfa_password": login.TFA_PASSWORD,
        "een_tfa_code": login.TFA_CODE,
        "een_auth": origin,
        "een_api": origin,
        "een_client_id": oauth.CLIENT_ID,
        "een_client_secret": oauth.CLIENT_SECRET,
        "een_redirect_uri": oauth.REDIRECT_URI,
        "meraki": f"{origin}/api/v1",
        "meraki_key": api.KEY,
        "directory": f"{origin}/people/{{user_id}}",
        "media": media_origin,
        "control": control,
    }


def _watch_parent(parent: int, stop: Event) -> None:
    while os.getppid() == parent:
        gevent.sleep(PARENT_POLL_S)
    stop.set()
