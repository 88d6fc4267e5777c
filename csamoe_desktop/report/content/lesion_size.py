"""The size of a lesion over several views, in the order of the ACR: longest, perpendicular, third.

Two views at right angles to each other (radial and antiradial, transverse and longitudinal) share the direction away from
the skin. The view with the longest diameter gives that diameter and the perpendicular one. It cannot show the extent along
the skin in the other view, so the third dimension is that view's diameter nearer to the direction of the skin.
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
"""Degrees: up to this angle to the skin, the longest diameter is nearer to its direction than the perpendicular one."""


@dataclass(frozen=True, slots=True)
class LesionSize:
    """A lesion's size over its views.

    Attributes:
        longest, across: both diameters in the view with index `first`, in `unit`.
        third: the extent along the skin in the view with index `other`, or None.
        first: the index (from 0) of the view with the longest diameter.
        other: the index of the view at right angles to it, or None; it may be set although `third` is None.
        unit: "mm" or "px".
    """

    longest: float
    across: float
    third: float | None
    first: int
    other: int | None
    unit: str

    def words(self) -> str:
        """Return the size as text, such as "16.0 x 12.0 x 11.2 mm"."""
        digits = 1 if self.unit == "mm" else 0
        lengths = [length for length in (self.longest, self.across, self.third) if length is not None]
        return f"{' x '.join(f'{length:.{digits}f}' for length in lengths)} {self.unit}"


def lesion_size(views: Sequence[ReportInput]) -> LesionSize | None:
    """Return the size of a lesion over its views; None where no view has an outline."""
    sizes = {
        place: measure(view.mask.pixels, view.frame.scale) for place, view in enumerate(views) if view.mask.pixels.any()
    }
    if not sizes:
        return None
    # Pixels of two images cannot be compared: prefer the views in millimetres.
    measured = {place: size for place, size in sizes.items() if size.unit == "mm"} or sizes
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
