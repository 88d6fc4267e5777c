"""Reads JSON as other programs write it: in UTF-8 as it should be, in UTF-16, or in the code page of their machine.

Numbers and brackets are the same in all code pages; only the names of labels and images depend on the choice. Files do not
declare their code page: the one chosen is that in which the file is valid JSON and, if the image's name is known, contains it.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

_CODE_PAGES = {
    "gb18030": "GB18030 (Chinese)",
    "cp932": "Shift-JIS (Japanese)",
    "big5hkscs": "Big5 (Chinese)",
    "cp949": "EUC-KR (Korean)",
    "cp1252": "Windows-1252 (Latin)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "latin-1": "Latin-1",
}
"""Python's codec -> name for the user, in the order in which they are tried."""
_HEAD = 64


def looks_like_json(data: bytes) -> bool:
    """Return whether `data` may be JSON, in any encoding."""
    head = data[:_HEAD]
    text = head.decode(json.detect_encoding(head), "ignore")
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def read_json(data: bytes, fits: Callable[[Any, str], bool]) -> tuple[Any, str, list[str]]:
    """Return the content of a JSON file, Python's name of its encoding, and what was guessed.

    Args:
        data: the bytes of the file.
        fits: called with the content and its code page; returns whether that code page is the right one. If none fits, the
            first in which the file is JSON is used.

    Raises:
        ValueError, RecursionError: the file is not JSON.
    """
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding not in ("utf-8", "utf-8-sig"):
            raise
    else:
        return json.loads(text), encoding, []
    candidates = list(_in_code_pages(data.removeprefix(b"\xef\xbb\xbf")))
    if not candidates:
        raise ValueError("not JSON in any known encoding")
    content, page = next((candidate for candidate in candidates if fits(*candidate)), candidates[0])
    return content, page, [f"The mask file is not in UTF-8; its names were read as {_CODE_PAGES[page]}."]


def _in_code_pages(data: bytes) -> Iterator[tuple[Any, str]]:
    for page in _CODE_PAGES:
        try:
            yield json.loads(data.decode(page)), page
        except ValueError:
            continue
