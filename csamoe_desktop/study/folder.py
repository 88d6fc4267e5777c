"""What is in a folder, a ZIP archive or on a DICOM disc: the images in it, in the order they are listed in.

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
"""How many folders deep, how many images and how many files are gone through of a folder that is opened."""
_DICOMDIR = b"1.2.840.10008.1.3.10"
"""The storage class of a DICOM disc's table of contents (PS3.4 B.5), which its head names."""
_MASK_NAME = re.compile(r"(.+?)[-_]mask(?:_[0-9]+)?", re.IGNORECASE)
_FRAME_NAME = re.compile(r"(.+?)(?:-frame[0-9]+)?(?:-lesion[0-9]+)?", re.IGNORECASE)
"""What a mask's name has before "mask": the image's own, and which frame and lesion of it."""


@dataclass(frozen=True, slots=True)
class FolderImages:
    """What a folder holds for `open_study`.

    Attributes:
        folder: the folder.
        files: what looks like an image by its first bytes, a folder's own files before those of the folders in it.
        others, masks: how many files were passed over as no image, and as the mask of an image that is there too.
        discs: how many tables of contents of a DICOM disc (DICOMDIR).
        cut: in one sentence what was not gone through, or "".
        opened: what the user opened, where that is not the folder: an archive, or a disc's table of contents.
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
        """What the user opened, as it is called on the screen."""
        shown = self.opened or self.folder
        return shown_name(shown.name or str(shown))

    def note(self, opened: int, more: int = 0) -> str:
        """Say how many images were opened, and what was passed over; `more` files looked like images and were none."""
        said = [f"{_count(opened, 'image')} of {self.name} {_be(opened)} open"]
        over = []
        if others := self.others + more:
            over.append(f"{_count(others, 'file')} that {_be(others)} no image{'' if others == 1 else 's'}")
        if self.masks:
            over.append(f"the mask{'' if self.masks == 1 else 's'} of {_count(self.masks, 'image')}")
        if self.discs:
            over.append("the disc's table of contents (DICOMDIR)")
        if over:
            verb = "was" if len(over) == 1 and others + self.masks + self.discs == 1 else "were"
            said.append(f"{' and '.join(over)} {verb} passed over")
        return f"{'; '.join(said)}.{f' {self.cut}' if self.cut else ''}"


def holds_images(path: Path) -> bool:
    """Return whether `path` is something with images in it: a folder, a ZIP archive, or a disc's table of contents."""
    if path.is_dir():
        return True
    head = _start(path)
    return head.startswith(ZIP) or _is_table_of_contents(head)


def images_of(path: Path, unpacked: Callable[[], Path], looking: Looking = lambda share, words: None) -> FolderImages:
    """Return the images in a folder, a ZIP archive, or those that a disc's table of contents names.

    Args:
        path: what the user opened.
        unpacked: returns a new folder for what is in an archive; called for archives alone.
        looking: told the share that is done, 0 to 1, and what is being done; may stop it by raising.

    Raises:
        UserError: it cannot be read, or there is no image in it.
    """
    if path.is_dir():
        return images_in(path, looking)
    if _start(path).startswith(ZIP):
        try:
            folder = unpacked()
        except OSError as problem:
            raise UserError(
                f"{path.name} could not be unpacked: {reason(problem)}.",
                "See that the program may write to its data folder, and that the disk has room.",
            ) from problem
        left_out = unpack_images(path, folder, _is_image, lambda share: looking(share, "Unpacking"))
        found = images_in(folder, looking)
        return dataclasses.replace(found, others=found.others + left_out, opened=path)
    disc = images_of_disc(path)
    cut = f"{_count(disc.missing, 'image')} that the disc names {_be(disc.missing)} not there." if disc.missing else ""
    there = [file for file in disc.files if _is_image(_start(file))]
    if not there:
        raise UserError(f"{path.name} names no image that can be opened.", CAN_OPEN)
    return FolderImages(path.parent, tuple(there), len(disc.files) - len(there), cut=cut, opened=path)


def _is_image(head: bytes) -> bool:
    return (looks_like_dicom(head) and _DICOMDIR not in head) or bool(picture_kind(head))


def _is_table_of_contents(head: bytes) -> bool:
    return looks_like_dicom(head) and _DICOMDIR in head


def images_in(folder: Path, looking: Looking = lambda share, words: None) -> FolderImages:
    """Return the images in a folder and the folders in it; nothing is decoded.

    DICOM images are by patient, examination (the newest first), series and instance, as their headers say; what headers do
    not tell apart, and pictures, are in the order of their names, "image 2" before "image 10".

    Hidden files and folders, and folders that are links, are left alone; an image's mask (`IMAGE-mask.png`, or
    `IMAGE_mask.png` as BUSI names them) is passed over where the image is there too.

    Args:
        folder: the folder.
        looking: called for each file with the share that is done, 0 to 1, and what is being done; may stop it by raising.

    Raises:
        UserError: the folder cannot be listed, or there is no image in it.
    """
    images: list[Path] = []
    others = masks = discs = seen = 0
    cut = ""
    for files, deeper in _folders(folder):
        if deeper:
            cut = f"Folders more than {_DEEPEST} deep were not looked into."
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
        kept = [file for file in there if not _is_mask(file, named)]
        masks += len(there) - len(kept)
        images += kept
        if len(images) > _MOST_IMAGES:
            images = images[:_MOST_IMAGES]
            cut = f"There are more: the first {_MOST_IMAGES:,} were opened. Open a folder inside it for the others."
            break
        if seen > _MOST_FILES:
            cut = f"There are more than {_MOST_FILES:,} files: not all were looked at. Open a folder inside it."
            break
    if not images:
        looked = f" ({_count(seen, 'file')} looked at)" if seen else ", it is empty"
        raise UserError(f"There is no image in the folder {folder.name or folder}{looked}.", CAN_OPEN)
    ordered = by_examination(
        images, lambda file: looks_like_dicom(_start(file)), lambda share: looking(share, "Sorting the images")
    )
    return FolderImages(folder, ordered, others, masks, discs, cut)


def _folders(folder: Path) -> Iterator[tuple[list[Path], bool]]:
    """Yield the files of a folder, then those of each folder in it, in natural order, and whether one holds folders that
    are too deep to be looked into."""

    def failed(problem: OSError) -> None:
        # One inside it that may not be read is passed over, as its files would be.
        if Path(problem.filename) == folder:
            raise UserError(
                f"The folder {folder} cannot be listed: {reason(problem)}.",
                "Check that it is there and that you may read it.",
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
    """Return whether a file is named as the mask of an image whose name, or its stem, is among `named` (casefolded)."""
    # An image "IM_mask.png" of its own has no image "IM" beside it.
    mask = _MASK_NAME.fullmatch(file.stem)
    if mask is None:
        return False
    image = _FRAME_NAME.fullmatch(mask[1])
    return mask[1].casefold() in named or (image is not None and image[1].casefold() in named)


def _start(file: Path) -> bytes:
    """Return a file's first bytes; none of what cannot be read, or is no plain file."""
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
    """Return the files directly in a folder, but for hidden ones, "image 2" before "image 10".

    Raises:
        UserError: the folder cannot be listed.
    """
    try:
        files = [file for file in folder.iterdir() if not file.name.startswith(".") and file.is_file()]
    except OSError as problem:
        raise UserError(
            f"The folder {folder} cannot be listed: {reason(problem)}.",
            "Check that it is there and that you may read it.",
        ) from problem
    return sorted(files, key=lambda file: _natural(file.name))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key in which the digits of a name count as numbers."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(0, int(part), part) if part[0] in "0123456789" else (1, 0, part) for part in parts]
