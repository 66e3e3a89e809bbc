"""``python -m camkit.demo``: serve the demo site, or write its data files."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """Exit at once and without output, until the server handles the signals."""
    raise SystemExit(0)


def main() -> int:
    """Read the command line, then serve the site or write its data files."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    from camkit.demo.options import parse  # noqa: PLC0415 - after the signals are set: importing takes time

    options = parse()
    if options.write_data is not None:
        from camkit.demo.data_files import write_data  # noqa: PLC0415 - as above

        write_data(options.write_data, options.seed)
        return 0
    from camkit.demo.server import serve  # noqa: PLC0415 - as above; write_data needs no server

    serve(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
