"""An opened study: patient and study facts, and frames with pixels, scale and provenance."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.names import shown_name
from csamoe_desktop.study import decoding
from csamoe_desktop.study.origin import UNKNOWN_ORIGIN, Origin
from csamoe_desktop.study.scale import BY_HAND, UNCALIBRATED, Area, Scale, Spacing, scale_from
from csamoe_desktop.study.sides import SideSaid

__all__ = ["BY_HAND", "QUICK_VALUES", "Area", "Frame", "Scale", "Spacing", "Study", "StudyFacts"]

QUICK_VALUES = 4_000_000
"""A frame with more values than this, compressed or not, is decoded in the background."""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """Patient and study facts from the file, as text to show; empty where the file gives none.

    `sides` lists every place in the file that names a side, `frame_sides` the side of each frame; `laterality` is the
    first of `sides`. `entered` names the fields that the user typed in because the file lacks them.
    """

    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    study_date: str = ""
    study_description: str = ""
    accession: str = ""
    laterality: str = ""
    institution: str = ""
    device: str = ""
    study_uid: str = ""
    series_uid: str = ""
    instance_uid: str = ""
    body_part: str = ""
    probe: str = ""
    sides: tuple[SideSaid, ...] = ()
    frame_sides: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()

    def sides_of(self, frame: int) -> tuple[SideSaid, ...]:
        """Return the places that name a side of frame `frame` (from 0), the frame's own laterality first."""
        own = self.frame_sides[frame] if frame < len(self.frame_sides) else ""
        shared = self.sides or ((SideSaid("laterality", self.laterality),) if self.laterality else ())
        return (*((SideSaid("frame laterality", own),) if own else ()), *shared)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of a study.

    Attributes:
        pixels: uint8, (rows, columns) grey or (rows, columns, 3) RGB.
        index: its place in the study, from 0.
        scale: the size of its pixels and where it holds; may be given as one spacing for the whole frame, or as None.
        origin: what was examined, and how, according to the file.
    """

    pixels: NDArray[np.uint8]
    index: int
    scale: Scale = UNCALIBRATED
    origin: Origin = UNKNOWN_ORIGIN

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", scale_from(self.scale))

    @property
    def spacing(self) -> Spacing | None:
        """Millimetres per pixel if one spacing holds on the whole frame, else None. For a lesion, line or box use `scale`."""
        spacing = self.scale.of((0, 0, *self.shape))
        return spacing if spacing.in_mm else None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """An opened file.

    Attributes:
        path: the file it came from.
        kind: the file's kind in words, such as "DICOM Ultrasound Multi-frame Image".
        frame_count, rows, columns: its size.
        facts: patient and study facts.
        scale: the pixel size of its frames and where it holds; may be given as one spacing, or as None.
        frame_scales: the scale of each frame, where the file gives one per frame.
        notes: notes for the user on how the file was read, one sentence each.
        frame_seconds: how long a frame of a cine is shown, in seconds; None for a still image.
        decode: index -> uint8 pixels; called by `frame`.
        quick: whether a frame decodes fast enough for the window to wait for it.
        apart: whether `frame` decodes in another process (see `decoding`); `decode` can then be pickled.
        origin: what was examined, and how, according to the file.
    """

    path: Path
    kind: str
    frame_count: int
    rows: int
    columns: int
    decode: Callable[[int], NDArray[np.uint8]]
    facts: StudyFacts = field(default_factory=StudyFacts)
    scale: Scale = UNCALIBRATED
    notes: tuple[str, ...] = ()
    frame_seconds: float | None = None
    quick: bool = True
    apart: bool = False
    frame_scales: tuple[Scale, ...] = ()
    origin: Origin = UNKNOWN_ORIGIN

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", scale_from(self.scale))

    @property
    def spacing(self) -> Spacing | None:
        """Millimetres per pixel if one spacing holds on the whole of every frame, else None."""
        spacings = {
            self.scale_of(index).of((0, 0, self.rows, self.columns)) for index in range(len(self.frame_scales) or 1)
        }
        return spacings.pop() if len(spacings) == 1 and next(iter(spacings)).in_mm else None

    def scale_of(self, index: int) -> Scale:
        """Return the file's scale of frame `index` (from 0)."""
        if not self.frame_scales:
            return self.scale
        # A frame that the header does not describe must not borrow another frame's scale.
        return self.frame_scales[index] if index < len(self.frame_scales) else UNCALIBRATED

    @property
    def name(self) -> str:
        """The file's name without its folder, safe to show; to reach the file, use `path`."""
        return shown_name(self.path.name)

    def frame(self, index: int, decode: Callable[[int], NDArray[np.uint8]] | None = None) -> Frame:
        """Return frame `index` (from 0), decoded now; `decode` replaces the study's own decoder.

        Raises:
            IndexError: there is no such frame.
            UserError: its pixels cannot be decoded.
        """
        if not 0 <= index < self.frame_count:
            raise IndexError(f"frame {index} of {self.frame_count}")
        if decode is None and self.apart:
            decode = self._apart
        pixels = (decode or self.decode)(index)
        return Frame(pixels=pixels, index=index, scale=self.scale_of(index), origin=self.origin)

    def _apart(self, index: int) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = decoding.apart(
            f"Frame {index + 1} of {self.path.name}", self.decode, "__call__", index
        )
        return pixels
