"""Decodes a DICOM file's pixels to uint8 grey or RGB, one frame at a time (PS3.3 C.7.6.3)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import open_plain, reason
from csamoe_desktop.study.colours import distances, likely_space, rgb_of
from csamoe_desktop.study.decoding import apart
from csamoe_desktop.study.dicom_decoders import decode
from csamoe_desktop.study.dicom_file import COPY_AGAIN
from csamoe_desktop.study.dicom_fragments import Frame as Fragments
from csamoe_desktop.study.dicom_grey import Greys
from csamoe_desktop.study.dicom_layout import Layout, Values, counted, native_order, unpack
from csamoe_desktop.study.lookup import looked_up
from csamoe_desktop.study.quiet import without_warnings

_log = logging.getLogger(__name__)

_MOST_VALUES = {False: 2**25, True: 2**24}
"""Number of values that are examined to choose a file's window, uncompressed (False) and compressed (True)."""
_FEW, _MANY = 3, {False: 400, True: 24}
"""Minimum and maximum number of frames that are examined for it."""


@dataclass(frozen=True, slots=True)
class ValueSurvey:
    """What a frame's pixels show: the least and the greatest grey value (None: the frame is empty), or the colour space ("RGB"
    or "YBR") and whether the samples are planar (all reds first)."""

    extremes: tuple[float, float] | None = None
    space: str = ""
    planar: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameDecoder:
    """Decodes the frames of one file: index -> uint8 pixels.

    Attributes:
        path: the file, named in error messages.
        layout: the layout of the samples.
        method: the transfer syntax in words.
        start: where the pixel data begins.
        memory: the unpacked data set, if the file is deflated.
        fragments: the fragments of each frame, if compressed.
        greys, palette: conversion of values to grey, or to colours (uint8 (entries, 3), and the value of the first entry).
        space: the colour space of the samples, "RGB" or "YBR".
    """

    path: Path
    layout: Layout
    method: str
    start: int
    memory: bytes | None = None
    fragments: tuple[Fragments, ...] | None = None
    greys: Greys = field(default_factory=Greys)
    palette: tuple[NDArray[np.uint8], int] | None = None
    space: str = "RGB"

    @property
    def decoded_bytes(self) -> int:
        """Bytes that a frame takes while it is decoded and shown."""
        return 4 * self.layout.rows * self.layout.columns * self.layout.samples * max(self.layout.allocated // 8, 1)

    def __call__(self, index: int) -> NDArray[np.uint8]:
        """Return a frame.

        Raises:
            UserError: it cannot be decoded, or the file can no longer be read.
        """
        values = self.stored(index)
        if values.ndim == 3:
            shown = self._eight_bits(values)
            return rgb_of(shown) if self.space == "YBR" else shown
        if self.palette is not None:
            return np.ascontiguousarray(looked_up(values, *self.palette))
        shown = self.greys.shown(values)
        return 255 - shown if self.layout.photometric == "MONOCHROME1" else shown

    def look(self, index: int) -> ValueSurvey:
        """Return what a frame's pixels show about how to display them.

        Raises:
            UserError: as when called.
        """
        values, colour, firm = self._read(index)
        if values.ndim == 2:
            return ValueSurvey(extremes=self.greys.extremes(values))
        shown, planar = self._eight_bits(values), self.layout.planar
        if planar is None:
            interleaved = self._eight_bits(np.moveaxis(values.reshape(values.shape[2], *values.shape[:2]), 0, 2))
            planar = int(4 * min(distances(interleaved).values()) + 2 < min(distances(shown).values()))
            shown = interleaved if planar else shown
        return ValueSurvey(space=colour if firm else likely_space(shown, colour or self.space), planar=planar)

    def stored(self, index: int) -> Values:
        """Return a frame's values as stored, (rows, columns) or (rows, columns, 3), reduced to the significant bits.

        Raises:
            UserError: as when called.
        """
        return self._read(index)[0]

    def _eight_bits(self, values: Values) -> NDArray[np.uint8]:
        if self.layout.photometric == "ARGB":
            values = values[..., 1:]
        if self.layout.stored == 8:
            return np.array(values, np.uint8)
        full = 2**self.layout.stored - 1
        return np.asarray(np.clip(values.astype(np.float32) * (255 / full) + 0.5, 0, 255), np.uint8)

    def _read(self, index: int) -> tuple[Values, str, bool]:
        """Return a frame's values, its codestream's colour space, and whether that is certain."""
        try:
            with without_warnings(), self._open() as file:
                if self.fragments is None:
                    return counted(native_order(unpack(*self._plain(file, index))), self.layout), "", False
                decoded = decode(b"".join(_part(file, *span) for span in self.fragments[index]), self.layout)
                return counted(native_order(decoded.values), self.layout), decoded.colour, decoded.firm
        except UserError:
            raise
        except OSError as problem:
            if problem.errno is None and self.fragments is not None:
                raise self._damaged(index, problem) from problem  # raised by Pillow for damaged data
            raise UserError(
                f"{self.path.name} can no longer be read: {reason(problem)}.",
                "Check that the drive is connected, then open the file again.",
            ) from problem
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as problem:  # damaged data raises almost anything; a Rust panic is not an Exception
            raise self._damaged(index, problem) from problem

    def _damaged(self, index: int, problem: BaseException) -> UserError:
        _log.warning("a frame could not be decoded (%s): %s", self.method, type(problem).__name__)
        return UserError(
            f"Frame {index + 1} of {self.path.name} cannot be decoded: its pixel data ({self.method}) is damaged, "
            "incomplete or of an unsupported variant.",
            f"{COPY_AGAIN} If that does not help, export it uncompressed.",
        )

    def _open(self) -> BinaryIO:
        return open_plain(self.path) if self.memory is None else BytesIO(self.memory)

    def _plain(self, file: BinaryIO, index: int) -> tuple[bytes, Layout, int]:
        """Return the bytes of an uncompressed frame, its layout, and the bit at which it begins in the first byte."""
        first = index * self.layout.frame_bits
        begin, end = first // 8, (first + self.layout.frame_bits + 7) // 8
        if not self.layout.swapped:
            return _part(file, self.start + begin, end - begin), self.layout, first % 8
        even = begin // 2 * 2
        pairs = _part(file, self.start + even, (end - even + 1) // 2 * 2)
        swapped = np.frombuffer(pairs, "<u2").byteswap().tobytes()
        return swapped[begin - even : end - even], self.layout, 0


def settled(decoder: FrameDecoder, frames: int) -> tuple[FrameDecoder, list[str]]:
    """Return the decoder with the window or the colour space found from the pixels, and notes for the user.

    Unsigned 8-bit greys are shown unchanged. Others are shown through the file's own window, or from the darkest to the
    brightest value of the whole file: one range for all frames, so that a cine does not flicker and no frame is all white.

    Raises:
        UserError: none of the examined frames can be decoded.
    """
    layout, declared = decoder.layout, decoder.space
    if decoder.palette is not None:
        return decoder, []
    depth = f"{layout.stored}-bit float" if layout.real else f"{'signed ' if layout.signed else ''}{layout.stored}-bit"
    stored = f"The file stores {depth} values; they are shown as 8 bits"
    if layout.samples > 1:
        look = _first_look(decoder, frames)
        notes = [] if layout.stored == 8 else [f"{stored}."]
        if look.space != declared and layout.photometric not in ("YBR_ICT", "YBR_RCT"):
            notes.append(
                f"The file declares {layout.photometric}, but its colours are {_named(look.space)}; they are shown "
                "accordingly."
            )
        return replace(decoder, space=look.space, layout=replace(layout, planar=look.planar)), notes
    greys = decoder.greys
    if layout.stored <= 8 and not layout.signed:
        return decoder, [] if layout.stored == 8 else [f"{stored}."]
    places = _places(decoder, frames)
    low, high = _extremes(decoder, places)
    notes = []
    if greys.given and greys.window is not None:
        black, white = greys.window
        if greys.voi is not None or low == high or (black < high and white > low):
            words = "own window" if greys.voi is None else "own table (VOI LUT)"
            return decoder, [f"{stored} through the file's {words}, from {black:g} to {white:g}."]
        notes.append("The file's own window would make the whole image black or white and was not used.")
        greys = replace(greys, curved=False)
    whole = "all frames" if len(places) == frames else f"{len(places)} of {frames} frames"
    scope = "the image" if frames == 1 else whole
    notes.append(f"{stored} from the darkest ({low:g}) to the brightest ({high:g}) value of {scope}.")
    return replace(decoder, greys=greys.through(low, high)), notes


def _named(space: str) -> str:
    return "stored as RGB" if space == "RGB" else "stored as brightness and colour differences (YBR)"


def _look(decoder: FrameDecoder, index: int) -> ValueSurvey:
    if decoder.fragments is None:
        return decoder.look(index)
    look: ValueSurvey = apart(f"Frame {index + 1} of {decoder.path.name}", decoder, "look", index)
    return look


def _first_look(decoder: FrameDecoder, frames: int) -> ValueSurvey:
    """Return the look of the first frame that can be decoded. Only two are tried, as a damaged file may have many bad ones."""
    for index in range(min(frames, 2) - 1):
        try:
            return _look(decoder, index)
        except UserError:
            continue
    return _look(decoder, min(frames, 2) - 1)


def _places(decoder: FrameDecoder, frames: int) -> list[int]:
    """Return the frames to examine for the window, including the first and the last."""
    packed = decoder.fragments is not None
    values = decoder.layout.rows * decoder.layout.columns
    most = min(frames, max(_FEW, min(_MANY[packed], _MOST_VALUES[packed] // values)))
    return sorted({round(place) for place in np.linspace(0, frames - 1, most)})


def _extremes(decoder: FrameDecoder, places: Sequence[int]) -> tuple[float, float]:
    lows, highs, problems = list[float](), list[float](), list[UserError]()
    for index in places:
        try:
            extremes = _look(decoder, index).extremes
        except UserError as problem:
            problems.append(problem)
            if len(problems) > 1 and not lows:
                break
            continue
        if extremes is not None:
            lows.append(extremes[0])
            highs.append(extremes[1])
    if not lows and problems:
        raise problems[0]
    return (min(lows), max(highs)) if lows else (0.0, 1.0)


def _part(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    part = file.read(length)
    if len(part) < length:
        raise ValueError("the file ends before its pixels do")
    return part
