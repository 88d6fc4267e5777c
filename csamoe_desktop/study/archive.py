"""Unpacks the images of a ZIP archive into a folder that the program owns."""

import os
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason

ZIP = b"PK\x03\x04"
_HEAD = 512
_MOST_MEMBERS = 20_000
_LARGEST = 2**31
_ODDLY_SMALL = 2**26, 500
"""A member with more bytes than the first number that expands by more than the second is a ZIP bomb, not a picture."""
_PIECE = 2**20
_OFFICE = "[Content_Types].xml"
_SMALLER = "Unpack it with another program and open the folder."


def unpack_images(
    archive: Path,
    folder: Path,
    is_image: Callable[[bytes], bool],
    looking: Callable[[float], object] = lambda share: None,
) -> int:
    """Unpack the images of a ZIP archive into `folder`, keeping the archive's folders, and return how many other files were
    left out.

    The declared sizes are checked before anything is unpacked, and the real sizes while unpacking.

    Args:
        archive: the archive.
        folder: the target, created with access for the owner only; no name in the archive can lead out of it.
        is_image: whether to unpack a file that begins with these 512 bytes.
        looking: called with the progress, 0 to 1; may raise to stop.

    Raises:
        UserError: it is not an archive, is damaged, password-protected or too large, or contains no image.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return _unpack(archive, opened, folder, is_image, looking)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, ValueError) as problem:
        raise UserError(
            f"{archive.name} is a damaged ZIP archive, or its format is not supported.", _SMALLER
        ) from problem
    except RuntimeError as problem:  # zipfile raises it only for a password
        raise UserError(f"{archive.name} is password-protected.", _SMALLER) from problem
    except OSError as problem:
        raise UserError(
            f"{archive.name} could not be unpacked: {reason(problem)}.",
            "Check that the drive is connected and that the disk has free space.",
        ) from problem
    except UserError:
        raise
    except Exception as problem:
        if type(problem).__module__ in ("zlib", "lzma", "bz2", "struct"):
            raise UserError(f"{archive.name} is a damaged ZIP archive.", _SMALLER) from problem
        raise


class Unpacked:
    """The folders into which one run of the program unpacks archives.

    They contain patients' images, so only their owner can read them. They are removed when the program ends, or, after a
    crash, by the next run.

    Args:
        root: the folder that contains one folder for each run, named by its process ID.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._own: Path | None = None

    def new_folder(self) -> Path:
        """Create and return a new folder; the first call also removes what earlier runs left behind."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._own is None:
            self._remove_leftovers()
            self._own = Path(tempfile.mkdtemp(dir=self._root, prefix=f"{os.getpid()}-"))
        return Path(tempfile.mkdtemp(dir=self._own))

    def remove(self) -> None:
        """Remove everything that this run unpacked."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._own = None

    def _remove_leftovers(self) -> None:
        for folder in self._root.iterdir():
            process = folder.name.partition("-")[0]
            if process.isdigit() and int(process) != os.getpid() and not _in_use(folder, int(process)):
                shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path, process: int) -> bool:
    """Return whether the process that created `folder` is running. On Windows, which cannot tell, a folder less than a day old
    counts as in use."""
    if sys.platform == "win32":
        return time.time() - folder.stat().st_mtime < 86_400
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _unpack(
    archive: Path,
    opened: zipfile.ZipFile,
    folder: Path,
    is_image: Callable[[bytes], bool],
    looking: Callable[[float], object],
) -> int:
    members = [member for member in opened.infolist() if not member.is_dir()]
    if any(member.filename == _OFFICE for member in members):
        raise UserError(
            f"{archive.name} is an Office document, not an image.", "Save its pictures as PNG files and open those."
        )
    if len(members) > _MOST_MEMBERS:
        raise UserError(
            f"{archive.name} has too many files: {len(members):,}; up to {_MOST_MEMBERS:,} can be unpacked.", _SMALLER
        )
    if any(member.flag_bits & 1 for member in members):
        raise UserError(f"{archive.name} is password-protected.", _SMALLER)
    images = []
    for number, member in enumerate(members):
        looking(0.3 * number / len(members))
        if PurePosixPath(member.filename).name.startswith(".") or _is_trap(member):
            continue
        with opened.open(member) as file:
            if is_image(file.read(_HEAD)):
                images.append(member)
    if not images:
        searched = f" ({len(members)} file{'' if len(members) == 1 else 's'} searched)" if members else "; it is empty"
        raise UserError(f"There is no image in the archive {archive.name}{searched}.", "Open another archive.")
    whole = sum(member.file_size for member in images)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(folder).free
    if whole > free * 0.9:
        raise UserError(
            f"{archive.name} needs {whole / 2**20:,.0f} MB when unpacked, but the disk has only {free / 2**20:,.0f} MB "
            "free.",
            "Free some disk space, or unpack the archive elsewhere and open the folder.",
        )
    taken: set[str] = set()
    for number, member in enumerate(images):
        target = folder / _safe(member.filename, taken)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with opened.open(member) as file:
            _copy(file, target, member.file_size, lambda done=number: looking(0.3 + 0.7 * done / len(images)))  # type: ignore[misc]
    return len(members) - len(images)


def _copy(file: IO[bytes], target: Path, size: int, looking: Callable[[], object]) -> None:
    """Write at most `size` bytes of `file` to `target`, readable by its owner only."""
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        left = size
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            looking()
            written.write(piece)
            left -= len(piece)


def _is_trap(member: zipfile.ZipInfo) -> bool:
    large, times = _ODDLY_SMALL
    return member.file_size > _LARGEST or (
        member.file_size > large and member.file_size > times * max(member.compress_size, 1)
    )


def _safe(name: str, taken: set[str]) -> Path:
    """Return a member's name as a relative path that is valid on every system, never leads upwards and is not in `taken`;
    it is added to `taken`."""
    parts = [re.sub(r'[\x00-\x1f<>:"|?*\\]', "_", part).rstrip(". ") for part in PurePosixPath(name).parts]
    parts = [part[-100:] for part in parts if part.strip("./ _")] or ["image"]
    stem = "/".join(parts)
    number = 2
    unique = stem
    while unique.casefold() in taken:
        unique = f"{stem}-{number}"
        number += 1
    taken.add(unique.casefold())
    return Path(*unique.split("/"))
