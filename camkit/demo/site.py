"""The whole demo site: a world, the vendors' routes over it, and two WSGI applications.

The main application serves the vendors' paths and the directory. The second one, on another port and so
another origin, serves ordered snapshots and the pictures that are kept on another archiver.
"""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex

from flask import Flask, Response, request

from camkit.demo import control, directory
from camkit.demo.clock import Clock
from camkit.demo.een import aaa, assets, devices_api, lists, poll, recordings
from camkit.demo.een.devices import account
from camkit.demo.een.login import Login
from camkit.demo.een.v3 import api as v3
from camkit.demo.een.v3 import media, media_session, oauth
from camkit.demo.faults import Faults
from camkit.demo.meraki import api, snapshots
from camkit.demo.meraki.inventory import Inventory
from camkit.demo.meraki.rate_limit import TokenBucket
from camkit.demo.middleware import Latency, WsgiApp, at_origin
from camkit.demo.options import Options
from camkit.demo.request_log import RequestLog
from camkit.demo.world.world import World

LARGEST_BODY = 1_000_000
"""Bytes. No request of either vendor's API that is served here needs a hundredth of it."""


class Site:
    """Both applications and the state that they share.

    Parameters
    ----------
    options : Options
        The command line.
    origin, media_origin : str
        The main address, and the second origin's address, which answers of the first one refer to.

    Attributes
    ----------
    main, media : callable
        The WSGI applications.
    control : str
        The control path of the main application. It cannot be guessed, so other users of this machine and web
        pages do not control the site.
    """

    def __init__(self, options: Options, origin: str, media_origin: str) -> None:
        self.control = f"/demo/{token_hex(16)}"
        self._login = Login()
        self._subscriptions = poll.Subscriptions()
        self._authorizations = oauth.Authorizations(options.token_s, tuple(options.redirect_uri))
        self._store = snapshots.SnapshotStore(
            options.ready_delay_ms / 1000, options.snapshot_life_s, options.not_ready_status
        )
        self._bucket = TokenBucket() if options.rate_limit == "on" else None
        self._log = RequestLog()
        self._faults = Faults(options.fault)
        world, clock = World(options.seed), Clock(running=options.clock == "running")
        devices = account(options.seed, options.cameras)
        store = assets.Assets(world, clock, devices, options.timeout_ms)
        orders = api.Snapshots(world, clock, self._store, media_origin)

        main = _flask("main")
        main.before_request(_no_trailing_slash)
        images = media.Media(world, store, devices, options.timeout_ms)
        end = options.end_marker
        main.register_blueprint(oauth.create_blueprint(self._authorizations, v3.base_url(origin)))
        main.register_blueprint(
            v3.create_blueprint(self._authorizations, clock, devices, images, end, origin)
        )
        main.register_blueprint(media_session.create_blueprint(self._authorizations))
        main.register_blueprint(aaa.create_blueprint(self._login))
        main.register_blueprint(devices_api.create_blueprint(self._login, devices))
        main.register_blueprint(lists.create_blueprint(self._login, devices))
        main.register_blueprint(poll.create_blueprint(self._login, store, self._subscriptions))
        main.register_blueprint(recordings.create_blueprint(self._login, store, images, world))
        archiver = None if options.one_port else media_origin
        main.register_blueprint(assets.create_blueprint(self._login, store, archiver=archiver))
        if options.one_port:
            main.register_blueprint(snapshots.create_blueprint(self._store))
        main.register_blueprint(api.create_blueprint(Inventory(options.cameras), clock, orders, self._bucket))
        main.register_blueprint(api.create_old_blueprint())
        main.register_blueprint(directory.create_blueprint())
        main.register_blueprint(
            control.create_blueprint(self._log, self._faults, self.reset, self._expire_sessions),
            url_prefix=self.control,
        )
        second = _flask("media")
        second.register_blueprint(snapshots.create_blueprint(self._store))
        second.register_blueprint(assets.create_blueprint(self._login, store, archiver=None))
        self.main = self._wrapped(main, options, options.public_url)
        self.media = self._wrapped(second, options, options.public_media_url)

    def reset(self) -> None:
        """Clear the request log, ordered snapshots and locks; faults and sessions are kept."""
        self._log.reset()
        self._login.reset()
        self._subscriptions.reset()
        self._authorizations.reset()
        self._store.reset()
        if self._bucket is not None:
            self._bucket.reset()

    def _expire_sessions(self) -> None:
        self._login.expire_sessions()
        self._authorizations.expire()

    def _wrapped(self, app: Flask, options: Options, public: str | None) -> WsgiApp:
        answers = self._faults.watch(Latency(app, options.latency_ms / 1000))
        return self._log.watch(at_origin(answers, public), app, control=self.control)


def _flask(name: str) -> Flask:
    app = Flask(f"camkit.demo.{name}", root_path=str(Path(__file__).parent))
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.register_error_handler(RecursionError, _nested_too_deeply)
    return app


def _nested_too_deeply(_error: Exception) -> Response:
    """Answer to a JSON body that the standard library does not read to its end."""
    return Response("the body is nested too deeply", 400, mimetype="text/plain")


def _no_trailing_slash() -> Response | None:
    """Answer 500 to a path that ends in a slash, as the vendor's server was observed to do."""
    if request.path.startswith(("/g/", "/asset/")) and request.path.endswith("/"):
        return Response("internal server error", 500, mimetype="text/plain")
    return None
