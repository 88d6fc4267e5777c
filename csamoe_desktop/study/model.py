"""What a study is once it is open: facts, and frames with pixels, millimetre spacing and provenance."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.study.sides import SideSaid

QUICK_VALUES = 4_000_000
"""A frame of more values than these, compressed or not, is not waited for."""
BY_HAND = "calibrated by hand"
"""What the source of a spacing given by the user begins with."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """Millimetres per pixel, down (row) and across (column), and where they come from in words."""

    row: float
    column: float
    source: str

    @property
    def by_hand(self) -> bool:
        """Whether the user gave it, by drawing along the depth scale."""
        return self.source.startswith(BY_HAND)

    @property
    def words(self) -> str:
        """Where it comes from, such as "calibrated from region 1" or "calibrated by hand: 40 mm over 312 px"."""
        return self.source if self.by_hand else f"calibrated from {self.source}"


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
        spacing: millimetres per pixel, or None where the file does not calibrate it.
    """

    pixels: NDArray[np.uint8]
    index: int
    spacing: Spacing | None

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
        spacing: the spacing its frames have.
        notes: what the user should be told about how it was read, one sentence each.
        frame_seconds: the time a frame stands in a cine, or None for a still image.
        decode: index -> uint8 pixels; called by `frame`.
        quick: whether a frame is decoded so soon that the window may wait for it.
        apart: whether a frame is best decoded in another process (see `decoding`); `decode` can be pickled then.
    """

    path: Path
    kind: str
    frame_count: int
    rows: int
    columns: int
    decode: Callable[[int], NDArray[np.uint8]]
    facts: StudyFacts = field(default_factory=StudyFacts)
    spacing: Spacing | None = None
    notes: tuple[str, ...] = ()
    frame_seconds: float | None = None
    quick: bool = True
    apart: bool = False

    def frame(self, index: int, decode: Callable[[int], NDArray[np.uint8]] | None = None) -> Frame:
        """Return frame `index` (from 0), decoded now, by `decode` in the place of its own where that is given.

        Raises:
            IndexError: there is no such frame.
            UserError: its pixels cannot be decoded.
        """
        if not 0 <= index < self.frame_count:
            raise IndexError(f"frame {index} of {self.frame_count}")
        return Frame(pixels=(decode or self.decode)(index), index=index, spacing=self.spacing)
