"""Finds the images in a folder, a ZIP archive or on a DICOM disc, in display order.

Nothing is decoded here; `opening` opens the files one by one.
"""

import dataclasses
import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import open_plain, reason
from csamoe_desktop.names import shown_name
from csamoe_desktop.study.archive import ZIP, unpack_images
from csamoe_desktop.study.dicom import looks_like_dicom
from csamoe_desktop.study.disc import images_of_disc
from csamoe_desktop.study.opening import CAN_OPEN
from csamoe_desktop.study.ordering import by_examination
from csamoe_desktop.study.raster import picture_kind

Looking = Callable[[float, str], object]

_HEAD = 512
_DEEPEST, _MOST_IMAGES, _MOST_FILES = 8, 10_000, 40_000
"""Limits of a folder that is opened: depth of subfolders, images, and files examined."""
_DICOMDIR = b"1.2.840.10008.1.3.10"
"""The storage class of a DICOM disc's table of contents (PS3.4 B.5), as it appears in the file's head."""
_MASK_NAME = re.compile(r"(.+?)[-_]mask(?:_[0-9]+)?", re.IGNORECASE)
_FRAME_NAME = re.compile(r"(.+?)(?:-frame[0-9]+)?(?:-lesion[0-9]+)?", re.IGNORECASE)
"""The part of a mask's name before "mask": the image's name, then its frame and lesion."""


@dataclass(frozen=True, slots=True)
class FolderImages:
    """The images of a folder, for `open_study`.

    Attributes:
        folder: the folder.
        files: the files that are images by their first bytes, in display order.
        others, masks: number of files skipped because they are not images, and because they are the mask of an image.
        discs: number of tables of contents of a DICOM disc (DICOMDIR).
        cut: one sentence on what was not examined, or "".
        opened: what the user opened, if it is not the folder: an archive, or a disc's table of contents.
    """

    folder: Path
    files: tuple[Path, ...]
    others: int = 0
    masks: int = 0
    discs: int = 0
    cut: str = ""
    opened: Path | None = None

    @property
    def name(self) -> str:
        """The name of what the user opened, safe to show."""
        shown = self.opened or self.folder
        return shown_name(shown.name or str(shown))

    def note(self, opened: int, more: int = 0) -> str:
        """Return a note on how many images were opened and what was skipped; `more` files looked like images but were not."""
        parts = [f"{_count(opened, 'image')} of {self.name} {_be(opened)} open"]
        skipped = []
        if others := self.others + more:
            skipped.append(f"{_count(others, 'file')} that {_be(others)} not {'an image' if others == 1 else 'images'}")
        if self.masks:
            skipped.append(f"the mask{'' if self.masks == 1 else 's'} of {_count(self.masks, 'image')}")
        if self.discs:
            skipped.append("the disc's table of contents (DICOMDIR)")
        if skipped:
            verb = "was" if len(skipped) == 1 and others + self.masks + self.discs == 1 else "were"
            parts.append(f"{' and '.join(skipped)} {verb} skipped")
        return f"{'; '.join(parts)}.{f' {self.cut}' if self.cut else ''}"


def holds_images(path: Path) -> bool:
    """Return whether `path` is a container of images: a folder, a ZIP archive, or a disc's table of contents."""
    if path.is_dir():
        return True
    head = _start(path)
    return head.startswith(ZIP) or _is_table_of_contents(head)


def images_of(path: Path, unpacked: Callable[[], Path], looking: Looking = lambda share, words: None) -> FolderImages:
    """Return the images in a folder or a ZIP archive, or those listed in a disc's table of contents.

    Args:
        path: what the user opened.
        unpacked: returns a new folder to unpack an archive into; called for archives only.
        looking: called with the progress, 0 to 1, and the current step in words; may raise to stop.

    Raises:
        UserError: it cannot be read, or contains no image.
    """
    if path.is_dir():
        return images_in(path, looking)
    if _start(path).startswith(ZIP):
        try:
            folder = unpacked()
        except OSError as problem:
            raise UserError(
                f"{path.name} could not be unpacked: {reason(problem)}.",
                "Check that the program can write to its data folder and that the disk has free space.",
            ) from problem
        left_out = unpack_images(path, folder, _is_image, lambda share: looking(share, "Unpacking"))
        images = images_in(folder, looking)
        return dataclasses.replace(images, others=images.others + left_out, opened=path)
    disc = images_of_disc(path)
    cut = f"{_count(disc.missing, 'image')} listed on the disc {_be(disc.missing)} missing." if disc.missing else ""
    there = [file for file in disc.files if _is_image(_start(file))]
    if not there:
        raise UserError(f"{path.name} lists no image that can be opened.", CAN_OPEN)
    return FolderImages(path.parent, tuple(there), len(disc.files) - len(there), cut=cut, opened=path)


def _is_image(head: bytes) -> bool:
    return (looks_like_dicom(head) and _DICOMDIR not in head) or bool(picture_kind(head))


def _is_table_of_contents(head: bytes) -> bool:
    return looks_like_dicom(head) and _DICOMDIR in head


def images_in(folder: Path, looking: Looking = lambda share, words: None) -> FolderImages:
    """Return the images in a folder and its subfolders; nothing is decoded.

    DICOM images are sorted by their headers: patient, examination (newest first), series, instance. Pictures, and DICOM
    images with equal headers, are in natural order of their names: "image 2" before "image 10".

    Hidden files and folders, and folders that are links, are ignored. An image's mask (`IMAGE-mask.png`, or
    `IMAGE_mask.png` as in BUSI) is skipped if the image is there too.

    Args:
        folder: the folder.
        looking: called for each file with the progress, 0 to 1, and the current step in words; may raise to stop.

    Raises:
        UserError: the folder cannot be listed, or contains no image.
    """
    images: list[Path] = []
    others = masks = discs = seen = 0
    cut = ""
    for files, deeper in _folders(folder):
        if deeper:
            cut = f"Folders nested more than {_DEEPEST} deep were not searched."
        there: list[Path] = []
        for file in files:
            looking(0.0, f"Looking for images: {_count(len(images) + len(there), 'image')} so far")
            seen += 1
            head = _start(file)
            if _is_table_of_contents(head):
                discs += 1
            elif _is_image(head):
                there.append(file)
            else:
                others += 1
        named = {name for file in there for name in (file.name.casefold(), file.stem.casefold())}
        without_masks = [file for file in there if not _is_mask(file, named)]
        masks += len(there) - len(without_masks)
        images += without_masks
        if len(images) > _MOST_IMAGES:
            images = images[:_MOST_IMAGES]
            cut = f"Only the first {_MOST_IMAGES:,} images were opened. Open a subfolder to see the others."
            break
        if seen > _MOST_FILES:
            cut = f"The folder has more than {_MOST_FILES:,} files; not all were searched. Open a subfolder instead."
            break
    if not images:
        searched = f" ({_count(seen, 'file')} searched)" if seen else "; it is empty"
        raise UserError(f"There is no image in the folder {folder.name or folder}{searched}.", CAN_OPEN)
    ordered = by_examination(
        images, lambda file: looks_like_dicom(_start(file)), lambda share: looking(share, "Sorting the images")
    )
    return FolderImages(folder, ordered, others, masks, discs, cut)


def _folders(folder: Path) -> Iterator[tuple[list[Path], bool]]:
    """Yield the files of a folder, then those of each subfolder, in natural order, and whether the folder has subfolders
    that are too deep to search."""

    def failed(problem: OSError) -> None:
        # An unreadable subfolder is skipped, as unreadable files are.
        if Path(problem.filename) == folder:
            raise UserError(
                f"The folder {folder} cannot be listed: {reason(problem)}.",
                "Check that it exists and that you have permission to read it.",
            ) from problem

    for place, inside, names in os.walk(folder, onerror=failed):
        here = Path(place)
        deep = len(here.relative_to(folder).parts)
        inside[:] = sorted((name for name in inside if name[0] != "."), key=_natural)
        too_deep = bool(inside) and deep >= _DEEPEST
        if too_deep:
            inside.clear()
        yield [here / name for name in sorted(names, key=_natural) if name[0] != "."], too_deep


def _is_mask(file: Path, named: Collection[str]) -> bool:
    """Return whether a file has the name of a mask of an image whose name or stem is in `named` (casefolded)."""
    # Without an image "IM" next to it, "IM_mask.png" is an image itself.
    mask = _MASK_NAME.fullmatch(file.stem)
    if mask is None:
        return False
    image = _FRAME_NAME.fullmatch(mask[1])
    return mask[1].casefold() in named or (image is not None and image[1].casefold() in named)


def _start(file: Path) -> bytes:
    """Return a file's first bytes; none if it cannot be read or is not a regular file."""
    try:
        if not file.is_file():
            return b""
        with open_plain(file) as opened:
            return opened.read(_HEAD)
    except (OSError, UserError):
        return b""


def _count(number: int, of: str) -> str:
    return f"{number} {of}{'' if number == 1 else 's'}"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def files_in(folder: Path) -> list[Path]:
    """Return the files directly in a folder, without hidden ones, "image 2" before "image 10".

    Raises:
        UserError: the folder cannot be listed.
    """
    try:
        files = [file for file in folder.iterdir() if not file.name.startswith(".") and file.is_file()]
    except OSError as problem:
        raise UserError(
            f"The folder {folder} cannot be listed: {reason(problem)}.",
            "Check that it exists and that you have permission to read it.",
        ) from problem
    return sorted(files, key=lambda file: _natural(file.name))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key that compares the digits of a name as numbers."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(0, int(part), part) if part[0] in "0123456789" else (1, 0, part) for part in parts]
