"""Reads the frame time of a cine in seconds (PS3.3 C.7.6.5), even if the file gives it in a wrong unit."""

import math
from statistics import median

from pydicom.dataset import Dataset

from csamoe_desktop.study.us_regions import numbers

USUAL_SECONDS = 0.1
"""The frame time if the file gives none."""
_FASTEST, _SLOWEST = 1 / 500, 5.0
"""Bounds of a plausible frame time, in seconds."""


def frame_seconds(header: Dataset) -> tuple[float | None, list[str]]:
    """Return the frame time in seconds, None if the file gives no plausible one, and notes for the user."""
    times = numbers(header, "FrameTimeVector")
    given = [
        *((time / 1000, f"frame time ({time:g} ms)") for time in numbers(header, "FrameTime")[:1]),
        *((median(steps) / 1000, f"frame times ({median(steps):g} ms)") for steps in [times[1:]] if steps),
        *(
            (1 / rate, f"frame rate ({rate:g} per second)")
            for keyword in ("CineRate", "RecommendedDisplayFrameRate")
            for rate in numbers(header, keyword)[:1]
            if rate and math.isfinite(rate)
        ),
    ]
    for seconds, _ in given:
        if _plausible(seconds):
            return seconds, []
    for seconds, words in given:
        # Files give seconds or microseconds instead of milliseconds; a rate has no other unit.
        for factor, unit in ((1000, "seconds"), (0.001, "microseconds")) if "time" in words else ():
            if _plausible(seconds * factor):
                rate = 1 / (seconds * factor)
                return seconds * factor, [
                    f"The file's {words} cannot be right; read as {unit}: {rate:.3g} frames per second."
                ]
    usual = f"the cine is played at {1 / USUAL_SECONDS:g} frames per second."
    if given:
        return None, [f"The file's {given[0][1]} cannot be right; {usual}"]
    return None, [f"The file gives no frame rate; {usual}"]


def _plausible(seconds: float) -> bool:
    return math.isfinite(seconds) and _FASTEST <= seconds <= _SLOWEST
