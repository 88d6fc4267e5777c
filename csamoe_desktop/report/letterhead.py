"""The letterhead of a report: the institution's name, and its logo from an image file of any size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason

BOX = (144, 40)
"""The box for the logo on paper, in points: width, height."""
_DOTS = 6
"""Pixels per point of a logo: 432 per inch, finer than printers resolve."""
_MOST_BYTES = 20_000_000
_MOST_PIXELS = 100_000_000
_HINT = "Choose another logo in Settings, or none."


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The institution that issues the report.

    Attributes:
        institution: its name, or "".
        logo: the file of its logo, PNG or JPEG, read when a PDF is written; None or "" for none.
    """

    institution: str = ""
    logo: Path | str | None = None


def read_logo(path: Path) -> NDArray[np.uint8]:
    """Return a logo on a white background, uint8 (rows, columns) grey or (rows, columns, 3) RGB, reduced to the
    resolution of BOX.

    Raises:
        UserError: the file cannot be read, is not a PNG or JPEG image, is damaged or far too large.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"The logo {path.name} is larger than {_MOST_BYTES // 1_000_000} MB.", _HINT)
        with Image.open(path, formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise UserError(
                    f"The logo {path.name} has {opened.width} x {opened.height} pixels, which is too many.", _HINT
                )
            # A photograph may be stored rotated, with its orientation in EXIF.
            picture = ImageOps.exif_transpose(opened)
            picture = _on_white(picture)
    except (UnidentifiedImageError, Image.DecompressionBombError) as problem:
        raise UserError(f"The logo {path.name} is not a PNG or JPEG image.", _HINT) from problem
    except (OSError, SyntaxError, ValueError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise UserError(f"The logo {path} could not be read: {reason(problem)}.", _HINT) from problem
        # Pillow raises many exceptions for truncated or inconsistent images.
        raise UserError(f"The logo {path.name} is damaged.", _HINT) from problem
    # Only reduce: enlarging a small logo would blur it.
    picture.thumbnail((BOX[0] * _DOTS, BOX[1] * _DOTS), Image.Resampling.LANCZOS)
    return np.asarray(picture, np.uint8)


def _on_white(picture: Image.Image) -> Image.Image:
    """Return an image without transparency, in grey ("L") or colour ("RGB")."""
    if picture.mode.startswith("I"):
        # 16 bits per pixel: Pillow's conversion would turn all but the darkest white.
        return Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture).convert("RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")
