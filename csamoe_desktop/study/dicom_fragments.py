"""Finds the frames of compressed pixel data and their fragments (PS3.5 A.4), with or without an offset table."""

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import BinaryIO

from csamoe_desktop.study.limits import MOST_FRAMES

Span = tuple[int, int]
"""Where a fragment begins, and its length in bytes."""
Frame = tuple[Span, ...]

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
"""First bytes of a JPEG, JPEG-LS or JPEG 2000 frame."""
_MOST_FRAGMENTS = 10 * MOST_FRAMES


def read_frames(
    file: BinaryIO, start: int, end: int, declared: int | None, extended: Sequence[int] = ()
) -> tuple[list[Frame], int]:
    """Return the complete frames, and how many of the declared frames are missing.

    A single frame is returned even if its end is missing: the decoder decides how much of it can be shown.

    Args:
        file: open for reading.
        start, end: where the pixel data begins, and where it ends at the latest.
        declared: the header's number of frames, or None.
        extended: the header's extended offset table, if it has one.
    """
    fragments, table, cut = _fragments(file, start, end)
    if not fragments:
        return [], declared or 0
    first = fragments[0][0] - 8
    frames = (
        _by_table(fragments, [first + place for place in (extended or table)])
        or _by_count(fragments, declared)
        or _by_starts(file, fragments)
        or [tuple(fragments)]
    )
    if declared and len(frames) != declared and len(frames) != len(fragments):
        by_starts = _by_starts(file, fragments)
        if by_starts is not None and abs(len(by_starts) - declared) < abs(len(frames) - declared):
            frames = by_starts
    if cut and len(frames) > 1:
        frames.pop()
    return frames, max(0, (declared or 0) - len(frames))


def is_fragmented(file: BinaryIO, start: int) -> bool:
    """Return whether the pixel data at `start` is in fragments, whatever the header says."""
    file.seek(start)
    return file.read(4) == _ITEM


def _fragments(file: BinaryIO, start: int, end: int) -> tuple[list[Span], list[int], bool]:
    """Return the fragments, the basic offset table, and whether the last fragment is cut off."""
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
    """Return the frames given by an offset table, or None if the table is wrong."""
    if not places or places != sorted(set(places)):
        return None
    starts = {begin - 8: number for number, (begin, _) in enumerate(fragments)}
    if places[0] != fragments[0][0] - 8:
        return None
    # Offsets beyond the end of a cut file are dropped; any other offset that is not a fragment's makes the table wrong.
    there = [place for place in places if place <= fragments[-1][0] - 8]
    if any(place not in starts for place in there):
        return None
    numbers = [starts[place] for place in there] + [len(fragments)]
    return [tuple(fragments[begin:end]) for begin, end in pairwise(numbers)]


def _by_count(fragments: list[Span], declared: int | None) -> list[Frame] | None:
    if declared == 1:
        return None
    return [(fragment,) for fragment in fragments] if declared == len(fragments) else None


def _by_starts(file: BinaryIO, fragments: list[Span]) -> list[Frame] | None:
    """Return the frames by their first bytes; an RLE frame is always one fragment (PS3.5 G.1)."""
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
    """Return whether a fragment begins with an RLE header: the number of segments, and where the first begins."""
    if len(head) < 64:
        return False
    count, first = struct.unpack_from("<2I", head)
    return 1 <= count <= 15 and first == 64 and not any(head[4 + 4 * count : 64])
