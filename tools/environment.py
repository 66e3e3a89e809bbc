"""Make the environment, and show how far that is: ``python tools/environment.py FOLDER``.

It runs before anything is installed, so it needs nothing but Python itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--no-input")
FROM_SOURCE = "bagit"
"""Comes as source only. It is built last, with tools from the lock: pip would fetch others, the latest of the day."""
LOOK_EVERY_S, SAY_EVERY_S = 0.5, 10  # the second where the output is not a terminal, such as a file


def make(folder: Path, root: Path = ROOT, screen: TextIO = sys.stdout) -> int:
    """Make an environment with what the lock names, and camkit itself as it is in the checkout.

    Parameters
    ----------
    folder : pathlib.Path
        The environment's; made if missing.
    root : pathlib.Path
        The checkout.
    screen : file
        Where progress is shown.

    Returns
    -------
    int
        0, or pip's exit status after its last lines were shown.
    """
    print(f"Making the environment in {folder}/, which takes a minute or two:", file=screen, flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)  # noqa: S603 - our own interpreter
    for what, arguments in steps(folder, root).items():
        log = folder / "pip.log"
        with log.open("wb") as said:
            command = [folder / "bin" / "python", *PIP, *arguments]
            pip = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603 - the one made above
        _watch(pip, log, what, screen)
        if pip.returncode:
            print("".join(log.read_text().splitlines(keepends=True)[-20:]), file=screen)
            print(
                f"The environment could not be made; all that pip said is in {log}.", file=screen, flush=True
            )
            return pip.returncode
    return 0


def steps(folder: Path, root: Path) -> dict[str, tuple[str | Path, ...]]:
    """Return the arguments of each call of pip by what it installs; write the part of the lock that comes as wheels."""
    lock, wheels = root / "requirements.lock", folder / "wheels.lock"
    wheels.write_text(re.sub(rf"^{FROM_SOURCE}==(.*\\\n)*.*\n", "", lock.read_text(), flags=re.MULTILINE))
    with_our_tools = ("--no-deps", "--no-build-isolation")
    # The lock also names what only other systems need.
    expected = len(re.findall(r"^[\w.-]+(?:\[.*?\])?==", lock.read_text(), re.MULTILINE))
    return {
        f"{{}} of about {expected} packages": ("--require-hashes", "--only-binary", ":all:", "-r", wheels),
        f"{FROM_SOURCE} from its source": ("--require-hashes", *with_our_tools, "-r", lock),
        "camkit itself": (*with_our_tools, "-e", root),
    }


def _watch(pip: subprocess.Popen[bytes], log: Path, what: str, screen: TextIO) -> None:
    """Show what pip is at until it ends: in one line that changes on a terminal, else in a line now and then."""
    began = time.monotonic()
    said_at = began - SAY_EVERY_S
    while pip.poll() is None:
        passed = time.monotonic() - began
        line = f"  {what.format(_stage(log))}, {passed:.0f} s"
        if screen.isatty():
            print(f"\r\033[K{line}", end="", file=screen, flush=True)
        elif began + passed - said_at >= SAY_EVERY_S:
            said_at = began + passed
            print(line, file=screen, flush=True)
        time.sleep(LOOK_EVERY_S)
    if screen.isatty():
        print("\r\033[K", end="", file=screen, flush=True)


def _stage(log: Path) -> str:
    """How many packages pip has fetched; then, how many are installed."""
    said = log.read_text()
    if "Installing collected packages" in said:
        return f"installed {len(list(log.parent.glob('lib/python*/site-packages/*.dist-info')))}"
    return f"fetched {said.count('Collecting ')}"


if __name__ == "__main__":
    try:
        sys.exit(make(Path(sys.argv[1])))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted: the same command begins again.")
