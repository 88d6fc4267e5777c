"""A DICOM file's pixels as uint8 grey or RGB, one frame at a time (PS3.3 C.7.6.3, C.11.1 Modality LUT, C.11.2 VOI LUT).

pydicom decodes, and gives RGB for YBR_FULL and YBR_FULL_422 already; the JPEG 2000 decoders do so for YBR_ICT and
YBR_RCT. So nothing here converts a colour space, except palettes into RGB.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason
from csamoe_desktop.study.dicom_decoders import plugin_for
from csamoe_desktop.study.quiet import without_warnings

_log = logging.getLogger(__name__)

PHOTOMETRIC = frozenset(
    ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
)
"""The photometric interpretations whose colours come out right."""

COPY_AGAIN = "Copy it again from the scanner, the PACS or the CD."


@dataclass(frozen=True, slots=True, eq=False)
class FrameDecoder:
    """Decodes the frames of one file: index -> uint8 pixels.

    Attributes:
        path: the file, named in refusals.
        source: where the pixels are read from: the file, or a data set held in memory.
        header: the data set before the pixels.
        syntax: the transfer syntax.
        window: the values shown black and white, or None where the stored values are 8-bit grey or colour already.
    """

    path: Path
    source: Path | Dataset
    header: Dataset
    syntax: UID
    window: tuple[float, float] | None = None

    def __call__(self, index: int) -> NDArray[np.uint8]:
        """Return a frame.

        Raises:
            UserError: it cannot be decoded, or the file cannot be read any more.
        """
        pixels = self.stored(index)
        photometric = str(self.header.PhotometricInterpretation)
        if photometric == "PALETTE COLOR":
            return _coloured(pixels, self.header)
        if pixels.ndim == 3 and pixels.dtype != np.uint8:
            full = 2 ** int(self.header.BitsStored) - 1
            return np.asarray(np.clip(pixels.astype(np.float32) * (255 / full) + 0.5, 0, 255), np.uint8)
        if self.window is not None:
            black, white = self.window
            values = _meant(pixels, self.header)
            # What may be a signalling value (NaN after a broken rescale) is black, as an unlit pixel.
            scaled = np.nan_to_num((values - black) * (255 / (white - black)) + 0.5, nan=0.0)
            pixels = np.clip(scaled, 0, 255).astype(np.uint8)
        if photometric == "MONOCHROME1":
            pixels = 255 - pixels
        return np.ascontiguousarray(pixels, np.uint8)

    def stored(self, index: int) -> NDArray[Any]:
        """Return a frame's values as stored, (rows, columns) or (rows, columns, 3) RGB.

        Raises:
            UserError: as when called.
        """
        try:
            with without_warnings():
                return self._read(index)
        except OSError as problem:
            raise UserError(
                f"{self.path.name} can no longer be read: {reason(problem)}.",
                "Check that the drive is connected, then open it again.",
            ) from problem
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as problem:  # almost anything on damaged data; a panic in Rust is no Exception
            _log.warning("a frame could not be decoded (%s): %s", self.syntax.name, type(problem).__name__)
            raise UserError(
                f"Frame {index + 1} of {self.path.name} cannot be decoded: its pixel data ({self.syntax.name}) are damaged, "
                "incomplete, or of a variety that this program does not know.",
                f"{COPY_AGAIN} If that does not help, export it uncompressed.",
            ) from problem

    def _read(self, index: int) -> NDArray[Any]:
        plugin = plugin_for(self.syntax, self.header)
        if isinstance(self.source, Dataset):
            return pixel_array(self.source, index=index, decoding_plugin=plugin)
        try:
            return pixel_array(self.source, index=index, transfer_syntax_uid=self.syntax, decoding_plugin=plugin)
        except OSError:
            raise
        except Exception:  # noqa: BLE001 (a header not written as it says: only reading all of it finds the pixels)
            _log.info("a frame is read by way of the whole file (%s)", self.syntax.name)
            return pixel_array(pydicom.dcmread(self.source), index=index, decoding_plugin=plugin)


def with_window(decoder: FrameDecoder) -> tuple[FrameDecoder, list[str]]:
    """Return the decoder with the window that its grey values are shown through, and what to tell the user of it.

    Unsigned 8-bit values are shown as they are. Others go through the file's first window, or from the darkest to the
    brightest value of the first frame: one range for all frames, so that a cine does not flicker.

    Raises:
        UserError: the first frame, where it is needed, cannot be decoded.
    """
    header = decoder.header
    if header.PhotometricInterpretation == "PALETTE COLOR":
        return decoder, []
    notes = []
    if header.PhotometricInterpretation == "MONOCHROME1":
        notes.append("The file stores bright as dark (MONOCHROME1); it is shown the usual way round.")
    signed = int(header.get("PixelRepresentation") or 0) == 1
    if int(header.BitsStored) == 8 and not signed:
        return decoder, notes
    stored = f"The file stores {'signed ' if signed else ''}{header.BitsStored}-bit values; they are shown as 8 bits"
    if int(header.SamplesPerPixel) > 1:
        return decoder, [f"{stored}."]
    if given := _given_window(header):
        black, white = given
        notes.append(f"{stored} through the file's own window, from {black:g} to {white:g}.")
    else:
        values = _meant(decoder.stored(0), header)
        black, white = float(np.nanmin(values)), float(np.nanmax(values))
        notes.append(f"{stored} from the darkest ({black:g}) to the brightest ({white:g}) value of the first frame.")
    return replace(decoder, window=(black, white if white > black else black + 1)), notes


def _given_window(header: Dataset) -> tuple[float, float] | None:
    """Return the values the header's first window (or VOI LUT) shows black and white, or None."""
    if table := header.get("VOILUTSequence"):
        bits = int(table[0].LUTDescriptor[2])
        return 0.0, float(2**bits - 1)
    centre, width = _first(header.get("WindowCenter")), _first(header.get("WindowWidth"))
    if centre is None or width is None or not width > 0 or not np.isfinite([centre, width]).all():
        return None
    if header.get("VOILUTFunction") == "LINEAR_EXACT" or width <= 1:
        return centre - width / 2, centre + width / 2
    return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2


def _first(value: object) -> float | None:
    entry = value[0] if isinstance(value, MultiValue) and value else value
    return float(entry) if isinstance(entry, int | float) else None


def _meant(stored: NDArray[Any], header: Dataset) -> NDArray[np.float32]:
    """Return stored values after the Modality LUT and, where there is one, the VOI LUT."""
    with without_warnings():
        values = apply_modality_lut(stored, header)
        if header.get("VOILUTSequence"):
            values = apply_voi(values.astype(np.int64), header)
    return np.asarray(values, np.float32)


def _coloured(indices: NDArray[Any], header: Dataset) -> NDArray[np.uint8]:
    """Return palette indices as RGB; entries of 16 bits, of which some makers use only the lower 8, become 8."""
    with without_warnings():
        table = apply_color_lut(_all_indices(header), header)
        colours = apply_color_lut(indices, header)[..., :3]
    if colours.dtype != np.uint8 and int(table.max()) > 255:
        colours = colours >> 8
    return np.ascontiguousarray(colours, np.uint8)


def _all_indices(header: Dataset) -> NDArray[np.int64]:
    entries, first = header.RedPaletteColorLookupTableDescriptor[:2]
    return np.arange(first, first + (entries or 2**16))
