"""What kind of disk a folder is on."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["MOUNTS", "network_disk"]

_NETWORK = frozenset(
    "9p acfs afs beegfs ceph cifs coda davfs drvfs gfs gfs2 glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs prl_fs "
    "smb3 smbfs vboxsf virtiofs vmhgfs".split()
)
"""Kinds of file systems that another machine may have open as well."""

MOUNTS = Path("/proc/self/mountinfo")
"""Linux' list of what is mounted where."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


def network_disk(folder: Path, mounts: Path | None = None) -> str | None:
    """Return the kind of the file system of a folder if another machine may have it open as well, such as ``nfs4``.

    Parameters
    ----------
    folder : pathlib.Path
    mounts : pathlib.Path, optional
        The system's list of what is mounted where; by default that of Linux. Where there is none, nothing is known, and
        None is returned.
    """
    place = Path(os.path.realpath(folder))
    found = ""
    longest = -1
    try:
        lines = (mounts or MOUNTS).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(_ESCAPE.sub(lambda code: chr(int(code[1], 8)), before.split(" ")[4]))
        if place.is_relative_to(point) and len(point.parts) >= longest:  # a later one hides an earlier one
            longest, found = len(point.parts), after.split(" ")[0]
    # A file system in a program, such as sshfs, may be anything: what is safe on a share is safe on a disk.
    return found if found in _NETWORK or found.startswith("fuse.") else None
