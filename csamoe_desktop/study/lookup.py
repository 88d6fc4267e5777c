"""Reads DICOM lookup tables: Modality LUT, VOI LUT (PS3.3 C.11.1, C.11.2) and palettes (C.7.9), and detects damaged ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


class Damaged(ValueError):
    """A table that cannot be used."""


def table_of(descriptor: object, data: object, signed: bool, little: bool) -> tuple[NDArray[np.uint16], int, int]:
    """Return a table's entries, the input value of the first entry, and the bits of an entry.

    Args:
        descriptor: number of entries (0 for 65536), first input value, bits.
        data: bytes or numbers, as the file has them.
        signed: whether input values can be negative.
        little: whether `data` is little-endian.

    Raises:
        Damaged: the table cannot be used.
    """
    count, first, bits = _descriptor(descriptor)
    entries = _numbers(data, count, little)
    if len(entries) < count:
        raise Damaged(f"{len(entries)} of {count} entries")
    if signed and first > 32767:
        first -= 65536
    return entries[:count], first, bits


def looked_up(values: NDArray[Any], entries: NDArray[Any], first: int) -> NDArray[Any]:
    """Return the entries for `values`; values outside the table get its first or last entry."""
    places = np.clip(np.asarray(values, np.float64) - first, 0, len(entries) - 1).astype(np.intp)
    return np.asarray(entries[places])


def palette_of(header: Dataset, signed: bool, little: bool) -> tuple[NDArray[np.uint8], int]:
    """Return the palette of a PALETTE COLOR image, uint8 (entries, 3), and the input value of its first entry.

    Raises:
        Damaged: there is no usable palette.
    """
    tables, firsts = [], []
    for colour in ("Red", "Green", "Blue"):
        descriptor = header.get(f"{colour}PaletteColorLookupTableDescriptor")
        whole = header.get(f"{colour}PaletteColorLookupTableData")
        if whole is not None and len(whole):
            entries, first, _ = table_of(descriptor, whole, signed, little)
        else:
            count, first, bits = _descriptor(descriptor)
            segmented = header.get(f"Segmented{colour}PaletteColorLookupTableData")
            entries = _expanded(_segments(segmented, bits, little), count)
            first -= 65536 if signed and first > 32767 else 0
        tables.append(entries)
        firsts.append(first)
    # Some manufacturers use only the lower 8 of 16 bits.
    shift = 8 if max(int(table.max(initial=0)) for table in tables) > 255 else 0
    length = min(len(table) for table in tables)
    return np.stack([(table[:length] >> shift).astype(np.uint8) for table in tables], axis=1), firsts[0]


def _descriptor(given: object) -> tuple[int, int, int]:
    try:
        count, first, bits = (int(part) for part in given)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as problem:
        raise Damaged("no descriptor") from problem
    # pydicom may have read the count as a signed number.
    return (count & 0xFFFF) or 65536, first, bits if 1 <= bits <= 16 else 16


def _numbers(data: object, count: int, little: bool) -> NDArray[np.uint16]:
    if isinstance(data, bytes | bytearray):
        if count <= len(data) < 2 * count:
            # One byte per entry, whatever the descriptor's bits.
            return np.frombuffer(data, np.uint8).astype(np.uint16)
        return np.frombuffer(data[: len(data) // 2 * 2], "<u2" if little else ">u2").astype(np.uint16)
    if isinstance(data, int):
        return np.array([data & 0xFFFF], np.uint16)
    if isinstance(data, Sequence) and not isinstance(data, str):
        return np.array([int(number) & 0xFFFF for number in data], np.uint16)
    raise Damaged("no entries")


def _segments(data: object, bits: int, little: bool) -> list[int]:
    if not isinstance(data, bytes | bytearray) or not data:
        raise Damaged("no entries")
    if bits == 8:
        return list(data)
    return [int(number) for number in np.frombuffer(data[: len(data) // 2 * 2], "<u2" if little else ">u2")]


def _expanded(segments: list[int], count: int) -> NDArray[np.uint16]:
    """Return the `count` entries of a segmented table (PS3.3 C.7.9.2)."""
    entries: list[int] = []

    def take(place: int, deep: bool) -> int:
        code, length = segments[place], segments[place + 1]
        place += 2
        if code == _DISCRETE:
            entries.extend(segments[place : place + length])
            return place + length
        if code == _LINEAR and entries:
            start, end = entries[-1], segments[place]
            entries.extend(round(start + (end - start) * step / length) for step in range(1, length + 1))
            return place + 1
        if code == _INDIRECT and not deep:
            low, high = segments[place : place + 2]
            back = low | high << 16
            for _ in range(length):
                if len(entries) >= count:
                    break
                back = take(back, True)
            return place + 2
        raise Damaged(f"segment {code}")

    place = 0
    try:
        while place < len(segments) - 1 and len(entries) < count:
            place = take(place, False)
    except (IndexError, ValueError) as problem:
        raise Damaged("cut segments") from problem
    if len(entries) < count:
        raise Damaged(f"{len(entries)} of {count} entries")
    return np.array(entries[:count], np.int64).astype(np.uint16)
