"""Opening whatever the user gives: a file is recognised by its content, never by its name."""

import codecs
import logging
import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason
from csamoe_desktop.study.dicom import looks_like_dicom, open_dicom
from csamoe_desktop.study.model import Study
from csamoe_desktop.study.raster import open_picture, picture_kind

_log = logging.getLogger(__name__)

_HEAD = 512
_DEEPEST, _MOST_IMAGES, _MOST_FILES = 8, 500, 20_000
"""How many folders deep, how many images and how many files are gone through of a folder that is opened."""
_DICOMDIR = b"1.2.840.10008.1.3.10"
"""The storage class of a DICOM disc's table of contents (PS3.4 B.5), which its head names."""
_MASK_NAME = re.compile(r"(.+?)[-_]mask(?:_[0-9]+)?", re.IGNORECASE)
_FRAME_NAME = re.compile(r"(.+?)(?:-frame[0-9]+)?(?:-lesion[0-9]+)?", re.IGNORECASE)
"""What a mask's name has before "mask": the image's own, and which frame and lesion of it."""
_CAN_OPEN = (
    "What can be opened: DICOM ultrasound images, cine loops and screen captures; PNG, JPEG, BMP and TIFF images."
)

_OTHERS = (
    (0, rb"%PDF", "a PDF document"),
    (0, rb"GIF8", "a GIF image"),
    (0, rb"RIFF....WEBP", "a WebP image"),
    (0, rb"RIFF....AVI ", "an AVI video"),
    (4, rb"ftyp(heic|heix|mif1|avif)", "a HEIC or AVIF image"),
    (4, rb"ftyp", "an MP4 or QuickTime video"),
    (0, rb"\x00\x00\x01\xba|\x00\x00\x01\xb3|\x1a\x45\xdf\xa3", "a video"),
    (0, rb"PK\x03\x04", "a ZIP archive or an Office document"),
    (0, rb"\x1f\x8b|7z\xbc\xaf|Rar!|\xfd7zXZ", "a compressed archive"),
    (0, rb"\xff\x0a|\x00\x00\x00\x0cJXL ", "a JPEG XL image, a format that is not supported"),
    (0, rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51", "a bare JPEG 2000 image"),
    (344, rb"n\+1\x00|ni1\x00", "a NIfTI volume"),
    (0, rb"NRRD000", "an NRRD volume"),
    (0, rb"MZ|\x7fELF", "a program"),
    (0, rb"\s*<(!DOCTYPE|html|\?xml|svg)", "a web page or an XML file"),
)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file is, or why it is refused: `kind`, sizes and spacing are empty for a refused file, `reason` for an
    accepted one. `spacing_mm` is millimetres per pixel, [row, column]."""

    path: str
    status: str
    reason: str = ""
    kind: str = ""
    frames: int = 0
    rows: int = 0
    columns: int = 0
    spacing_mm: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the fields under their names, ready for JSON."""
        return {
            "path": self.path,
            "status": self.status,
            "reason": self.reason,
            "kind": self.kind,
            "frames": self.frames,
            "rows": self.rows,
            "columns": self.columns,
            "spacing_mm": None if self.spacing_mm is None else list(self.spacing_mm),
        }

    def line(self) -> str:
        """Return one line for a person to read."""
        if self.status != "ok":
            return f"{self.status:<8}{self.path}: {self.reason}"
        frames = f"{self.frames} frame{'' if self.frames == 1 else 's'} of {self.columns} x {self.rows} pixels"
        scale = "no scale"
        if self.spacing_mm is not None:
            row, column = self.spacing_mm
            scale = f"{row:.4g} mm/px" if f"{row:.4g}" == f"{column:.4g}" else f"{column:.4g} x {row:.4g} mm/px"
        return f"{self.status:<8}{self.path}: {self.kind}, {frames}, {scale}"


def open_study(path: Path) -> Study:
    """Return the study a file holds.

    Raises:
        UserError: there is no such file, it cannot be read, it is damaged, or it is of a kind that is not opened.
    """
    head = _head(path)
    # DICOM first: the preamble of a DICOM file may be that of a TIFF (PS3.10 section 7.1).
    if looks_like_dicom(head):
        return open_dicom(path)
    if picture_kind(head):
        return open_picture(path)
    raise UserError(f"{path.name} is {_description(head)}, not an image that can be opened.", _CAN_OPEN)


def inspect(path: Path) -> Inspection:
    """Return what a file is, its first frame having been decoded, or why it is refused; never raises for a bad file."""
    try:
        study = open_study(path)
        rows, columns = study.frame(0).shape
        spacing = study.spacing
        return Inspection(
            path=str(path),
            status="ok",
            kind=study.kind,
            frames=study.frame_count,
            rows=rows,
            columns=columns,
            spacing_mm=None if spacing is None else (spacing.row, spacing.column),
        )
    except UserError as problem:
        return Inspection(path=str(path), status="refused", reason=str(problem))
    except Exception as problem:  # noqa: BLE001 (a list of files is inspected to its end, whatever is in them)
        _log.exception("a file could not be inspected")
        return Inspection(path=str(path), status="refused", reason=f"It cannot be read ({type(problem).__name__}).")


@dataclass(frozen=True, slots=True)
class FolderImages:
    """What a folder holds for `open_study`.

    Attributes:
        folder: the folder.
        files: what looks like an image by its first bytes, a folder's own files before those of the folders in it.
        others, masks: how many files were passed over as no image, and as the mask of an image that is there too.
        discs: how many tables of contents of a DICOM disc (DICOMDIR).
        cut: in one sentence what was not gone through, or "".
    """

    folder: Path
    files: tuple[Path, ...]
    others: int = 0
    masks: int = 0
    discs: int = 0
    cut: str = ""

    def note(self, opened: int, more: int = 0) -> str:
        """Say how many images were opened, and what was passed over; `more` files looked like images and were none."""
        said = [f"{_count(opened, 'image')} of {self.folder.name or self.folder} {_be(opened)} open"]
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


def images_in(folder: Path, looking: Callable[[], object] = lambda: None) -> FolderImages:
    """Return the images in a folder and the folders in it, "image 2" before "image 10"; nothing is decoded.

    Hidden files and folders, and folders that are links, are left alone; an image's mask (`IMAGE-mask.png`, or
    `IMAGE_mask.png` as BUSI names them) is passed over where the image is there too.

    Args:
        folder: the folder.
        looking: called for each file, and may stop it by raising.

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
            looking()
            seen += 1
            head = _start(file)
            if looks_like_dicom(head) and _DICOMDIR in head:
                discs += 1
            elif looks_like_dicom(head) or picture_kind(head):
                there.append(file)
            else:
                others += 1
        named = {name for file in there for name in (file.name.casefold(), file.stem.casefold())}
        kept = [file for file in there if not _is_mask(file, named)]
        masks += len(there) - len(kept)
        images += kept
        if len(images) > _MOST_IMAGES:
            images = images[:_MOST_IMAGES]
            cut = f"There are more: the first {_MOST_IMAGES} were opened. Open a folder inside it for the others."
            break
        if seen > _MOST_FILES:
            cut = f"There are more than {_MOST_FILES:,} files: not all were looked at. Open a folder inside it."
            break
    if not images:
        looked = f" ({_count(seen, 'file')} looked at)" if seen else ", it is empty"
        raise UserError(f"There is no image in the folder {folder.name or folder}{looked}.", _CAN_OPEN)
    return FolderImages(folder, tuple(images), others, masks, discs, cut)


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
        with file.open("rb") as opened:
            return opened.read(_HEAD)
    except OSError:
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


def _head(path: Path) -> bytes:
    """Return a file's first bytes.

    Raises:
        UserError: there is no such file, it is a folder, empty, or may not be read.
    """
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, not an image.", "Open one of the images inside it.")
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError as problem:
        raise UserError(f"There is no file {path}.", "Check the name, or whether the drive is connected.") from problem
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        raise UserError(
            f"{path} could not be read: {reason(problem) if isinstance(problem, OSError) else problem}.",
            "Check that you may read it and that no other program holds it.",
        ) from problem
    if not head:
        raise UserError(f"{path.name} is empty (0 bytes).", "Copy or export it again from where it came from.")
    return head


def _description(head: bytes) -> str:
    """Return what a file that begins with `head` is, in words."""
    for offset, pattern, words in _OTHERS:
        if re.match(pattern, head[offset:], re.DOTALL):
            return words
    try:
        # Not final: the head may end within a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "a file of an unknown kind"
    return (
        "a text file"
        if all(letter.isprintable() or letter.isspace() for letter in text)
        else "a file of an unknown kind"
    )
