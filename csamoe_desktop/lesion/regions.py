"""Computes whole image, tumour core and boundary as the three experts see them (CSA-MoE-Net, section II-A).

The paper: grey image -> 3 equal channels, 224x224; mask -> 224x224 by nearest neighbour; core = mask eroded five
times by 3x3; boundary = mask dilated five times minus the mask; each multiplied with the image. Where the paper is silent:

- A lesion whose core vanishes within five erosions is eroded as often as still leaves a core; `erosions` is the number.
- If the mask is at the image's edge, the area outside the image counts as lesion for the erosion (the edge of the field of
  view is not a margin of the lesion) and the boundary ends at the edge. `touches_edge` records this.
- Several components are treated together as one mask; a component without a core left has none as long as another one has.
  `components` counts them (8-connected).
- An empty mask, or one that vanishes at 224x224, is refused.
- A model may use a `field` instead of the whole frame (the paper's networks do not): the square around the lesion, `field`
  times as wide as the lesion is long, shifted inside the frame where possible and black outside it.
- The network sees square pixels: if pixels are not square (`aspect`), the square around the lesion is a square in the
  tissue, so it has fewer or more rows. The whole frame always fills the network's square.
- The paper does not name the image's interpolation: shrinking averages by area, enlarging is bilinear, each axis on its
  own. The aspect ratio is not kept, as in the paper.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError

SIZE = 224
STEPS = 5
_SQUARE = np.ones((3, 3), np.uint8)

Gray = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Value = TypeVar("Value", bound=np.generic)


class Part(NamedTuple):
    """A part of a frame, half-open in frame pixels. Unlike a `tools.Box`, which slices arrays and lies inside its frame, it
    may extend beyond the frame, where everything is black."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The regions of a lesion (or, with an empty lesion, of the whole image) at the network's size.

    Attributes:
        image: uint8 (size, size), the whole grey image.
        lesion, core, boundary: bool (size, size).
        erosions, dilations: how often the mask was actually eroded and dilated.
        touches_edge: whether the mask touches the image's edge.
        components: number of separate pieces of the mask.
        part: the part of the frame that they cover.
    """

    image: Gray
    lesion: Bool
    core: Bool
    boundary: Bool
    erosions: int
    dilations: int
    touches_edge: bool
    components: int
    part: Part

    def views(self) -> Gray:
        """Return the inputs of the image, core and boundary expert, uint8 (3, size, size): image times region."""
        return np.stack([self.image, self.image * self.core, self.image * self.boundary])

    def warnings(self) -> list[str]:
        """Return the deviations from the paper's method, one sentence each."""
        if not self.lesion.any():
            return []
        notes = []
        if self.erosions < STEPS:
            notes.append(f"The lesion is so small that its core was eroded {self.erosions} times instead of {STEPS}.")
        if self.components > 1:
            notes.append(f"The mask has {self.components} separate pieces; they were assessed as one lesion.")
        return notes


def grey(pixels: Gray) -> Gray:
    """Return `pixels` (grey, or RGB by Rec. 601 luma) as uint8 (rows, columns)."""
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def fit(pixels: Gray, mask: Bool, part: Part, size: int = SIZE) -> tuple[Gray, Bool]:
    """Return a part of a frame's pixels, grey, and of its mask at `size` x `size`; the mask by nearest neighbour.

    Raises:
        UserError: the lesion vanishes at this size.
    """
    lesion = _cut(mask, part)
    fitted = lesion[nearest(lesion.shape[0], size)][:, nearest(lesion.shape[1], size)]
    if not fitted.any():
        raise UserError(
            f"The marked lesion is too small to assess: it disappears at {size} x {size} pixels.",
            "Mark the whole lesion, or crop the image around it.",
        )
    return fit_image(pixels, part, size), fitted


def fit_image(pixels: Gray, part: Part, size: int = SIZE) -> Gray:
    """Return a part of a frame's pixels, grey, at `size` x `size`."""
    return _resized(_cut(grey(pixels), part), size)


def squared(image: NDArray[Value], aspect: float) -> NDArray[Value]:
    """Return a frame's pixels (grey or RGB) or a mask (bool) resampled to square pixels, by stretching the shorter axis;
    `aspect` is the height of its pixels over their width. An image with square pixels is returned unchanged."""
    if aspect == 1:
        return image
    rows, columns = image.shape[:2]
    shape = (max(round(rows * aspect), 1), columns) if aspect > 1 else (rows, max(round(columns / aspect), 1))
    return _reshaped(image, shape)


def unsquared(mask: Bool, shape: tuple[int, int]) -> Bool:
    """Return a mask on square pixels, resampled to the shape of its frame."""
    return mask if mask.shape == shape else _reshaped(mask, shape)


def find_part(mask: Bool, field: float | None = None, aspect: float = 1.0) -> Part:
    """Return the part of the frame to assess for the lesion `mask` (not empty): the whole frame, or, with `field`, a square
    in the tissue around the lesion's middle, `field` times its longer side; `aspect` is a pixel's height over its width."""
    rows, columns = mask.shape
    if field is None:
        return Part(0, 0, rows, columns)
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    side = max(1, round(field * max((down[-1] - down[0] + 1) * aspect, across[-1] - across[0] + 1)))
    tall = max(1, round(side / aspect))
    top = _placed(int(down[0] + down[-1] + 1), tall, rows)
    left = _placed(int(across[0] + across[-1] + 1), side, columns)
    return Part(top, left, top + tall, left + side)


def divide(image: Gray, lesion: Bool, part: Part, steps: int = STEPS) -> Regions:
    """Return the regions of a lesion (bool, not empty) on an image of the same shape, both at the network's size."""
    core, erosions = lesion, 0
    while erosions < steps:
        eroded = cv2.erode(core.astype(np.uint8), _SQUARE, borderType=cv2.BORDER_REPLICATE).astype(bool)
        if not eroded.any():
            break
        core, erosions = eroded, erosions + 1
    dilated = cv2.dilate(lesion.astype(np.uint8), _SQUARE, iterations=steps).astype(bool)
    edge = np.concatenate([lesion[0], lesion[-1], lesion[:, 0], lesion[:, -1]])
    return Regions(
        image=image,
        lesion=lesion,
        core=core,
        boundary=dilated & ~lesion,
        erosions=erosions,
        dilations=steps,
        touches_edge=bool(edge.any()),
        components=int(cv2.connectedComponents(lesion.astype(np.uint8), connectivity=8)[0]) - 1,
        part=part,
    )


def make_regions(
    pixels: Gray,
    mask: Bool,
    size: int = SIZE,
    steps: int = STEPS,
    field: float | None = None,
    part: Part | None = None,
    aspect: float = 1.0,
) -> Regions:
    """Return the regions of `mask` (bool, the frame's shape) on `pixels`; used by training and by the window.

    `part` replaces the part that `field` would give, so that another outline of a lesion is assessed in the same part.
    `aspect` is the height of a frame pixel over its width.

    Raises:
        UserError: the mask is not of the frame's size, is empty, or vanishes at the network's size.
    """
    if mask.shape != pixels.shape[:2]:
        raise UserError(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels, the image {pixels.shape[1]} x {pixels.shape[0]}.",
            "Use a mask of the same size as the image.",
        )
    if not mask.any():
        raise UserError("No lesion is marked: the mask is empty.", "Draw or import an outline, then assess again.")
    part = part or find_part(mask, field, aspect)
    image, lesion = fit(pixels, mask, part, size)
    edge = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    return dataclasses.replace(divide(image, lesion, part, steps), touches_edge=bool(edge))


def whole_image(pixels: Gray, size: int = SIZE) -> Regions:
    """Return the regions of an unmarked frame, for a model that uses the whole image: lesion, core and boundary empty."""
    whole = Part(0, 0, *pixels.shape[:2])
    nothing = np.zeros((size, size), bool)
    return Regions(_resized(grey(pixels), size), nothing, nothing, nothing, 0, 0, False, 0, whole)


def on_frame(region: NDArray[Value], frame_shape: tuple[int, int], part: Part | None = None) -> NDArray[Value]:
    """Return a region (bool, or values; network size) of a frame's `part` (None: the whole frame), mapped back to the frame's
    (rows, columns), zero outside the part. Each frame pixel takes the region's pixel that contains its centre, so that the
    drawing shows exactly what the network saw."""
    part = part or Part(0, 0, *frame_shape)
    whole = np.zeros(frame_shape, region.dtype)
    size = (part.bottom - part.top, part.right - part.left)
    mapped = region[nearest(region.shape[0], size[0])][:, nearest(region.shape[1], size[1])]
    top, left = max(part.top, 0), max(part.left, 0)
    bottom, right = min(part.bottom, frame_shape[0]), min(part.right, frame_shape[1])
    whole[top:bottom, left:right] = mapped[top - part.top : bottom - part.top, left - part.left : right - part.left]
    return whole


def nearest(length: int, size: int) -> NDArray[np.intp]:
    """Return the pixels at the centres of `size` equal steps along an axis of `length` pixels."""
    return ((np.arange(size) * 2 + 1) * length) // (2 * size)


def _placed(twice_the_middle: int, side: int, length: int) -> int:
    """Return the start of an interval of `side` around a middle, shifted inside `length` if it fits, else centred on it."""
    begin = (twice_the_middle - side) // 2
    return min(max(begin, 0), length - side) if side <= length else (length - side) // 2


def _cut(pixels: NDArray[Any], part: Part) -> NDArray[Any]:
    """Return a part of (rows, columns), zero outside the frame."""
    rows, columns = pixels.shape
    if part == (0, 0, rows, columns):
        return pixels
    out = np.zeros((part.bottom - part.top, part.right - part.left), pixels.dtype)
    top, left = max(part.top, 0), max(part.left, 0)
    inside = pixels[top : min(part.bottom, rows), left : min(part.right, columns)]
    out[top - part.top :, left - part.left :][: inside.shape[0], : inside.shape[1]] = inside
    return out


def _reshaped(image: NDArray[Value], shape: tuple[int, int]) -> NDArray[Value]:
    if image.dtype == bool:
        return image[nearest(image.shape[0], shape[0])][:, nearest(image.shape[1], shape[1])]
    pixels: Any = image
    return np.asarray(cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_LINEAR), image.dtype)


def _resized(image: Gray, size: int) -> Gray:
    for axis in (0, 1):
        shape = list(image.shape)
        how = cv2.INTER_AREA if shape[axis] > size else cv2.INTER_LINEAR
        shape[axis] = size
        image = np.asarray(cv2.resize(image, (shape[1], shape[0]), interpolation=how), np.uint8)
    return image
