"""Checks that the outlines in a labelme or COCO file belong to the current image, by the image name in the file.

An outline of another image would look valid on this one, so names are compared before an outline is used. Folders and
suffixes are ignored, as images are moved and converted; a different name means a different image.
"""

import os
import unicodedata
from dataclasses import dataclass

from csamoe_desktop.errors import UserError
from csamoe_desktop.names import shown_name

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".dcm", ".dicom", ".ima", ".json")
"""Suffixes of image names. The last number of a UID, as in the names of DICOM files, is not a suffix."""


class MaskOfAnotherImage(UserError):
    """The file's outlines are of an image with another name: `theirs`, not `ours`, both safe to show."""

    def __init__(self, file: str, theirs: str, ours: str) -> None:
        super().__init__(
            f"The outlines in {shown_name(file)} are of {shown_name(theirs)}, not of {shown_name(ours)}.",
            "Choose the outlines of this image. If these are, correct the image name in the file.",
        )
        self.theirs, self.ours = shown_name(theirs), shown_name(ours)


@dataclass(frozen=True, slots=True)
class Belonging:
    """The current image, for finding its outlines in a file.

    Attributes:
        image: its file name; "" if it is not known, and then any outline is accepted.
        another: whether the user chose to accept the outlines of another image.
        encoding: the encoding of the file with the outlines; the image's name on disk may be in the same code page.
    """

    image: str
    another: bool = False
    encoding: str = "utf-8"

    def alike(self, named: object, exactly: bool = False) -> bool:
        """Return whether a name in the file means the current image; `exactly`: including its suffix."""
        theirs = file_name(named)
        if not (theirs and self.image):
            return False
        return any(_same(theirs, ours, exactly) for ours in self._spellings())

    def check(self, named: object, file: str) -> list[str]:
        """Return the notes on using outlines of the image `named` ("" if the file names none) in `file`.

        Raises:
            MaskOfAnotherImage: it is another image, and the user has not chosen to accept it.
        """
        theirs = file_name(named)
        if not (theirs and self.image) or self.alike(theirs):
            return []
        if not self.another:
            raise MaskOfAnotherImage(file, theirs, self.image)
        return [
            f"The outline was drawn on another image, {shown_name(theirs)}; it was used here at the reader's request."
        ]

    def _spellings(self) -> list[str]:
        """Return the image's name, and, if its bytes are not UTF-8, the name decoded in the file's code page."""
        spellings = [self.image]
        try:
            self.image.encode("utf-8")
        except UnicodeEncodeError:
            spellings.append(os.fsencode(self.image).decode(self.encoding, "replace"))
        return spellings


def file_name(named: object) -> str:
    """Return the file name in a path of any system; "" if it is not text."""
    return named.replace("\\", "/").rpartition("/")[2] if isinstance(named, str) else ""


def _same(theirs: str, ours: str, exactly: bool) -> bool:
    theirs, ours = (unicodedata.normalize("NFC", name).casefold().strip() for name in (theirs, ours))
    return theirs == ours or (not exactly and _stem(theirs) == _stem(ours))


def _stem(name: str) -> str:
    while ending := next((suffix for suffix in _SUFFIXES if name.endswith(suffix) and name != suffix), ""):
        name = name[: -len(ending)]
    return name
