"""Opens a file that the user chose. The content determines its kind, never the name."""

import codecs
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import open_plain, reason
from csamoe_desktop.names import shown
from csamoe_desktop.study.dicom import looks_like_dicom, open_dicom
from csamoe_desktop.study.model import Study
from csamoe_desktop.study.raster import open_picture, picture_kind
from csamoe_desktop.study.scale import NOT_CALIBRATED

_log = logging.getLogger(__name__)

_HEAD = 512
CAN_OPEN = (
    "You can open DICOM ultrasound images, cine loops and screen captures; PNG, JPEG, BMP and TIFF images; "
    "and folders, ZIP archives and DICOM discs that contain such images."
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
    """The kind of a file, or why it is refused.

    `kind`, sizes and spacing are empty for a refused file, `reason` for an accepted one. `spacing_mm` is millimetres per pixel,
    [row, column], if everything calibrated has the same spacing; `scale` says in words where it comes from and where it
    holds, or why there is none.
    """

    path: str
    status: str
    reason: str = ""
    kind: str = ""
    frames: int = 0
    rows: int = 0
    columns: int = 0
    spacing_mm: tuple[float, float] | None = None
    scale: str = ""
    part: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the fields by name, ready for JSON."""
        return {
            "path": self.path,
            "status": self.status,
            "reason": self.reason,
            "kind": self.kind,
            "frames": self.frames,
            "rows": self.rows,
            "columns": self.columns,
            "spacing_mm": None if self.spacing_mm is None else list(self.spacing_mm),
            "scale": self.scale,
        }

    def line(self) -> str:
        """Return the inspection as one line of text."""
        if self.status != "ok":
            return f"{self.status:<8}{shown(self.path)}: {self.reason}"
        frames = f"{self.frames} frame{'' if self.frames == 1 else 's'} of {self.columns} x {self.rows} pixels"
        return f"{self.status:<8}{shown(self.path)}: {self.kind}, {frames}, {self._scale_words()}"

    def _scale_words(self) -> str:
        if self.spacing_mm is None:
            return "no scale" if self.scale.endswith(NOT_CALIBRATED) else self.scale
        row, column = self.spacing_mm
        spacing = f"{row:.4g} mm/px" if f"{row:.4g}" == f"{column:.4g}" else f"{column:.4g} x {row:.4g} mm/px"
        return spacing + (f" ({self.part})" if self.part else "")


def open_study(path: Path) -> Study:
    """Return the study in a file.

    Raises:
        UserError: there is no such file, or it is unreadable, damaged or of an unsupported kind.
    """
    head = _head(path)
    # DICOM first: the preamble of a DICOM file may be a TIFF header (PS3.10 section 7.1).
    if looks_like_dicom(head):
        return open_dicom(path)
    if picture_kind(head):
        return open_picture(path)
    raise UserError(f"{path.name} is {_description(head)}, not an image that can be opened.", CAN_OPEN)


def inspect(path: Path) -> Inspection:
    """Return the kind of a file, after decoding its first frame, or why it is refused; never raises for a bad file."""
    try:
        study = open_study(path)
        rows, columns = study.frame(0).shape
        scale = study.scale
        spacing, part = scale.common, scale.part_words((rows, columns))
        return Inspection(
            path=str(path),
            status="ok",
            kind=study.kind,
            frames=study.frame_count,
            rows=rows,
            columns=columns,
            spacing_mm=(spacing.row, spacing.column) if spacing.in_mm else None,
            scale=scale.words() + (f" ({part})" if part else ""),
            part=part,
        )
    except UserError as problem:
        return Inspection(path=str(path), status="refused", reason=str(problem))
    except Exception as problem:  # noqa: BLE001 (one bad file must not stop the inspection of a list)
        _log.exception("a file could not be inspected")
        return Inspection(path=str(path), status="refused", reason=f"It cannot be read ({type(problem).__name__}).")


def _head(path: Path) -> bytes:
    """Return a file's first bytes.

    Raises:
        UserError: there is no such file, or it is a folder, empty or not readable.
    """
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, not an image.", "Open one of the images inside it.")
        with open_plain(path) as file:
            head = file.read(_HEAD)
    except FileNotFoundError as problem:
        raise UserError(f"There is no file {path}.", "Check the name and that the drive is connected.") from problem
    except (OSError, ValueError) as problem:  # ValueError: an impossible file name
        raise UserError(
            f"{path} could not be read: {reason(problem) if isinstance(problem, OSError) else problem}.",
            "Check that you have permission to read it and that no other program is using it.",
        ) from problem
    if not head:
        raise UserError(f"{path.name} is empty (0 bytes).", "Copy or export it again from its source.")
    return head


def _description(head: bytes) -> str:
    """Return in words the kind of a file that begins with `head`."""
    for offset, pattern, words in _OTHERS:
        if re.match(pattern, head[offset:], re.DOTALL):
            return words
    try:
        # An incremental decoder, as the head may end within a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "a file of an unknown kind"
    return (
        "a text file"
        if all(letter.isprintable() or letter.isspace() for letter in text)
        else "a file of an unknown kind"
    )
