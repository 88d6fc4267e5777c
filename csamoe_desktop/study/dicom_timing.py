"""The time that a frame of a cine stands (PS3.3 C.7.6.5), in seconds, whatever unit the file's maker took it for."""

import math
from statistics import median

from pydicom.dataset import Dataset

from csamoe_desktop.study.us_regions import numbers

USUAL_SECONDS = 0.1
"""A frame's time where the file gives none."""
_FASTEST, _SLOWEST = 1 / 500, 5.0
"""What a frame time can be."""


def frame_seconds(header: Dataset) -> tuple[float | None, list[str]]:
    """Return the time a frame stands, None where the file gives none that can be, and what is to be told of it."""
    times = numbers(header, "FrameTimeVector")
    given = [
        *((time / 1000, f"frame time ({time:g} ms)") for time in numbers(header, "FrameTime")[:1]),
        *((median(found) / 1000, f"frame times ({median(found):g} ms)") for found in [times[1:]] if found),
        *(
            (1 / rate, f"frame rate ({rate:g} a second)")
            for keyword in ("CineRate", "RecommendedDisplayFrameRate")
            for rate in numbers(header, keyword)[:1]
            if rate and math.isfinite(rate)
        ),
    ]
    for seconds, _ in given:
        if _plausible(seconds):
            return seconds, []
    for seconds, words in given:
        # Seconds in the place of milliseconds, then microseconds; a rate is not written in another unit.
        for factor, unit in ((1000, "seconds"), (0.001, "microseconds")) if "time" in words else ():
            if _plausible(seconds * factor):
                rate = 1 / (seconds * factor)
                return seconds * factor, [
                    f"The file's {words} cannot be; it was taken for {unit}: {rate:.3g} frames a second."
                ]
    usual = f"the cine is played at {1 / USUAL_SECONDS:g} frames a second."
    if given:
        return None, [f"The file's {given[0][1]} cannot be; {usual}"]
    return None, [f"The file gives no frame rate; {usual}"]


def _plausible(seconds: float) -> bool:
    return math.isfinite(seconds) and _FASTEST <= seconds <= _SLOWEST
