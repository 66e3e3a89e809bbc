"""The demo site's command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from camkit.demo.faults import Fault, fault_from
from camkit.demo.world.world import DEFAULT_SEED

LARGEST_FLEET = 100_000
"""Above, made-up ids and addresses would have to be longer than the vendors' are."""


@dataclass(frozen=True)
class Options:
    """The options of the command line.

    Attributes
    ----------
    cameras : int
        How many cameras each account has at least.
    parent : int or None
        A process id; the site ends when its parent is another process.
    write_data : str or None
        A folder to write the CSV files into, instead of serving.
    public_url, public_media_url : str or None
        Where clients reach the site and its images, if something in front of it takes the requests.
    """

    port: int = 0
    seed: int = DEFAULT_SEED
    cameras: int = 0
    latency_ms: int = 0
    ready_delay_ms: int = 300
    timeout_ms: int = 300
    snapshot_life_s: float = 1800.0
    clock: str = "fixed"
    rate_limit: str = "on"
    one_port: bool = False
    not_ready_status: int = 404
    media_port: int = 0
    public_url: str | None = None
    public_media_url: str | None = None
    token_s: float = 43200.0
    end_marker: str = "empty"
    redirect_uri: list[str] = field(default_factory=list)
    parent: int | None = None
    write_data: str | None = None
    fault: list[Fault] = field(default_factory=list)


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; exits with a usage message if it is invalid."""
    parser = argparse.ArgumentParser(
        prog="python -m camkit.demo", description="Serve camkit's demo site on 127.0.0.1."
    )
    default = Options()
    parser.add_argument("--port", type=_port, default=default.port, help="0, the default, picks a free port")
    parser.add_argument("--seed", type=int, default=default.seed, help="the same seed gives the same world")
    parser.add_argument(
        "--cameras",
        type=_fleet,
        default=default.cameras,
        help=f"how many cameras each vendor's account has at least, to {LARGEST_FLEET}; the usual ones are the first",
    )
    parser.add_argument(
        "--latency-ms", type=_whole, default=0, help="shortest time from a request to its answer"
    )
    parser.add_argument(
        "--ready-delay-ms",
        type=_whole,
        default=default.ready_delay_ms,
        help="time from ordering a Meraki snapshot until it can be fetched",
    )
    parser.add_argument(
        "--timeout-ms",
        type=_whole,
        default=default.timeout_ms,
        help="how long the Eagle Eye proxy tries to reach a camera that does not answer",
    )
    parser.add_argument(
        "--snapshot-life-s",
        type=float,
        default=default.snapshot_life_s,
        help="how long a Meraki snapshot can be fetched, seconds",
    )
    parser.add_argument(
        "--clock",
        choices=("fixed", "running"),
        default=default.clock,
        help="whether the world's time runs",
    )
    parser.add_argument(
        "--rate-limit",
        choices=("on", "off"),
        default=default.rate_limit,
        help="Meraki's limit of ten requests a second",
    )
    parser.add_argument(
        "--one-port", action="store_true", help="serve the images on the main port, not on one of their own"
    )
    parser.add_argument(
        "--media-port", type=_port, default=default.media_port, help="port of the images; 0 picks a free one"
    )
    parser.add_argument(
        "--public-url",
        type=_origin,
        metavar="URL",
        help="where clients reach the site, for example https://demo.example, if a TLS front passes requests on",
    )
    parser.add_argument(
        "--public-media-url", type=_origin, metavar="URL", help="the same for the port of the images"
    )
    parser.add_argument(
        "--not-ready-status",
        type=int,
        choices=(202, 400, 403, 404),
        default=default.not_ready_status,
        help="the answer to a request for a Meraki snapshot that is not ready",
    )
    parser.add_argument(
        "--token-s",
        type=float,
        default=default.token_s,
        help="how long an Eagle Eye v3 access token holds, seconds",
    )
    parser.add_argument(
        "--end-marker",
        choices=("empty", "null", "absent"),
        default=default.end_marker,
        help="how the last page of an Eagle Eye v3 list says that there is no next one",
    )
    parser.add_argument(
        "--redirect-uri",
        action="append",
        default=[],
        metavar="URI",
        help="another redirect address of the Eagle Eye v3 application, can be repeated",
    )
    parser.add_argument("--parent", type=int, help="process id; end when the parent is another process")
    parser.add_argument("--write-data", metavar="DIR", help="write the CSV files into DIR and exit")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="JSON",
        help='a fault, can be repeated: {"route": "/asset/*", "kind": "slow"}',
    )
    options = Options(**vars(parser.parse_args(arguments)))
    if options.public_url and not options.public_media_url and not options.one_port:
        parser.error("--public-url needs --public-media-url, or --one-port")
    if options.public_media_url and (options.one_port or not options.public_url):
        parser.error("--public-media-url needs --public-url, and no --one-port")
    return options


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    origin = text.rstrip("/")
    if not known or not text.isascii() or origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        raise argparse.ArgumentTypeError(
            "must be a scheme, a host and a port only, for example https://demo.example:8443"
        )
    return origin


def _fault(text: str) -> Fault:
    try:
        return fault_from(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _port(text: str) -> int:
    number = _whole(text)
    if number > 65535:
        raise argparse.ArgumentTypeError("must not be above 65535")
    return number


def _fleet(text: str) -> int:
    number = _whole(text)
    if number > LARGEST_FLEET:
        raise argparse.ArgumentTypeError(f"must not be above {LARGEST_FLEET}")
    return number


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number
