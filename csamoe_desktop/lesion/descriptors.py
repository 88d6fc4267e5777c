"""Which terms of shape and orientation an outline bears out by its own measures, and where it bears out none.

The rules were set on what can be checked: no data set at hand says how readers called a shape, but a benign lesion of
BI-RADS 2 or 3 is oval or round by the lexicon's own definition, and hardly ever irregular. `csamoe-desktop descriptors`
counts what the rules propose, by category: of such lesions 16 in 984 of BUS-BRA and 1 in 62 of OASBUD are called irregular
(by the overlap with an ellipse, the rule before, 41 and 56 of a hundred were). What is smooth is called oval also where it
is malignant: 17 to 63 of a hundred of category 4 are, so the term is proposed, never filled in.

- Irregular: solidity (A / A_hull, see `margin`) under 0.92. Two or three gentle lobulations are oval (ACR BI-RADS Atlas
  2013, Ultrasound), and leave the solidity above 0.95; between the two nothing is proposed.
- Round: of the others, the longest diameter at most 1.12 times the one across it; oval from 1.2 on; between, nothing.
- Orientation: parallel where the extent away from the skin is under 0.9 of that along it, not parallel above 1.1;
  between, nothing.

Where row and column spacing differ, diameters and extents are those in millimetres; the solidity is the same in both. Of
several pieces the largest is meant.
"""

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.margin import Margin, describe_margin
from csamoe_desktop.lesion.measure import Size, measure
from csamoe_desktop.study.scale import AnyScale

SHAPE, ORIENTATION = "shape", "orientation"

_IRREGULAR_BELOW, _WHOLE_FROM = 0.92, 0.95
_ROUND_TO, _OVAL_FROM = 1.12, 1.2
_PARALLEL_BELOW, _TALLER_FROM = 0.9, 1.1


def describe(mask: NDArray[np.bool_], scale: AnyScale = None) -> dict[str, str]:
    """Return the terms (ids of the lexicon, by descriptor) that `mask`, bool (rows, columns), bears out; those it does not
    are missing.

    Raises:
        UserError: the mask is empty.
    """
    return terms_of(measure(mask, scale), describe_margin(mask, scale))


def terms_of(size: Size, margin: Margin) -> dict[str, str]:
    """Return the terms that these measures of one outline bear out."""
    found = {
        SHAPE: _shape(size.longest / size.across, margin.solidity),
        ORIENTATION: _orientation(size.height_to_width),
    }
    return {name: term for name, term in found.items() if term}


def _shape(ratio: float, solidity: float) -> str:
    if solidity < _IRREGULAR_BELOW:
        return "irregular"
    if solidity < _WHOLE_FROM or _ROUND_TO < ratio < _OVAL_FROM:
        return ""
    return "round" if ratio <= _ROUND_TO else "oval"


def _orientation(height_to_width: float) -> str:
    if height_to_width < _PARALLEL_BELOW:
        return "parallel"
    return "not_parallel" if height_to_width > _TALLER_FROM else ""
