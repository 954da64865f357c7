"""What kind of file system a folder lies on: SQLite's WAL needs one of this machine.

Its readers and its writer share an index in mapped memory and locks on ranges of bytes. Network
file systems promise neither across machines, and lose or mix up pages when it is tried.
"""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")

# Types as the kernel calls them; what begins with smb is Samba's.
NETWORK = re.compile(
    r"9p|afs|beegfs|ceph|cifs|coda|davfs|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2|orangefs|panfs"
    r"|pvfs2|smb\w*|wekafs"
    # What a program mounts through FUSE.
    r"|fuse\.(blobfuse2?|ceph|davfs2?|gcsfuse|glusterfs|goofys|juicefs|mount-s3|rclone|s3fs"
    r"|seaweedfs|sshfs)"
)


def check_local(folder: Path) -> None:
    """Refuse a folder on a network file system.

    Args:
        folder: need not exist yet.

    Raises:
        ValueError: it lies on one.
    """
    found = kind(folder)
    if is_network(found):
        raise ValueError(
            f"{folder}: lies on a network file system ({found}), which lacks the shared memory "
            "that the ledger's log needs; choose a folder on a disk of this machine, and copy the "
            "report from there"
        )


def kind(folder: Path) -> str | None:
    """The file system's type as the system calls it; None where it does not say.

    Args:
        folder: need not exist yet.

    Returns:
        Such as "ext4" or "nfs4".
    """
    try:
        table = MOUNTS.read_text(errors="replace")
    except OSError:  # not a Linux: nothing is known, so nothing is refused
        return None
    resolved, found, depth = folder.resolve(), None, -1
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(_unescaped(fields[1]))
        # Of two mounts on one place the later one is seen.
        if resolved.is_relative_to(place) and len(place.parts) >= depth:
            found, depth = fields[2], len(place.parts)
    return found


def is_network(kind: str | None) -> bool:
    """Whether files of that type are kept by another machine.

    Example:
        >>> [is_network(kind) for kind in ("nfs4", "smb3", "fuse.sshfs", "ext4", "fuse.ntfs-3g")]
        [True, True, True, False, False]
    """
    return kind is not None and NETWORK.fullmatch(kind) is not None


def _unescaped(place: str) -> str:
    """A mount point as its path is: the table writes a space as backslash 040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)
