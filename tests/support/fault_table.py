"""Which fault has which outcome, call by call: what the caller sees.

ok: the right result, perhaps after another attempt. note: the directory's entry says what is missing.
short: fewer frames, with the reasons in the result. Everything else is an exception:

bad BadResponse · late DeadlineExceeded · error ServiceError · refused LoginRefused · denied AccessDenied ·
none NoPicture · unknown NotFound · limited RateLimited

limited, for a snapshot: the service asks for a longer wait than the test allows for a picture.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

CALLS = ("login", "devices", "image", "list", "download", "order", "snapshot", "directory")

ROUTES = {
    "login": "/g/aaa/authenticate",
    "devices": "/g/device/list",
    "image": "/asset/prev/*",
    "list": "/asset/list/*",
    "download": "/asset/prev/*",
    "order": "/api/v1/devices/*",
    "snapshot": "/stream/*",
    "directory": "/people/*",
}
"""Which requests go wrong; of a Meraki snapshot either the order or the download of the image."""


@dataclass(frozen=True)
class Row:
    """One fault, and the outcome of each call with it.

    Attributes
    ----------
    times : int or None
        How many requests go wrong; None for all.
    """

    name: str
    kind: str
    params: dict[str, Any]
    times: int | None
    outcomes: dict[str, str]

    def fault(self, call: str) -> dict[str, Any]:
        """As the demo site's control path takes it."""
        return {"route": ROUTES[call], "kind": self.kind, "params": self.params, "times": self.times}


_TABLE = """
fault           times params                   login   devices image   list    downl.  order   snapsh. directory
slow            once ms=100                   ok      ok      ok      ok      ok      ok      ok      ok
slow            all  ms=100                   ok      ok      ok      ok      ok      ok      ok      ok
slow            once ms=900                   ok      ok      ok      ok      ok      ok      ok      ok
slow            all  ms=900                   late    late    late    late    short   late    late    note
hang            once -                        ok      ok      ok      ok      ok      ok      ok      ok
hang            all  -                        late    late    late    late    short   late    late    note
drip            all  bytes_per_s=40           late    late    late    late    short   late    late    note
truncate        once -                        ok      ok      ok      ok      ok      ok      ok      ok
truncate        all  -                        bad     bad     bad     bad     short   bad     bad     note
short           once -                        ok      ok      ok      ok      ok      ok      ok      ok
short           all  -                        bad     bad     bad     bad     short   bad     bad     note
empty           once -                        ok      ok      ok      ok      ok      ok      ok      note
empty           all  -                        bad     bad     bad     bad     short   bad     late    note
html            once -                        ok      ok      ok      ok      ok      ok      ok      note
html            all  -                        bad     bad     bad     bad     short   bad     late    note
html            once status=500               ok      ok      ok      ok      ok      ok      ok      ok
html            all  status=500               error   error   error   error   short   error   late    note
xml             once -                        ok      ok      ok      ok      ok      ok      ok      ok
xml             all  -                        error   error   error   error   short   error   late    note
xml             all  status=200               bad     bad     bad     bad     short   bad     late    note
wrong-type      once -                        ok      ok      ok      ok      ok      ok      ok      ok
wrong-type      all  -                        ok      ok      ok      ok      ok      ok      ok      ok
wrong-type      all  type=image/pjpeg         ok      ok      ok      ok      ok      ok      ok      note
wrong-type      all  type=text/plain          ok      ok      bad     ok      short   ok      late    ok
not-jpeg        once -                        ok      ok      ok      ok      ok      ok      ok      note
not-jpeg        all  -                        bad     bad     bad     bad     short   bad     late    note
corrupt-jpeg    once where=middle             ok      ok      ok      ok      ok      ok      ok      note
corrupt-jpeg    all  where=middle             bad     bad     bad     bad     short   bad     late    note
corrupt-jpeg    once where=end                ok      ok      ok      ok      ok      ok      ok      ok
corrupt-jpeg    all  where=end                bad     bad     bad     bad     short   bad     late    note
spliced-jpeg    once -                        ok      ok      ok      ok      ok      ok      ok      note
spliced-jpeg    all  -                        bad     bad     bad     bad     short   bad     late    note
huge            all  -                        bad     bad     bad     bad     short   bad     bad     note
bomb            once -                        ok      ok      ok      ok      ok      ok      ok      note
bomb            all  -                        bad     bad     bad     bad     short   bad     late    note
gzip            all  -                        ok      ok      ok      ok      ok      ok      ok      ok
gzip-broken     once -                        ok      ok      ok      ok      ok      ok      ok      ok
gzip-broken     all  -                        bad     bad     bad     bad     short   bad     bad     note
gzip-bomb       all  -                        bad     bad     bad     bad     short   bad     bad     note
bad-json        once -                        ok      ok      ok      ok      ok      ok      ok      note
bad-json        all  -                        bad     bad     bad     bad     short   bad     late    note
status          once status=400               refused bad     unknown unknown short   none    ok      note
status          all  status=401               refused refused refused refused refused refused late    note
status          once status=401               refused ok      ok      ok      ok      refused ok      note
status          all  status=403               denied  denied  denied  denied  denied  denied  late    note
status          once status=403               denied  denied  denied  denied  denied  denied  ok      note
status          all  status=404               unknown unknown none    none    short   unknown late    note
status          once status=404               unknown unknown none    none    ok      unknown ok      note
status          all  status=410               unknown unknown none    none    short   unknown late    note
status          once status=410               unknown unknown none    none    ok      unknown ok      note
status          once status=418               bad     bad     bad     bad     short   bad     ok      note
status          once status=429               ok      ok      ok      ok      ok      ok      ok      ok
status          all  status=429               limited limited limited limited short   limited late    note
status          once status=429,retry_after=0.3 ok ok ok ok ok ok ok ok
status          once status=429,retry_after=1,as_date=true ok ok ok ok ok ok limited ok
status          all  status=429,retry_after=3600 limited limited limited limited short limited limited note
status          once status=500               ok      ok      ok      ok      ok      ok      ok      ok
status          all  status=500               error   error   error   error   short   error   late    note
status          once status=502               ok      ok      ok      ok      ok      ok      ok      ok
status          all  status=502               error   error   error   error   short   error   late    note
status          once status=503,retry_after=0.3 ok ok ok ok ok ok ok ok
status          all  status=503               error   error   error   error   short   error   late    note
status          once status=504               ok      ok      ok      ok      ok      ok      ok      ok
status          all  status=504               error   error   error   error   short   error   late    note
reset           once -                        ok      ok      ok      ok      ok      ok      ok      ok
reset           all  -                        bad     bad     bad     bad     short   bad     bad     note
close           once -                        ok      ok      ok      ok      ok      ok      ok      ok
close           all  -                        bad     bad     bad     bad     short   bad     bad     note
redirect-home   all  code=302                 ok      ok      ok      ok      ok      ok      ok      ok
redirect-home   all  code=307                 ok      ok      ok      ok      ok      ok      ok      ok
redirect-home   all  code=308                 ok      ok      ok      ok      ok      ok      ok      ok
redirect-abroad all  -                        bad     bad     bad     bad     short   bad     bad     note
redirect-loop   all  -                        bad     bad     bad     bad     short   bad     bad     note
"""


def _row(line: str) -> Row:
    kind, times, given, *outcomes = line.split()
    params = dict(pair.split("=") for pair in given.split(",")) if given != "-" else {}
    said = " ".join(params.values())
    return Row(
        " ".join(part for part in (kind, said, times) if part),
        kind,
        {name: value if name in ("where", "type") else json.loads(value) for name, value in params.items()},
        1 if times == "once" else None,
        dict(zip(CALLS, outcomes, strict=True)),
    )


ROWS = [_row(line) for line in _TABLE.strip().splitlines()[1:]]
