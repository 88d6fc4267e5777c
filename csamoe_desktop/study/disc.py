"""Reads a DICOM disc's table of contents (DICOMDIR): its image files, in its own order.

Source: PS3.3 annex F (basic directory information object), PS3.10 section 8 (file identifiers).
"""

from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.quiet import without_warnings

_MOST_RECORDS = 100_000


@dataclass(frozen=True, slots=True)
class DiscImages:
    """The image files listed in a table of contents that exist, and the number of those that are missing."""

    files: tuple[Path, ...]
    missing: int


def images_of_disc(table: Path) -> DiscImages:
    """Return the files listed in the DICOMDIR `table`, in its order.

    A name is always taken as a path below the table's folder. Letter case may differ and a version (";1") may follow, as
    some systems show ISO 9660 discs so.

    Raises:
        UserError: the table is damaged, or lists no image file that exists.
    """
    try:
        with without_warnings():
            records = pydicom.dcmread(table, force=True).get("DirectoryRecordSequence") or []
            named = [_parts(record) for record in records[:_MOST_RECORDS]]
    except Exception as problem:  # pydicom raises almost anything on a damaged file
        raise UserError(
            f"{table.name} is a damaged table of contents of a DICOM disc.", "Open the folder that contains it instead."
        ) from problem
    below = _Folder(table.parent)
    files: list[Path] = []
    missing = 0
    for parts in named:
        if not parts:
            continue
        file = below.find(parts)
        if file is None:
            missing += 1
        elif file not in files[-1:]:
            files.append(file)
    if not files:
        raise UserError(
            f"{table.name} lists {missing} image files, but all of them are missing."
            if missing
            else f"{table.name} lists no image file.",
            "Copy the whole disc with all its folders, and open it again.",
        )
    return DiscImages(tuple(dict.fromkeys(files)), missing)


class _Folder:
    """Finds names below one folder, ignoring letter case; each folder is listed only once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listed: dict[Path, dict[str, Path]] = {}

    def find(self, parts: tuple[str, ...]) -> Path | None:
        here = self._root
        for part in parts:
            there = self._entries(here).get(_plain(part))
            if there is None:
                return None
            here = there
        return here if here.is_file() else None

    def _entries(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listed:
            try:
                self._listed[folder] = {_plain(entry.name): entry for entry in sorted(folder.iterdir(), reverse=True)}
            except OSError:
                self._listed[folder] = {}
        return self._listed[folder]


def _parts(record: Dataset) -> tuple[str, ...]:
    """Return the path in a record, () if the record is not an image; a path that leads out of the folder finds nothing."""
    if str(record.get("DirectoryRecordType") or "").strip().upper() not in ("IMAGE", "PRIVATE", ""):
        return ()
    value = record.get("ReferencedFileID")
    if value is None or value == "":
        return ()
    parts = [value] if isinstance(value, str) else list(value)
    # Some discs give the whole path in one value.
    return tuple(piece for part in parts for piece in str(part).replace("\\", "/").split("/") if piece)


def _plain(name: str) -> str:
    return name.split(";")[0].rstrip(".").casefold() if name not in (".", "..") else name
