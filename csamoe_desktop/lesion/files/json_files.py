"""JSON as other programs have written it: UTF-8 as it should be, UTF-16, or the code page of the machine it comes from.

In all of these figures and brackets are the same; only names of labels and images hang on the choice. Which code page it is,
no file says: it is the one in which the file is JSON and, where the image's name is known, names it.
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
"""By Python's names, in the order in which they are tried."""
_HEAD = 64


def looks_like_json(data: bytes) -> bool:
    """Return whether a file that holds `data` may be JSON, in any encoding."""
    head = data[:_HEAD]
    text = head.decode(json.detect_encoding(head), "ignore")
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def read_json(data: bytes, fits: Callable[[Any, str], bool]) -> tuple[Any, str, list[str]]:
    """Return what a JSON file holds, Python's name of its encoding, and what was guessed.

    Args:
        data: the file.
        fits: whether what was read in a code page (its second argument) is what is looked for: that one is taken then, else
            the first in which the file is JSON.

    Raises:
        ValueError, RecursionError: it is no JSON.
    """
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding not in ("utf-8", "utf-8-sig"):
            raise
    else:
        return json.loads(text), encoding, []
    found = list(_in_code_pages(data.removeprefix(b"\xef\xbb\xbf")))
    if not found:
        raise ValueError("no JSON in any encoding that is known")
    told, page = next((one for one in found if fits(*one)), found[0])
    return told, page, [f"The mask file is not in UTF-8; its names were read as {_CODE_PAGES[page]}."]


def _in_code_pages(data: bytes) -> Iterator[tuple[Any, str]]:
    for page in _CODE_PAGES:
        try:
            yield json.loads(data.decode(page)), page
        except ValueError:
            continue
