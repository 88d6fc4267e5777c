"""Where a store lies: its path as SQLite's URI, and whether that is on another machine, where a write-ahead log fails."""

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
"""What Windows calls a drive on another machine (GetDriveTypeW)."""


def uri_of(file: PurePath, how: str) -> str:
    r"""Return the URI by which SQLite opens `file`, with `how` behind the question mark.

    A share, `\\server\share`, is a path behind an empty authority (sqlite.org/uri.html): any other one is refused.
    """
    if isinstance(file, PureWindowsPath):
        plain = str(file)
        # The long form of a path means the same, and is no path with forward slashes.
        for long, short in (("\\\\?\\UNC\\", "\\\\"), ("\\\\?\\", "")):
            if plain.upper().startswith(long.upper()):
                plain = short + plain[len(long) :]
                break
        told = quote(plain.replace("\\", "/"), safe="/:", errors="surrogatepass")
    else:
        whole = file if file.is_absolute() else Path(file).absolute()
        told = quote_from_bytes(os.fsencode(str(whole)), safe="/")
    return f"file://{'' if told.startswith('/') else '/'}{told}?{how}"


def on_network(file: Path) -> bool:
    """Return whether `file` lies on another machine, as far as the system tells."""
    whole = file.absolute()
    if sys.platform == "win32":
        import ctypes

        anchor = whole.anchor
        return anchor.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(anchor) == _REMOTE
    return _file_system(whole).startswith(_NETWORK)


def _file_system(whole: Path) -> str:
    """Return what kind of file system a path is on; "" where the system does not tell."""
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
