"""Proposes BI-RADS terms of shape and orientation from the measures of an outline, where these support one.

The rules were set on what can be checked: no available data set records the readers' shape terms, but a benign lesion of
BI-RADS 2 or 3 is oval or round by the lexicon's own definition, and hardly ever irregular. `csamoe-desktop descriptors`
counts the proposed terms by category: of such lesions, 16 in 984 of BUS-BRA and 1 in 62 of OASBUD are called irregular
(with the earlier rule, the overlap with an ellipse, 41 % and 56 % were). Smooth malignant lesions are called oval too: 17 %
to 63 % of category 4 are. The term is therefore only proposed, never filled in.

- Irregular: solidity (A / A_hull, see `margin`) under 0.92. Two or three gentle lobulations are oval (ACR BI-RADS Atlas
  2013, Ultrasound), and leave the solidity above 0.95; between the two, no term is proposed.
- Of the others, round: the longest diameter is at most 1.12 times the one across it; oval: from 1.2 on; between, no term.
- Orientation: parallel if the extent away from the skin is under 0.9 of that along it, not parallel above 1.1; between, no
  term.

Where row and column spacing differ, diameters and extents are in millimetres; the solidity is the same in both. Of several
pieces, the largest is described.
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
    """Return the terms (lexicon ids, by descriptor) that the outline of `mask`, bool (rows, columns), supports; a descriptor
    without a supported term is missing.

    Raises:
        UserError: the mask is empty.
    """
    return terms_of(measure(mask, scale), describe_margin(mask, scale))


def terms_of(size: Size, margin: Margin) -> dict[str, str]:
    """Return the terms that the measures of an outline support."""
    terms = {
        SHAPE: _shape(size.longest / size.across, margin.solidity),
        ORIENTATION: _orientation(size.height_to_width),
    }
    return {name: term for name, term in terms.items() if term}


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
