"""Grey values of a DICOM file and the window they are shown with (PS3.3 C.11.1 Modality LUT, C.11.2 VOI LUT).

A damaged table, rescale or window is ignored with a note to the user, so that the image can still be shown.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from csamoe_desktop.study.dicom_file import text, whole
from csamoe_desktop.study.dicom_layout import Layout, Values
from csamoe_desktop.study.lookup import Damaged, looked_up, table_of

Table = tuple[NDArray[Any], int]
"""Entries, and the input value of the first entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Greys:
    """The conversion from stored values to grey.

    Attributes:
        slope, intercept: the rescale; not used if there is a `modality` table.
        modality, voi: the lookup tables.
        window: the values shown black and white; None if stored values are unsigned 8-bit grey already.
        curved: whether the window is a sigmoid.
        padding: the least and the greatest stored value that means "no image here", or None.
        given: whether the window comes from the file.
    """

    slope: float = 1.0
    intercept: float = 0.0
    modality: Table | None = None
    voi: Table | None = None
    window: tuple[float, float] | None = None
    curved: bool = False
    padding: tuple[int, int] | None = None
    given: bool = False

    def values(self, stored: Values) -> NDArray[Any]:
        """Return stored values after the Modality LUT and, if there is one, the VOI LUT; float32 or float64."""
        exact = stored.dtype.itemsize > 4 or stored.dtype.kind == "f"
        converted: NDArray[Any]
        if self.modality is not None:
            converted = looked_up(stored, *self.modality).astype(np.float32)
        else:
            wide: NDArray[Any] = stored.astype(np.float64 if exact else np.float32)
            converted = wide * self.slope + self.intercept
        if self.voi is not None:
            converted = looked_up(np.nan_to_num(converted), *self.voi).astype(np.float32)
        return converted

    def extremes(self, stored: Values) -> tuple[float, float] | None:
        """Return the least and the greatest value of a frame without its padding; None if it is all padding."""
        counted = np.isfinite(stored) if stored.dtype.kind == "f" else np.ones(stored.shape, bool)
        if self.padding is not None:
            counted &= (stored < self.padding[0]) | (stored > self.padding[1])
        if not counted.any():
            return None
        values = self.values(stored[counted])
        return float(values.min()), float(values.max())

    def shown(self, stored: Values) -> NDArray[np.uint8]:
        """Return stored values as 8-bit grey through the window."""
        if self.window is None:
            # A copy: the bytes of a file cannot be written to.
            return np.array(stored, np.uint8)
        black, white = self.window
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.values(stored)
            if self.curved:
                scaled = 255 / (1 + np.exp(-4 * (values - (black + white) / 2) / (white - black))) + 0.5
            else:
                scaled = (values - black) * (255 / (white - black)) + 0.5
            # Values that are not numbers are shown black.
            return np.clip(np.nan_to_num(scaled, nan=0.0), 0, 255).astype(np.uint8)

    def through(self, low: float, high: float) -> "Greys":
        """Return these greys with a window from `low` to `high`."""
        return replace(self, window=(low, high if high > low else low + 1))


def greys_of(header: Dataset, layout: Layout) -> tuple[Greys, list[str]]:
    """Return the header's grey conversion, without a window if the header gives none, and notes for the user."""
    plain = layout.stored == 8 and not layout.signed and not layout.real
    if plain:
        return Greys(), []
    notes: list[str] = []
    if layout.stored < 8 and not layout.signed:
        return Greys().through(0, 2**layout.stored - 1), []
    greys = replace(Greys(), padding=_padding(header, layout))
    table, damaged = _table(header, "ModalityLUTSequence", layout)
    if damaged:
        notes.append("The file's Modality LUT is damaged; it was not used.")
    slope, intercept = _numbers(header, "RescaleSlope"), _numbers(header, "RescaleIntercept")
    if table is not None:
        greys = replace(greys, modality=table)
    elif slope and not slope[0]:
        notes.append("The file's rescale slope is 0, which would make all values equal; its rescale was not used.")
    else:
        greys = replace(greys, slope=slope[0] if slope else 1.0, intercept=intercept[0] if intercept else 0.0)
    window = _windows(header)
    table, damaged = _table(header, "VOILUTSequence", layout)
    if damaged:
        notes.append("The file's VOI LUT is damaged; it was not used.")
    if table is not None:
        entries = table[0]
        return replace(greys, voi=table, given=True).through(0, max(_top(header), float(entries.max()))), notes
    if window is not None:
        curved = text(header, "VOILUTFunction").upper() == "SIGMOID"
        return replace(greys, window=window, curved=curved, given=True), notes
    if header.get("WindowWidth") not in (None, "") or header.get("WindowCenter") not in (None, ""):
        notes.append("The file's window is damaged; it was not used.")
    return greys, notes


def _windows(header: Dataset) -> tuple[float, float] | None:
    """Return the values that the header's first complete window shows black and white, or None."""
    exact = text(header, "VOILUTFunction").upper() == "LINEAR_EXACT"
    pairs = zip(_numbers(header, "WindowCenter", gaps=True), _numbers(header, "WindowWidth", gaps=True), strict=False)
    for centre, width in pairs:
        if not (math.isfinite(centre) and math.isfinite(width) and width > 0):
            continue
        if exact or width <= 1:
            return centre - width / 2, centre + width / 2
        return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    return None


def _numbers(header: Dataset, keyword: str, gaps: bool = False) -> list[float]:
    """Return an attribute's numbers; values that are not numbers are left out, or NaN with `gaps`."""
    try:
        value = header.get(keyword)
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, OverflowError):
        return []
    numbers = []
    for entry in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
        try:
            numbers.append(float(entry))
        except (TypeError, ValueError, OverflowError):
            numbers.append(math.nan)
    return numbers if gaps else [number for number in numbers if math.isfinite(number)]


def _table(header: Dataset, keyword: str, layout: Layout) -> tuple[Table | None, bool]:
    """Return the first table of a sequence, or None, and whether that table is damaged."""
    try:
        items = header.get(keyword)
        if not items:
            return None, False
        item = items[0]
        signed = layout.signed or keyword == "VOILUTSequence"
        entries, first, _ = table_of(item.get("LUTDescriptor"), item.get("LUTData"), signed, layout.little)
        return (entries.astype(np.float32), first), False
    except (Damaged, ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        return None, True


def _top(header: Dataset) -> float:
    """Return the greatest entry that the VOI LUT's descriptor allows."""
    bits = int(header.VOILUTSequence[0].LUTDescriptor[2])
    return float(2**bits - 1) if 1 <= bits <= 16 else 0.0


def _padding(header: Dataset, layout: Layout) -> tuple[int, int] | None:
    value = whole(header, "PixelPaddingValue")
    if value is None:
        return None
    limit = whole(header, "PixelPaddingRangeLimit")
    ends = [
        number - 2**16 if layout.signed and number > 32767 else number
        for number in (value, limit)
        if number is not None
    ]
    return min(ends), max(ends)
