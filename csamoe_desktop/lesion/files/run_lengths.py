"""Encodes and decodes COCO's run lengths: alternating counts of unmarked and marked pixels, down the columns, left to right.

The compressed form is text (rleToString in the COCO API's maskApi.c): from the fourth on, a run is given as its difference
from the run two before; each number is written in groups of five bits, the lowest first, as the character 48 + group, plus
32 if another group follows. The highest bit of the last group is the sign.
"""

from collections.abc import Sequence

import numpy as np

from csamoe_desktop.lesion.files.levels import Bool

_FIRST = 48
_FOLLOWED, _SIGN, _BITS = 32, 16, 5
_MOST_BITS = 60
"""Maximum bits of a number; no image has more pixels. Without a limit, endless text could take hours to decode."""


def runs(mask: Bool) -> list[int]:
    """Return the run lengths of a mask, bool (rows, columns); the first counts unmarked pixels and may be 0."""
    line = mask.ravel(order="F")
    turns = np.flatnonzero(line[1:] != line[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], turns, [line.size]]))
    return [*([0] if line.size and line[0] else []), *(int(length) for length in lengths)]


def drawn(lengths: Sequence[int], shape: tuple[int, int]) -> Bool:
    """Return the mask, bool (rows, columns), of run lengths.

    Raises:
        ValueError: they do not add up to the shape.
    """
    rows, columns = (int(length) for length in shape)
    refusal = ValueError(f"run lengths that do not fill {columns} x {rows} pixels")
    try:
        counted = np.asarray(lengths, np.int64)
    except OverflowError as problem:
        raise refusal from problem
    # Each run is also limited to the whole image, as the sum of enormous runs could overflow to the right total.
    if rows <= 0 or columns <= 0 or counted.ndim != 1 or ((counted < 0) | (counted > rows * columns)).any():
        raise refusal
    if counted.sum() != rows * columns:
        raise refusal
    return np.repeat(np.arange(counted.size) % 2 == 1, counted).reshape((rows, columns), order="F")


def counts_of(counts: object) -> list[int]:
    """Return the run lengths in COCO's "counts": a list of numbers, or compressed text.

    Raises:
        ValueError: it is neither, or is truncated.
    """
    if isinstance(counts, str):
        return _expanded(counts)
    if isinstance(counts, list):
        return [int(length) for length in counts]
    raise ValueError("run lengths that are neither a list nor text")


def compressed(lengths: Sequence[int]) -> str:
    """Return run lengths as COCO's text."""
    written = []
    for place, length in enumerate(lengths):
        rest = length - (lengths[place - 2] if place > 2 else 0)
        more = True
        while more:
            group, rest = rest & 31, rest >> _BITS
            more = rest != (-1 if group & _SIGN else 0)
            written.append(chr(_FIRST + group + (_FOLLOWED if more else 0)))
    return "".join(written)


def _expanded(text: str) -> list[int]:
    lengths: list[int] = []
    number = shift = 0
    for character in text:
        group = ord(character) - _FIRST
        if not 0 <= group < 2 * _FOLLOWED:
            raise ValueError(f"{character!r} in compressed run lengths")
        number |= (group & 31) << shift
        shift += _BITS
        if group & _FOLLOWED:
            if shift > _MOST_BITS:
                raise ValueError("compressed run lengths with a number that does not end")
            continue
        if group & _SIGN:
            number -= 1 << shift
        lengths.append(number + (lengths[-2] if len(lengths) > 2 else 0))
        number = shift = 0
    if shift:
        raise ValueError("compressed run lengths that are cut short")
    return lengths
