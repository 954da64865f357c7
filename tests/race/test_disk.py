"""A ledger lies on a disk of this machine, or is refused."""

from pathlib import Path

import pytest

from thalweg.race import disk
from thalweg.race.ledger import Ledger

TABLE = """\
proc /proc proc rw 0 0
/dev/sda1 / ext4 rw,relatime 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/scratch xfs rw 0 0
//box/films /mnt/my\\040films cifs rw 0 0
me@box: /mnt/box fuse.sshfs rw 0 0
/dev/sdc1 /mnt/stick fuseblk rw 0 0
server:/old /mnt/twice nfs rw 0 0
/dev/sdd1 /mnt/twice btrfs rw 0 0
torn
"""


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    table = tmp_path / "mounts"
    table.write_text(TABLE)
    monkeypatch.setattr(disk, "MOUNTS", table)
    return table


@pytest.mark.parametrize(
    ("folder", "kind", "network"),
    [
        ("/var/race", "ext4", False),
        ("/home/me/race", "nfs4", True),
        ("/home/scratch/me/race", "xfs", False),
        ("/home/../var/race", "ext4", False),
        ("/homestead/race", "ext4", False),
        ("/mnt/my films/race", "cifs", True),
        ("/mnt/box", "fuse.sshfs", True),
        ("/mnt/stick/race", "fuseblk", False),
        ("/mnt/twice/race", "btrfs", False),
    ],
)
def test_the_innermost_and_latest_mount_decides(mounts, folder, kind, network):
    assert disk.kind(Path(folder)) == kind
    assert disk.is_network(kind) == network


@pytest.mark.parametrize(
    "kind", ["nfs", "smb3", "9p", "lustre", "gpfs", "ceph", "afs", "glusterfs"]
)
def test_a_folder_on_a_network_is_refused_in_one_line(mounts, tmp_path, kind):
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/all {tmp_path} {kind} rw 0 0\n")
    path = tmp_path / "deep" / "race.db"
    refusal = pytest.raises(ValueError, match=rf"network file system \({kind}\)")
    with refusal as caught, Ledger.open(path):
        pass
    assert "\n" not in str(caught.value)
    assert not path.parent.exists()


def test_a_link_to_a_network_is_seen_through(mounts, tmp_path):
    far = tmp_path / "far"
    far.mkdir()
    (tmp_path / "near").symlink_to(far)
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/all {far} nfs rw 0 0\n")
    assert disk.kind(tmp_path / "near" / "race") == "nfs"


def test_where_the_system_does_not_say_nothing_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(disk, "MOUNTS", tmp_path / "none")
    assert disk.kind(tmp_path) is None
    with Ledger.open(tmp_path / "race.db") as ledger:
        assert ledger.counts()["done"] == 0


def test_this_machine_says_it(tmp_path):
    if not disk.MOUNTS.exists():
        pytest.skip("needs Linux")
    assert disk.kind(tmp_path)
