"""Whose outlines a file holds: the image that a labelme or COCO file names, against the one at hand.

An outline of another image, laid on this one, looks like any other: names are compared before anything is taken. Folders
and the suffix do not count, as images are moved and turned into other formats; a different name is a different image.
"""

import os
import unicodedata
from dataclasses import dataclass

from csamoe_desktop.errors import UserError
from csamoe_desktop.names import shown_name

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".dcm", ".dicom", ".ima", ".json")
"""What ends a name of an image; the last number of a UID, by which DICOM files are called, does not."""


class MaskOfAnotherImage(UserError):
    """The file's outlines are of an image of another name: `theirs`, not `ours`, both as they can be shown."""

    def __init__(self, file: str, theirs: str, ours: str) -> None:
        super().__init__(
            f"{shown_name(file)} outlines {shown_name(theirs)}, not {shown_name(ours)}.",
            "Choose this image's own outlines. If these are, correct the name of the image in the file.",
        )
        self.theirs, self.ours = shown_name(theirs), shown_name(ours)


@dataclass(frozen=True, slots=True)
class Belonging:
    """The image at hand, as its outlines are looked for.

    Attributes:
        image: its file name; "" where it is not known, and any outline is taken.
        another: whether the user has said that the outlines of another image are to be taken.
        encoding: of the file that names images: a name on the disk may be in the same code page.
    """

    image: str
    another: bool = False
    encoding: str = "utf-8"

    def alike(self, named: object, exactly: bool = False) -> bool:
        """Return whether a name in the file means the image at hand; `exactly`: with its suffix."""
        theirs = file_name(named)
        if not (theirs and self.image):
            return False
        return any(_same(theirs, ours, exactly) for ours in self._spellings())

    def check(self, named: object, file: str) -> list[str]:
        """Return what is to be said of outlines of the image `named` ("" if the file names none) in `file`.

        Raises:
            MaskOfAnotherImage: it is another one, and the user has not said that it is to be taken.
        """
        theirs = file_name(named)
        if not (theirs and self.image) or self.alike(theirs):
            return []
        if not self.another:
            raise MaskOfAnotherImage(file, theirs, self.image)
        return [
            f"The outline was drawn on another image, {shown_name(theirs)}; it was laid on this one at the reader's wish."
        ]

    def _spellings(self) -> list[str]:
        """Return the image's name, and what it is in the code page of the file where its bytes are no UTF-8."""
        spellings = [self.image]
        try:
            self.image.encode("utf-8")
        except UnicodeEncodeError:
            spellings.append(os.fsencode(self.image).decode(self.encoding, "replace"))
        return spellings


def file_name(named: object) -> str:
    """Return the file's name in a path of any system; "" of what is no text."""
    return named.replace("\\", "/").rpartition("/")[2] if isinstance(named, str) else ""


def _same(one: str, other: str, exactly: bool) -> bool:
    ones, others = (unicodedata.normalize("NFC", name).casefold().strip() for name in (one, other))
    return ones == others or (not exactly and _stem(ones) == _stem(others))


def _stem(name: str) -> str:
    while ending := next((suffix for suffix in _SUFFIXES if name.endswith(suffix) and name != suffix), ""):
        name = name[: -len(ending)]
    return name
