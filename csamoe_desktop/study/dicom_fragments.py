"""The frames of compressed pixel data: which fragments each is made of (PS3.5 A.4), with or without a table of offsets."""

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import BinaryIO

from csamoe_desktop.study.limits import MOST_FRAMES

Span = tuple[int, int]
"""Where a fragment begins, and its bytes."""
Frame = tuple[Span, ...]

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
"""What a frame of JPEG, JPEG-LS or JPEG 2000 begins with."""
_MOST_FRAGMENTS = 10 * MOST_FRAMES


def read_frames(
    file: BinaryIO, start: int, end: int, said: int | None, extended: Sequence[int] = ()
) -> tuple[list[Frame], int]:
    """Return the frames that are there as a whole, and how many are said to be there and are not.

    One frame that is alone is returned though its end is missing: how much of it can be shown is the decoder's to say.

    Args:
        file: open for reading.
        start, end: where the pixel data begin and end at the latest.
        said: the number of frames that the header gives, None where it gives none.
        extended: the header's extended table of offsets, where it has one.
    """
    fragments, table, cut = _fragments(file, start, end)
    if not fragments:
        return [], said or 0
    first = fragments[0][0] - 8
    frames = (
        _by_table(fragments, [first + place for place in (extended or table)])
        or _by_count(fragments, said)
        or _by_starts(file, fragments)
        or [tuple(fragments)]
    )
    if said and len(frames) != said and len(frames) != len(fragments):
        by_starts = _by_starts(file, fragments)
        if by_starts is not None and abs(len(by_starts) - said) < abs(len(frames) - said):
            frames = by_starts
    if cut and len(frames) > 1:
        frames.pop()
    return frames, max(0, (said or 0) - len(frames))


def is_fragmented(file: BinaryIO, start: int) -> bool:
    """Return whether what begins at `start` is pixel data in fragments, whatever the header says."""
    file.seek(start)
    return file.read(4) == _ITEM


def _fragments(file: BinaryIO, start: int, end: int) -> tuple[list[Span], list[int], bool]:
    """Return the fragments, the basic table of offsets, and whether the last fragment is cut off."""
    fragments: list[Span] = []
    table: list[int] = []
    place, first, cut = start, True, False
    while place + 8 <= end and len(fragments) < _MOST_FRAGMENTS:
        file.seek(place)
        head = file.read(8)
        if head[:4] != _ITEM:
            break
        length = int.from_bytes(head[4:8], "little")
        cut = place + 8 + length > end
        length = min(length, end - place - 8)
        if first:
            content = file.read(min(length, 4 * _MOST_FRAGMENTS))
            table = list(struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4]))
            first = False
        elif length:
            fragments.append((place + 8, length))
        place += 8 + length
    return fragments, table, cut and bool(fragments)


def _by_table(fragments: list[Span], places: list[int]) -> list[Frame] | None:
    """Return the frames that a table of offsets gives, or None where it cannot be true."""
    if not places or places != sorted(set(places)):
        return None
    starts = {begin - 8: number for number, (begin, _) in enumerate(fragments)}
    if places[0] != fragments[0][0] - 8:
        return None
    # What the file was cut before is missing; any other place that is no fragment's makes the table untrue.
    there = [place for place in places if place <= fragments[-1][0] - 8]
    if any(place not in starts for place in there):
        return None
    numbers = [starts[place] for place in there] + [len(fragments)]
    return [tuple(fragments[begin:end]) for begin, end in pairwise(numbers)]


def _by_count(fragments: list[Span], said: int | None) -> list[Frame] | None:
    if said == 1:
        return None
    return [(one,) for one in fragments] if said == len(fragments) else None


def _by_starts(file: BinaryIO, fragments: list[Span]) -> list[Frame] | None:
    """Return the frames by what they begin with; those of RLE have a fragment each (PS3.5 G.1)."""
    begins = []
    for place, _ in fragments:
        file.seek(place)
        head = file.read(68)
        begins.append(head.startswith(_STARTS) or _is_rle(head))
    if not begins[0]:
        return None
    numbers = [number for number, begin in enumerate(begins) if begin] + [len(fragments)]
    return [tuple(fragments[begin:end]) for begin, end in pairwise(numbers)]


def _is_rle(head: bytes) -> bool:
    """Return whether a fragment begins as RLE does: the number of segments, and where the first begins."""
    if len(head) < 64:
        return False
    count, first = struct.unpack_from("<2I", head)
    return 1 <= count <= 15 and first == 64 and not any(head[4 + 4 * count : 64])
