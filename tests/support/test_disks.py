"""What kind of disk a folder is on."""

from __future__ import annotations

from pathlib import Path

import pytest

from camkit.support.disks import network_disk

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:50 / /mnt/share rw,relatime shared:9 - cifs //server/share rw,vers=3.1.1
31 22 0:51 / /mnt/share/disk rw - xfs /dev/vdb rw
32 22 0:52 / /mnt/two\\040words rw master:3 - nfs4 server:/export rw
33 22 0:53 / /home/me/remote rw - fuse.sshfs me@server:/ rw
34 22 0:54 / /media/stick rw - fuseblk /dev/sdb1 rw
35 22 0:55 / /mnt/hidden rw - nfs server:/old rw
36 22 0:56 / /mnt/hidden rw - tmpfs tmpfs rw
37 22 0:57 / /mnt/machine rw - 9p machine rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me/cases", None),
        ("/mnt/share/cases/front-door", "cifs"),
        ("/mnt/share", "cifs"),
        ("/mnt/shared", None),
        ("/mnt/share/disk/cases", None),
        ("/mnt/two words/cases", "nfs4"),
        ("/home/me/remote/cases", "fuse.sshfs"),
        ("/media/stick/cases", None),
        ("/mnt/hidden/cases", None),
        ("/mnt/machine", "9p"),
    ],
)
def test_says_which_folders_another_machine_may_have_open(tmp_path, folder, kind):
    "The innermost place counts, and of two at the same place the later one"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert network_disk(Path(folder), mounts) == kind


def test_a_link_to_a_share_is_on_the_share(tmp_path):
    "What counts is where the files are"
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"30 22 0:50 / {tmp_path / 'share'} rw - nfs4 server:/export rw\n")
    assert network_disk(tmp_path / "link", mounts) == "nfs4"
    assert network_disk(tmp_path, mounts) is None


def test_nothing_is_said_where_nothing_is_known(tmp_path):
    "On systems without such a list"
    assert network_disk(tmp_path, tmp_path / "gone") is None
