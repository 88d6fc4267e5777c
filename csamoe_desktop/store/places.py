"""Paths of a store: the SQLite URI of a path, and whether it is on a network drive, where write-ahead logging fails."""

import os
import sys
from pathlib import Path, PurePath, PureWindowsPath
from urllib.parse import quote, quote_from_bytes

_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "afs",
    "ncp",
    "9p",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.davfs",
    "davfs",
    "gfs",
    "lustre",
)
_REMOTE = 4
"""DRIVE_REMOTE of the Windows function GetDriveTypeW."""


def uri_of(file: PurePath, options: str) -> str:
    r"""Return the URI with which SQLite opens `file`, with `options` after the question mark.

    A share, `\\server\share`, is written as a path after an empty authority, as SQLite refuses any other authority
    (sqlite.org/uri.html).
    """
    if isinstance(file, PureWindowsPath):
        plain = str(file)
        # The long form of a path has no equivalent with forward slashes: use the short one.
        for long, short in (("\\\\?\\UNC\\", "\\\\"), ("\\\\?\\", "")):
            if plain.upper().startswith(long.upper()):
                plain = short + plain[len(long) :]
                break
        quoted = quote(plain.replace("\\", "/"), safe="/:", errors="surrogatepass")
    else:
        whole = file if file.is_absolute() else Path(file).absolute()
        quoted = quote_from_bytes(os.fsencode(str(whole)), safe="/")
    return f"file://{'' if quoted.startswith('/') else '/'}{quoted}?{options}"


def on_network(file: Path) -> bool:
    """Return whether `file` is on a network drive, as far as the system reports it."""
    whole = file.absolute()
    if sys.platform == "win32":
        import ctypes

        anchor = whole.anchor
        return anchor.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(anchor) == _REMOTE
    return _file_system(whole).startswith(_NETWORK)


def _file_system(whole: Path) -> str:
    """Return the type of the file system of a path; "" if the system does not report it."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = fields[1].replace("\\040", " ")
        if (place == "/" or f"{whole}/".startswith(f"{place}/")) and len(place) >= len(best):
            best, kind = place, fields[2]
    return kind
