"""A DICOM disc's table of contents (DICOMDIR): the image files that it names, in its own order.

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
    """What a table of contents names: the files that are there, and how many are not."""

    files: tuple[Path, ...]
    missing: int


def images_of_disc(table: Path) -> DiscImages:
    """Return the files that the DICOMDIR `table` names, in its order.

    A name is taken as a path below the table's folder and nowhere else; letters may differ in case, and a version
    (";1") may stand behind them, as ISO 9660 discs are shown by some systems.

    Raises:
        UserError: the table is damaged, or names no image file that is there.
    """
    try:
        with without_warnings():
            records = pydicom.dcmread(table, force=True).get("DirectoryRecordSequence") or []
            named = [_parts(record) for record in records[:_MOST_RECORDS]]
    except Exception as problem:  # pydicom raises almost anything on a damaged file
        raise UserError(
            f"{table.name} is a damaged table of contents of a DICOM disc.", "Open the folder that it lies in instead."
        ) from problem
    below = _Folder(table.parent)
    found: list[Path] = []
    missing = 0
    for parts in named:
        if not parts:
            continue
        file = below.find(parts)
        if file is None:
            missing += 1
        elif file not in found[-1:]:
            found.append(file)
    if not found:
        raise UserError(
            f"{table.name} names {missing} image files, and none of them is there."
            if missing
            else f"{table.name} names no image file.",
            "Copy the whole disc, with all its folders, and open it again.",
        )
    return DiscImages(tuple(dict.fromkeys(found)), missing)


class _Folder:
    """Looks names up below one folder, whatever the case of their letters; each folder is listed once."""

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
    """Return the path that a record names, () where it names no image; one that leads elsewhere finds nothing."""
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
