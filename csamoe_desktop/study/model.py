"""What a study is once it is open: facts, and frames with pixels, scale and provenance."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.names import shown_name
from csamoe_desktop.study import decoding
from csamoe_desktop.study.origin import NOWHERE, Origin
from csamoe_desktop.study.scale import BY_HAND, UNCALIBRATED, Area, Scale, Spacing, scale_from
from csamoe_desktop.study.sides import SideSaid

__all__ = ["BY_HAND", "QUICK_VALUES", "Area", "Frame", "Scale", "Spacing", "Study", "StudyFacts"]

QUICK_VALUES = 4_000_000
"""A frame of more values than these, compressed or not, is not waited for."""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What the file says of patient and study, as text to show; empty where it says nothing.

    `sides` are all places that name one, `frame_sides` those of single frames; `laterality` is the first of the former.
    `entered` names the fields that the user typed in: the file does not say them.
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
        """Return what names a side of frame `frame` (from 0): what is said of the frame itself goes before the rest."""
        own = self.frame_sides[frame] if frame < len(self.frame_sides) else ""
        told = self.sides or ((SideSaid("laterality", self.laterality),) if self.laterality else ())
        return (*((SideSaid("frame laterality", own),) if own else ()), *told)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image as it is shown and read.

    Attributes:
        pixels: uint8, (rows, columns) grey or (rows, columns, 3) RGB.
        index: its place in the study, from 0.
        scale: what its pixels measure, and where; it may be given as one spacing of the whole frame, or as None.
        origin: what the file says of what was examined, and how.
    """

    pixels: NDArray[np.uint8]
    index: int
    scale: Scale = UNCALIBRATED
    origin: Origin = NOWHERE

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", scale_from(self.scale))

    @property
    def spacing(self) -> Spacing | None:
        """Millimetres per pixel where they hold on all of the frame, else None: of a lesion, line or box ask `scale`."""
        found = self.scale.of((0, 0, *self.shape))
        return found if found.in_mm else None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """An opened file.

    Attributes:
        path: the file it came from.
        kind: what it is in words, such as "DICOM Ultrasound Multi-frame Image".
        frame_count, rows, columns: its size.
        facts: what it says of patient and study.
        scale: what the pixels of its frames measure, and where; it may be given as one spacing, or as None.
        frame_scales: that of each frame, where the file tells it of each by itself.
        notes: what the user should be told about how it was read, one sentence each.
        frame_seconds: the time a frame stands in a cine, or None for a still image.
        decode: index -> uint8 pixels; called by `frame`.
        quick: whether a frame is decoded so soon that the window may wait for it.
        apart: whether a frame is decoded in another process (see `decoding`), as `frame` does; `decode` can be pickled then.
        origin: what the file says of what was examined, and how.
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
    origin: Origin = NOWHERE

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", scale_from(self.scale))

    @property
    def spacing(self) -> Spacing | None:
        """Millimetres per pixel where they hold on all of every frame, else None."""
        found = {
            self.scale_of(index).of((0, 0, self.rows, self.columns)) for index in range(len(self.frame_scales) or 1)
        }
        return found.pop() if len(found) == 1 and next(iter(found)).in_mm else None

    def scale_of(self, index: int) -> Scale:
        """Return what the pixels of frame `index` (from 0) measure, as the file has it."""
        if not self.frame_scales:
            return self.scale
        # A frame that the header tells nothing of is not measured by another one's.
        return self.frame_scales[index] if index < len(self.frame_scales) else UNCALIBRATED

    @property
    def name(self) -> str:
        """The file's name, without its folder, as it can be shown; `path` leads to the file."""
        return shown_name(self.path.name)

    def frame(self, index: int, decode: Callable[[int], NDArray[np.uint8]] | None = None) -> Frame:
        """Return frame `index` (from 0), decoded now, by `decode` in the place of its own where that is given.

        Raises:
            IndexError: there is no such frame.
            UserError: its pixels cannot be decoded.
        """
        if not 0 <= index < self.frame_count:
            raise IndexError(f"frame {index} of {self.frame_count}")
        if decode is None and self.apart:
            decode = self._apart
        found = (decode or self.decode)(index)
        return Frame(pixels=found, index=index, scale=self.scale_of(index), origin=self.origin)

    def _apart(self, index: int) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = decoding.apart(
            f"Frame {index + 1} of {self.path.name}", self.decode, "__call__", index
        )
        return pixels
