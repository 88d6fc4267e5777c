"""The head of a report's paper: the institution's name, and its logo from a picture file of any size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason

BOX = (144, 40)
"""What a logo is fitted into on paper, in points: width, height."""
_DOTS = 6
"""Pixels a point that a logo keeps: 432 an inch, finer than a printer shows."""
_MOST_BYTES = 20_000_000
_MOST_PIXELS = 100_000_000
_HINT = "Choose another picture for the logo in the settings, or none."


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who gives the report.

    Attributes:
        institution: its name, or "".
        logo: the file of its logo, PNG or JPEG; read when paper is made. None, or "", where there is none.
    """

    institution: str = ""
    logo: Path | str | None = None


def read_logo(path: Path) -> NDArray[np.uint8]:
    """Return a logo as it lies on white paper, uint8 (rows, columns) grey or (rows, columns, 3) RGB, no larger than
    BOX can show.

    Raises:
        UserError: it cannot be read, is no PNG or JPEG picture, is damaged or far too large.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"The logo {path.name} is larger than {_MOST_BYTES // 1_000_000} MB.", _HINT)
        with Image.open(path, formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise UserError(f"The logo {path.name} has {opened.width} x {opened.height} pixels: too many.", _HINT)
            # A photograph of the sign at the door lies on its side in the file.
            picture = ImageOps.exif_transpose(opened)
            picture = _on_white(picture)
    except (UnidentifiedImageError, Image.DecompressionBombError) as problem:
        raise UserError(f"The logo {path.name} is no PNG or JPEG picture.", _HINT) from problem
    except (OSError, SyntaxError, ValueError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise UserError(f"The logo {path} could not be read: {reason(problem)}.", _HINT) from problem
        # Pillow has many names for a picture that ends too early or lies about itself.
        raise UserError(f"The logo {path.name} is damaged.", _HINT) from problem
    # Reduced only: a small logo is not made blurred.
    picture.thumbnail((BOX[0] * _DOTS, BOX[1] * _DOTS), Image.Resampling.LANCZOS)
    return np.asarray(picture, np.uint8)


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a picture without transparency, in grey ("L") or colour ("RGB")."""
    if picture.mode.startswith("I"):
        # 16 bits a pixel; converted as they are, all but the darkest would be white.
        return Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture).convert("RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")
