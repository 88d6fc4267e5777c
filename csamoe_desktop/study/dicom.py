"""DICOM files as studies: recognised by content, described from the header, frames decoded one at a time by pydicom.

Sources: PS3.10 section 7 (file format), PS3.3 C.7.6 (image modules), C.7.6.5 (cine), PS3.4 B.5 (storage classes).
"""

import logging
import math
import os
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    SegmentationStorage,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason
from csamoe_desktop.study.calibration import find_spacing, numbers
from csamoe_desktop.study.dicom_facts import read_facts
from csamoe_desktop.study.dicom_pixels import COPY_AGAIN, PHOTOMETRIC, FrameDecoder, with_window
from csamoe_desktop.study.model import QUICK_VALUES, Study
from csamoe_desktop.study.quiet import without_warnings

_log = logging.getLogger(__name__)

# pydicom's own log quotes values it finds odd, a patient's name among them: it must not reach the program's log.
logging.getLogger("pydicom").propagate = False

_EXPORT_STILL = "Export it from the scanner or the PACS uncompressed, or as JPEG or JPEG 2000, and open that."
_NEEDED = ("Rows", "Columns", "BitsAllocated", "BitsStored", "SamplesPerPixel", "PhotometricInterpretation")
_SLOWEST_FRAME = 60.0


class NoImage(UserError):
    """A sound DICOM file that holds something else than an image, such as a report or a disc's table of contents."""


def looks_like_dicom(head: bytes) -> bool:
    """Say whether a file that begins with `head` (132 bytes or more) is DICOM, with or without its preamble."""
    if head[128:132] == b"DICM":
        return True
    # Without preamble: a first element of group 0002 or 0008, with a VR or a believable length.
    little, big = head[:2] in (b"\x02\x00", b"\x08\x00"), head[:2] == b"\x00\x08"
    if not (little or big) or len(head) < 8:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or int.from_bytes(head[4:8], "little" if little else "big") < 256


def open_dicom(path: Path) -> Study:
    """Return the study of a DICOM image file, single or multi-frame.

    Raises:
        NoImage: it holds no image.
        UserError: the file is no DICOM, is incomplete, or is compressed as nothing here can decode.
    """
    try:
        with without_warnings(), path.open("rb") as file:
            return _study(path, _read_header(file, path), file)
    except UserError:
        raise
    except FileNotFoundError as problem:
        raise UserError(f"There is no file {path}.", "Check the name, or whether the drive is connected.") from problem
    except OSError as problem:
        raise UserError(
            f"{path.name} could not be read: {reason(problem)}.",
            "Check that you may read it and that the drive is connected.",
        ) from problem
    except Exception as problem:  # pydicom raises almost anything on a damaged header
        _log.warning("a DICOM header could not be read: %s", type(problem).__name__)
        raise UserError(f"{path.name} is a damaged DICOM file: its header cannot be read.", COPY_AGAIN) from problem


def _read_header(file: BinaryIO, path: Path) -> FileDataset:
    """Return everything before the pixels, with a transfer syntax, and leave `file` at the pixels."""
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True)
    except InvalidDicomError:
        file.seek(0)
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
    if not header:
        raise UserError(f"{path.name} is not a DICOM image: no header is found in it.", COPY_AGAIN)
    if "TransferSyntaxUID" not in header.file_meta:
        implicit, little = header.original_encoding
        plain = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        header.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else plain
    return header


_JPEG_XL = {
    "1.2.840.10008.1.2.4.110": "JPEG XL (lossless)",
    "1.2.840.10008.1.2.4.111": "JPEG XL (recompressed JPEG)",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
"""The transfer syntaxes of DICOM's supplement 232, which the libraries in use do not know by name."""


def _study(path: Path, header: FileDataset, file: BinaryIO) -> Study:
    syntax = UID(header.file_meta.TransferSyntaxUID)
    kind = _kind(path, header)
    if syntax in _JPEG_XL or not syntax.is_transfer_syntax:
        name = (
            f"{_JPEG_XL[syntax]}, a format that is not supported"
            if syntax in _JPEG_XL
            else f"an unknown method ({syntax})"
        )
        raise UserError(f"{path.name} is compressed with {name}: this program cannot decode it.", _EXPORT_STILL)
    source: Path | Dataset = path
    if syntax == DeflatedExplicitVRLittleEndian:
        # The whole data set is compressed: its pixels cannot be read from their place in the file.
        file.seek(0)
        source = pydicom.dcmread(file)
        stored = len(source.get("PixelData") or b"")
    else:
        stored = _stored_bytes(file, syntax)
    if not stored:
        raise NoImage(
            f"{path.name} is a {kind} without an image in it.",
            "Open an image of the study instead: ultrasound images, cine loops and screen captures can be opened.",
        )
    _refuse_unreadable(path, header, syntax, kind)
    frames = _frame_count(path, header)
    if not syntax.is_compressed and stored < get_expected_length(header):
        raise UserError(f"{path.name} is incomplete: the file ends before its last pixel.", COPY_AGAIN)
    decoder, notes = with_window(FrameDecoder(path, source, header, syntax))
    spacing, spacing_notes = find_spacing(header)
    values = int(header.Rows) * int(header.Columns) * int(header.SamplesPerPixel)
    quick = not syntax.is_encapsulated and values <= QUICK_VALUES
    return Study(
        path=path,
        kind=kind,
        frame_count=frames,
        rows=int(header.Rows),
        columns=int(header.Columns),
        decode=decoder,
        facts=read_facts(header),
        spacing=spacing,
        notes=(*notes, *spacing_notes),
        frame_seconds=_frame_seconds(header) if frames > 1 else None,
        quick=quick,
        # One that is held in memory as a whole would go to the other process as a whole.
        apart=not quick and source is path,
    )


def _kind(path: Path, header: FileDataset) -> str:
    """Return what the file is in words, by its storage class.

    Raises:
        NoImage: it is a DICOMDIR or a segmentation.
    """
    identifier = UID(str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID") or ""))
    if identifier == MediaStorageDirectoryStorage:
        raise NoImage(
            f"{path.name} is the table of contents of a DICOM disc, not an image.",
            "Open one of the image files in the folders beside it.",
        )
    if identifier == SegmentationStorage:
        raise NoImage(
            f"{path.name} is a DICOM segmentation, not an image.", "Open the image that it was drawn on instead."
        )
    known = identifier.name != identifier and "Storage" in identifier.name
    return f"DICOM {identifier.name.replace(' Storage', '')}" if known else "DICOM image"


def _stored_bytes(file: BinaryIO, syntax: UID) -> int:
    """Return how many bytes of pixel data follow in `file`, which stands at their tag; 0 if there are none."""
    order = "little" if syntax.is_little_endian else "big"
    tag = file.read(4)
    if (int.from_bytes(tag[:2], order), int.from_bytes(tag[2:], order)) != (0x7FE0, 0x0010):  # type: ignore[arg-type]
        return 0
    if not syntax.is_implicit_VR:
        file.read(4)
    declared = int.from_bytes(file.read(4), order)  # type: ignore[arg-type]
    return min(declared, os.fstat(file.fileno()).st_size - file.tell())


def _refuse_unreadable(path: Path, header: Dataset, syntax: UID, kind: str) -> None:
    """Raise UserError for an image that lacks what is needed to show it, or that nothing here can decode."""
    missing = [keyword for keyword in _NEEDED if header.get(keyword) in (None, "", 0)]
    if missing:
        raise UserError(f"{path.name} is a {kind} without {missing[0]}: it cannot be shown.", COPY_AGAIN)
    if header.PhotometricInterpretation not in PHOTOMETRIC:
        raise UserError(
            f"{path.name} stores its colours as {header.PhotometricInterpretation}, which this program does not read.",
            _EXPORT_STILL,
        )
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        name = syntax.name if syntax.name != syntax else f"an unknown method ({syntax})"
        raise UserError(f"{path.name} is compressed with {name}, which this program cannot decode.", _EXPORT_STILL)


def _frame_count(path: Path, header: Dataset) -> int:
    """Return the number of frames; a file that does not say has one."""
    given = header.get("NumberOfFrames")
    if given is None or given == "":
        return 1
    if int(given) < 1:
        raise UserError(f"{path.name} says that it holds {given} frames: there is nothing to show.", COPY_AGAIN)
    return int(given)


def _frame_seconds(header: Dataset) -> float | None:
    """Return the time a frame of a cine stands: its frame time, the median of its frame times, or by a frame rate."""
    times = sorted(numbers(header, "FrameTimeVector")[1:])
    rates = [*numbers(header, "CineRate"), *numbers(header, "RecommendedDisplayFrameRate")]
    candidates = [
        *(time / 1000 for time in numbers(header, "FrameTime")),
        *(time / 1000 for time in times[len(times) // 2 :][:1]),
        *(1 / rate for rate in rates if rate),
    ]
    return next((seconds for seconds in candidates if math.isfinite(seconds) and 0 < seconds < _SLOWEST_FRAME), None)
