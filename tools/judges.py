"""Install what the outside judges need, in `.judges/`: ``python -m tools.judges``.

Prism comes from npm, other people's clients from PyPI, in versions that are named here. They get a folder of their own,
because they need other versions of libraries than the kit. What cannot be installed is said; the tests are then
skipped, and say so, too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".judges"
PRISM = "@stoplight/prism-cli@5.14.2"
CLIENTS = (
    "schemathesis==4.32.5",
    "EagleEyev3==0.0.25",
    "eensdk-python==0.7.8",
    "carson-living==0.0.5",
    "pytz",
)
LONGEST_S = 600


def install(what: str, command: list[str], *wanted: str) -> None:
    """Run a command with the packages that are wanted, unless these versions are there."""
    stamp = FOLDER / f"{what}.txt"
    if stamp.exists() and stamp.read_text().split() == list(wanted):
        return
    print(f"Installing {what} ...", flush=True)
    try:
        whole = [*command, *wanted]
        run = subprocess.run(whole, capture_output=True, text=True, timeout=LONGEST_S, check=False)  # noqa: S603 - ours
        problem = (run.stderr.strip()[-400:] or "no reason given") if run.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem:
        print(f"NO JUDGES: {what} could not be installed: {problem}", flush=True)
    else:
        stamp.write_text("\n".join(wanted))


def main() -> int:
    """Install all."""
    FOLDER.mkdir(exist_ok=True)
    npm = [shutil.which("npm") or "npm", "install", "--prefix", str(FOLDER), "--silent"]
    install("Prism", npm, PRISM)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(FOLDER / "python")]
    install("other people's clients", pip, *CLIENTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
