"""Opens DICOM files as studies: recognises them by content, describes them from the header, decodes frames one at a time.

Sources: PS3.10 section 7 (file format), PS3.3 C.7.6 (image modules), PS3.4 B.5 (storage classes).
"""

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.uid import UID, MediaStorageDirectoryStorage, SegmentationStorage

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import open_plain, reason
from csamoe_desktop.study.calibration import FRAMES_DIFFER, find_frame_scales, find_scale
from csamoe_desktop.study.codestream import read_codestream
from csamoe_desktop.study.dicom_decoders import can_decode
from csamoe_desktop.study.dicom_facts import read_facts, text_of
from csamoe_desktop.study.dicom_file import COPY_AGAIN, DicomFile, read_file, whole
from csamoe_desktop.study.dicom_fragments import is_fragmented, read_frames
from csamoe_desktop.study.dicom_grey import greys_of
from csamoe_desktop.study.dicom_layout import EXPORT_STILL, Layout, by_codestream, by_length, layout_of
from csamoe_desktop.study.dicom_pixels import FrameDecoder, settled
from csamoe_desktop.study.dicom_timing import frame_seconds
from csamoe_desktop.study.limits import MOST_FRAMES
from csamoe_desktop.study.lookup import Damaged, palette_of
from csamoe_desktop.study.model import QUICK_VALUES, Study
from csamoe_desktop.study.origin import read_origin
from csamoe_desktop.study.quiet import without_warnings
from csamoe_desktop.study.scale import Scale, pixels_only

_log = logging.getLogger(__name__)

# pydicom logs values that it finds odd, which may include a patient's name: keep them out of the program's log.
logging.getLogger("pydicom").propagate = False

_HEAD_OF_FRAME = 2**16
"""Bytes of a compressed frame that are searched for its codestream header."""


class NoImage(UserError):
    """A valid DICOM file without an image, such as a report or a disc's table of contents."""


def looks_like_dicom(head: bytes) -> bool:
    """Return whether a file that begins with `head` (132 bytes or more) is DICOM, with or without a preamble."""
    if head[128:132] == b"DICM":
        return True
    # Without preamble: a first element of group 0002 or 0008, with a VR or a plausible length.
    little, big = head[:2] in (b"\x02\x00", b"\x08\x00"), head[:2] == b"\x00\x08"
    if not (little or big) or len(head) < 8:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or int.from_bytes(head[4:8], "little" if little else "big") < 256


def open_dicom(path: Path) -> Study:
    """Return the study of a DICOM image file, single or multi-frame.

    Raises:
        NoImage: the file contains no image.
        UserError: the file is not DICOM, is incomplete, or uses an unsupported compression.
    """
    try:
        with without_warnings(), open_plain(path) as file:
            return _study(path, read_file(file, path, os.fstat(file.fileno()).st_size), file)
    except UserError:
        raise
    except FileNotFoundError as problem:
        raise UserError(f"There is no file {path}.", "Check the name and that the drive is connected.") from problem
    except OSError as problem:
        raise UserError(
            f"{path.name} could not be read: {reason(problem)}.",
            "Check that you have permission to read it and that the drive is connected.",
        ) from problem
    except Exception as problem:  # pydicom raises almost anything on a damaged header
        _log.warning("a DICOM header could not be read: %s", type(problem).__name__)
        raise UserError(f"{path.name} is a damaged DICOM file: its header cannot be read.", COPY_AGAIN) from problem


_JPEG_XL = {
    "1.2.840.10008.1.2.4.110": "JPEG XL (lossless)",
    "1.2.840.10008.1.2.4.111": "JPEG XL (recompressed JPEG)",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
"""The transfer syntaxes of DICOM supplement 232, which pydicom does not know by name."""


def _study(path: Path, read: DicomFile, file: BinaryIO) -> Study:
    header = read.header
    kind = _kind(path, header)
    if read.syntax in _JPEG_XL:
        raise UserError(
            f"{path.name} is compressed with {_JPEG_XL[read.syntax]}, which is not supported.",
            EXPORT_STILL,
        )
    if not read.length:
        raise NoImage(
            f"{path.name} is a {kind} without an image.",
            "Open an image of the study instead: an ultrasound image, a cine loop or a screen capture.",
        )
    layout, guessed = layout_of(path, kind, read)
    decoder, frames, counted = _decoder(path, read, file, layout)
    if decoder.layout.samples == 1:
        decoder, grey_notes = _with_greys(decoder, header)
        guessed += grey_notes
    decoder, notes = settled(decoder, frames)
    frame_scales, scale_notes = find_frame_scales(header)
    if not frame_scales:
        scale, scale_notes = find_scale(header)
    else:
        scale = frame_scales[0] if len(set(frame_scales)) == 1 else Scale(pixels_only(FRAMES_DIFFER))
    seconds, timing_notes = frame_seconds(header) if frames > 1 else (None, [])
    layout = decoder.layout
    values = layout.rows * layout.columns * layout.samples
    packed = decoder.fragments is not None
    quick = not packed and values <= QUICK_VALUES
    return Study(
        path=path,
        kind=kind,
        frame_count=frames,
        rows=layout.rows,
        columns=layout.columns,
        decode=decoder,
        facts=read_facts(header),
        scale=scale,
        frame_scales=frame_scales,
        notes=(*read.notes, *counted, *guessed, *notes, *scale_notes, *timing_notes),
        frame_seconds=seconds,
        quick=quick,
        # A file held in memory would have to be sent to the other process as a whole.
        apart=packed or (not quick and read.memory is None),
        origin=read_origin(header, text_of),
    )


def _decoder(path: Path, read: DicomFile, file: BinaryIO, layout: Layout) -> tuple[FrameDecoder, int, list[str]]:
    """Return the decoder, not yet set up for greys or colours, the number of frames, and notes for the user.

    Raises:
        UserError: there is no complete frame, or its compression is not supported.
    """
    declared = whole(read.header, "NumberOfFrames")
    declared = declared if declared is not None and declared > 0 else None
    named = read.syntax.name != read.syntax
    method = read.syntax.name if named else f"an unknown method ({read.syntax})"
    packed, bare = _is_packed(read, file)
    if packed:
        extended = read.header.get("ExtendedOffsetTable") or b""
        places = [int.from_bytes(extended[place : place + 8], "little") for place in range(0, len(extended) - 7, 8)]
        end = read.start + read.length
        fragments, missing = (
            ([((read.start, read.length),)], 0) if bare else read_frames(file, read.start, end, declared, places)
        )
        if not fragments:
            raise UserError(f"{path.name} is incomplete: the file ends before its first frame.", COPY_AGAIN)
        file.seek(fragments[0][0][0])
        head = file.read(min(sum(length for _, length in fragments[0]), _HEAD_OF_FRAME))
        codestream = read_codestream(head)
        if not can_decode(codestream, read.syntax):
            raise UserError(f"{path.name} is compressed with {method}, which is not supported.", EXPORT_STILL)
        notes = _frame_notes(declared, len(fragments), missing)
        if codestream is not None:
            layout = by_codestream(layout, codestream)
            method = method if read.encapsulated else codestream.codec
        layout = replace(layout, planar=0, halved=False, swapped=False)
        frames = min(len(fragments), MOST_FRAMES)
        decoder = FrameDecoder(path, layout, method, read.start, None, tuple(fragments[:frames]))
    else:
        layout, notes = by_length(layout, read.length, declared)
        fitting = read.length * 8 // layout.frame_bits
        if not fitting or (read.encapsulated and fitting < (declared or 1)):
            raise UserError(f"{path.name} is incomplete: the file ends before its last pixel.", COPY_AGAIN)
        notes += _frame_notes(declared, fitting, max(0, (declared or 0) - fitting))
        frames = min(fitting, MOST_FRAMES)
        decoder = FrameDecoder(path, layout, method, read.start, read.memory)
    space = "YBR" if layout.photometric in ("YBR_FULL", "YBR_FULL_422") else "RGB"
    return replace(decoder, space=space), frames, notes


def _frame_notes(declared: int | None, found: int, missing: int) -> list[str]:
    notes = []
    if missing:
        notes.append(
            f"The file is incomplete: it declares {declared:,} frames; {found:,} {'was' if found == 1 else 'were'} found "
            f"and {missing:,} {'is' if missing == 1 else 'are'} missing."
        )
    elif declared is None and found > 1:
        notes.append(f"The file does not declare its number of frames; {found:,} were found.")
    elif declared is not None and found > declared:
        plural = "" if declared == 1 else "s"
        notes.append(f"The file declares {declared:,} frame{plural}, but {found:,} were found; all are shown.")
    if found > MOST_FRAMES:
        notes.append(f"The file has {found:,} frames; only the first {MOST_FRAMES:,} can be shown.")
    return notes


def _is_packed(read: DicomFile, file: BinaryIO) -> tuple[bool, bool]:
    """Return whether the pixel data is compressed, whatever the transfer syntax says, and whether it is bare, without the
    fragments that compressed data should be in."""
    if read.memory is not None:
        return False, False
    if (read.open_ended or read.encapsulated) and is_fragmented(file, read.start):
        return True, False
    file.seek(read.start)
    bare = read_codestream(file.read(min(read.length, _HEAD_OF_FRAME))) is not None
    return bare, bare


def _with_greys(decoder: FrameDecoder, header: Dataset) -> tuple[FrameDecoder, list[str]]:
    """Return the decoder with its palette or its grey conversion, and notes for the user."""
    layout = decoder.layout
    notes = []
    if layout.photometric == "PALETTE COLOR":
        try:
            return replace(decoder, palette=palette_of(header, layout.signed, layout.little)), []
        except Damaged:
            notes.append("The file has no usable colour palette; its values are shown as grey.")
    if layout.photometric == "MONOCHROME1":
        notes.append("The file is stored inverted (MONOCHROME1); it is shown with normal brightness.")
    greys, damaged = greys_of(header, layout)
    return replace(decoder, greys=greys), [*notes, *damaged]


def _kind(path: Path, header: Dataset) -> str:
    """Return the kind of the file in words, from its storage class.

    Raises:
        NoImage: the file is a DICOMDIR or a segmentation.
    """
    identifier = UID(str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID") or ""))
    if identifier == MediaStorageDirectoryStorage:
        raise NoImage(
            f"{path.name} is the table of contents of a DICOM disc, not an image.",
            "Open one of the image files in the folders next to it.",
        )
    if identifier == SegmentationStorage:
        raise NoImage(f"{path.name} is a DICOM segmentation, not an image.", "Open the image that it was drawn on.")
    known = identifier.name != identifier and "Storage" in identifier.name
    return f"DICOM {identifier.name.replace(' Storage', '')}" if known else "DICOM image"
