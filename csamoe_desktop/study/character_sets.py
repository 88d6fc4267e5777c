"""Decodes the text of a DICOM header, even if the header declares no character set or a wrong one.

Clear UTF-8 is read as UTF-8, whatever is declared; escape sequences choose their own character set; other text is read in the
declared character set, or as Latin-1 if there is none. Source: PS3.3 C.12.1.1.2, PS3.5 6.1 and annexes H to K.
"""

import re
import unicodedata
from collections.abc import Sequence

_BY_NUMBER = {
    "6": "ascii", "13": "cp932", "58": "gb18030", "87": "cp932", "100": "latin-1", "101": "iso8859-2", "109": "iso8859-3",
    "110": "iso8859-4", "126": "iso8859-7", "127": "iso8859-6", "138": "iso8859-8", "144": "iso8859-5", "148": "iso8859-9",
    "149": "cp949", "159": "cp932", "166": "cp874", "192": "utf-8", "203": "iso8859-15",
}  # fmt: skip
"""Python's codecs by the number in a defined term such as ISO_IR 144 or ISO 2022 IR 149; for multi-byte sets, the codec that
their text is in when its escape sequences are missing."""
_BY_NAME = {
    "GB18030": "gb18030", "GBK": "gb18030", "GB2312": "gb18030", "UTF8": "utf-8", "UNICODE": "utf-8", "LATIN1": "latin-1",
    "ASCII": "ascii", "BIG5": "big5hkscs", "SHIFTJIS": "cp932", "SJIS": "cp932", "EUCJP": "euc_jp", "EUCKR": "cp949",
    "KSC5601": "cp949", "WINDOWS1252": "cp1252", "WINDOWS1251": "cp1251", "TIS620": "cp874", "WINDOWS874": "cp874",
}  # fmt: skip
"""Names found in place of a defined term, in capitals, without spaces and punctuation."""
_LATIN_PART = re.compile(r"ISO8859(\d{1,2})")

_ESCAPE = re.compile(rb"\x1b(\$?[()\-,./][0-9A-Za-z]|\$[@AB])")
_SEVEN_BITS = {b"(B": "ascii", b"(J": "ascii", b"$B": "iso2022_jp", b"$@": "iso2022_jp", b"$(D": "iso2022_jp_1"}
"""Escape sequence -> codec of G0, the letters without the eighth bit (PS3.3 table C.12-3)."""
_EIGHT_BITS = {
    b")I": "shift_jis", b"$)C": "cp949", b"$)A": "gb18030", b"-A": "latin-1", b"-B": "iso8859-2", b"-C": "iso8859-3",
    b"-D": "iso8859-4", b"-F": "iso8859-7", b"-G": "iso8859-6", b"-H": "iso8859-8", b"-L": "iso8859-5", b"-M": "iso8859-9",
    b"-T": "cp874", b"-b": "iso8859-15",
}  # fmt: skip
"""Escape sequence -> codec of G1, the letters with the eighth bit."""
_DOUBLE = ("gb18030", "cp932", "cp949", "big5hkscs", "euc_jp")
_THREE_BYTES = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")
_SIGNS = frozenset("·・‘’“”–—ʼ´（）　、。，〜‐\u200c\u200d")


def decoded(value: bytes, declared: Sequence[str]) -> str:
    """Return a header's bytes as text.

    Args:
        value: the bytes.
        declared: the values of SpecificCharacterSet as the file has them; empty if it is missing.
    """
    value = value.rstrip(b"\0")
    if b"\x1b" in value:
        return _with_escapes(value, codec_of(declared))
    if value.isascii():
        return value.decode("ascii")
    codec = codec_of(declared)
    if _plainly_utf8(value, codec):
        return value.decode("utf-8")
    for candidate in (codec, "cp1252", "latin-1"):
        if candidate is not None:
            try:
                return value.decode(candidate)
            except UnicodeDecodeError:
                continue
    raise AssertionError("Latin-1 takes every byte")


def codec_of(declared: Sequence[str]) -> str | None:
    """Return Python's codec for the declared character sets, even if misspelt: of several, the first that goes beyond
    ASCII; None if nothing usable is declared."""
    codecs = [codec for term in declared if (codec := _codec(term)) is not None]
    return next((codec for codec in codecs if codec != "ascii"), None)


def _codec(term: str) -> str | None:
    plain = re.sub(r"[^A-Z0-9]", "", term.upper())
    if part := _LATIN_PART.search(plain):
        return f"iso8859-{part[1]}" if part[1] not in ("0", "12") and int(part[1]) <= 16 else None
    if plain in _BY_NAME:
        return _BY_NAME[plain]
    # Accepts ISO_IR 100, ISO-IR 100, ISOIR100, IR 100, ISO 2022 IR 100 and the bare 100.
    number = re.fullmatch(r"(?:ISO)?(?:2022)?(?:IR)?(\d{1,3})", plain)
    return _BY_NUMBER.get(number[1]) if number else None


def _plainly_utf8(value: bytes, codec: str | None) -> bool:
    """Return whether bytes are UTF-8 rather than the declared set: text in another set is hardly ever valid UTF-8."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if codec in (None, "utf-8"):
        return True
    # A two-byte Chinese letter may happen to be valid UTF-8; a text of three-byte sequences does not do so by chance.
    if codec in _DOUBLE and not _THREE_BYTES.search(value):
        return False
    foreign = [letter for letter in text if not letter.isascii()]
    if not all(unicodedata.category(letter)[0] in "LMN" or letter in _SIGNS for letter in foreign):
        return False
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in foreign if letter.isalpha()}
    # Thai or Greek bytes that happen to be valid UTF-8 decode to a mix of scripts that no name has.
    return len(scripts - {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "LATIN", "MODIFIER"}) <= 1 and "?" not in scripts


def _with_escapes(value: bytes, first: str | None) -> str:
    """Return text in which escape sequences choose the sets (ISO 2022); `first` is in G1 until the first of them."""
    low, high = "ascii", first if first not in (None, "ascii", "utf-8") else None
    # G1 stays in force after a delimiter, as some writers do not repeat the sequence there.
    parts = _ESCAPE.split(value)
    text = [_part(parts[0], low, high)]
    for sequence, part in zip(parts[1::2], parts[2::2], strict=True):
        low = _SEVEN_BITS.get(sequence, low)
        high = _EIGHT_BITS.get(sequence, high)
        if sequence in _EIGHT_BITS:
            low = "ascii"
        text.append(_part(part, low, high))
    return "".join(text).replace("\x1b", "")


def _part(part: bytes, low: str, high: str | None) -> str:
    """Return the text between two escape sequences."""
    if low == "ascii" or not part.isascii():
        codec = high or "latin-1"
        return part.decode(codec if _decodes(part, codec) else "latin-1", "replace")
    start = b"\x1b$(D" if low == "iso2022_jp_1" else b"\x1b$B"
    # A writer may omit the return to ASCII before a delimiter; an odd last byte is that delimiter.
    text = (start + part[: len(part) // 2 * 2] + b"\x1b(B").decode(low, "replace")
    return text + part[len(part) // 2 * 2 :].decode("ascii")


def _decodes(part: bytes, codec: str) -> bool:
    try:
        part.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
