"""The size of a lesion that was seen in several views, in the order of the ACR: longest, perpendicular, third.

Two views at right angles to each other (radial and antiradial, transverse and longitudinal) share the direction away from
the skin. The view with the longest diameter gives that and the one perpendicular to it; what neither can show is how far
the lesion reaches along the skin in the other view, so the third is that view's diameter which lies nearer to the skin.
(ACR BI-RADS Atlas, 5th edition, Ultrasound, "size": longest axis, perpendicular to it, third from the orthogonal view.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from csamoe_desktop.lesion.description import View
from csamoe_desktop.lesion.measure import Size, measure
from csamoe_desktop.report.document import ReportInput

_AT_RIGHT_ANGLES = {
    View.RADIAL: View.ANTIRADIAL,
    View.ANTIRADIAL: View.RADIAL,
    View.TRANSVERSE: View.LONGITUDINAL,
    View.LONGITUDINAL: View.TRANSVERSE,
}
_ALONG_THE_SKIN = 45.0
"""Degrees: a diameter at up to this angle lies nearer to the skin than the one across it."""


@dataclass(frozen=True, slots=True)
class LesionSize:
    """A lesion's size over its views.

    Attributes:
        longest, across: both diameters in the view at place `first`, in `unit`.
        third: the extent along the skin in the view at place `other`; both None where there is none.
        first: the place (from 0) of the view with the longest diameter.
        other: the place of the view at right angles to it, also where that gives no third.
        unit: "mm" or "px".
    """

    longest: float
    across: float
    third: float | None
    first: int
    other: int | None
    unit: str

    def words(self) -> str:
        """Return it such as "16.0 x 12.0 x 11.2 mm"."""
        digits = 1 if self.unit == "mm" else 0
        told = [one for one in (self.longest, self.across, self.third) if one is not None]
        return f"{' x '.join(f'{one:.{digits}f}' for one in told)} {self.unit}"


def lesion_size(views: Sequence[ReportInput]) -> LesionSize | None:
    """Return the size of a lesion over its views; None where nothing is marked on any of them."""
    sizes = {
        place: measure(view.mask.pixels, view.frame.scale) for place, view in enumerate(views) if view.mask.pixels.any()
    }
    if not sizes:
        return None
    # Pixels of two images cannot be compared: where a view is in millimetres, those count.
    measured = {place: one for place, one in sizes.items() if one.unit == "mm"} or sizes
    first = max(measured, key=lambda place: (measured[place].longest, -place))
    wanted = _AT_RIGHT_ANGLES.get(views[first].description.view)
    others = [place for place in sizes if wanted is not None and views[place].description.view is wanted]
    other = next((place for place in others if sizes[place].unit == "mm"), next(iter(others), None))
    size = sizes[first]
    comparable = other is not None and sizes[other].unit == size.unit == "mm"
    third = _along_the_skin(sizes[other]) if other is not None and comparable else None
    return LesionSize(size.longest, size.across, third, first, other, size.unit)


def _along_the_skin(size: Size) -> float:
    return size.longest if abs(size.angle) <= _ALONG_THE_SKIN else size.across
