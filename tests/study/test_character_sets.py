"""A patient's name is read as it was meant: whatever is declared, and whatever is not."""

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from csamoe_desktop.study.character_sets import codec_of, decoded
from csamoe_desktop.study.dicom_facts import read_facts

NAMES = (
    "Müller^Änne", "Łukasiewicz^Zoë", "Иванов^Иван", "ΠΑΠΑΔΟΠΟΥΛΟΣ^Γιώργος", "שרון^דבורה", "قباني^لنزار", "张^小明", "山田^太郎=やまだ^たろう",
    "Hong^Gildong=洪^吉洞=홍^길동", "สมชาย^ใจดี", "शर्मा^अनिता", "𠮷田^𠀀子", "Nguyễn^Thị Ánh", "O’Brien^Seán", "রহমান^আয়েশা", "Ⴀ^ⴀ",
)  # fmt: skip
NOTHING = ([], [""], ["ISO_IR 6"], ["ASCII"], ["nonsense"], ["ISO_IR 999"], ["\0\0"], ["", ""])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "declared", [*NOTHING, ["ISO_IR 192"], ["iso_ir192"], ["ISO-IR 192"], ["UTF-8"], ["ISO_IR 100"]]
)
def test_utf8_is_known_whatever_is_declared(name: str, declared: list[str]) -> None:
    assert decoded(name.encode("utf-8") + b"\0", declared) == name


@pytest.mark.parametrize(
    ("name", "codec", "terms"),
    [
        (
            "Müller^Änne",
            "latin-1",
            ["ISO_IR 100", "ISO 2022 IR 100", "ISO_IR_100", "ISO-IR 100", "ISO IR100", "iso_ir 100 "],
        ),
        ("Müller^Änne", "latin-1", ["ISO 8859-1", "LATIN1", "ISO_IR 192", "ISO_IR 6", "", "rubbish"]),
        ("Wałęsa^Żaneta", "iso8859-2", ["ISO_IR 101", "ISO 2022 IR 101", "ISO8859-2"]),
        ("Иванов^Иван", "iso8859-5", ["ISO_IR 144", "ISO_IR144", "ISO 8859-5"]),
        ("ИВАНОВ^ТВ", "iso8859-5", ["ISO_IR 144"]),
        ("ΔΙΟΝΥΣΙΟΣ^Άννα", "iso8859-7", ["ISO_IR 126"]),
        ("שרון^דבורה", "iso8859-8", ["ISO_IR 138"]),
        ("قباني^لنزار", "iso8859-6", ["ISO_IR 127"]),
        ("Çavuşoğlu^Işıl", "iso8859-9", ["ISO_IR 148"]),
        ("สมชาย^ใจดี", "tis-620", ["ISO_IR 166", "ISO_IR166", "ISO-IR 166", "ISO 2022 IR 166", "TIS-620"]),
        ("张^小明", "gb18030", ["GB18030", "gb18030", "GB 18030"]),
        ("张^小明", "gbk", ["GBK", "GB2312", "GB18030", "ISO 2022 IR 58"]),
        ("𠮷^㐀𠀀", "gb18030", ["GB18030", "GBK"]),
        ("Wang^XiaoDong=王^小东", "gb18030", ["GB18030"]),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ", "shift_jis", ["ISO_IR 13", "ISO 2022 IR 13"]),
        ("山田^ソ表", "cp932", ["ISO 2022 IR 87", "SHIFT_JIS"]),
        ("홍^길동", "euc_kr", ["ISO 2022 IR 149", "EUC-KR"]),
        ("김^희중", "cp949", ["ISO_IR 149"]),
    ],
)
def test_what_is_declared_in_any_spelling_is_read(name: str, codec: str, terms: list[str]) -> None:
    for term in terms:
        assert decoded(name.encode(codec), [term]) == name, term
        if term and codec_of([term]) not in (None, "ascii"):
            assert decoded(name.encode(codec), ["", term]) == name, term


@pytest.mark.parametrize(
    ("name", "codec"), [("张^小明", "gb18030"), ("洪^吉洞", "cp949"), ("สมชาย^ใจดี", "cp874"), ("山田^太郎", "cp932")]
)
def test_utf8_under_a_wrong_asian_set_is_still_utf8(name: str, codec: str) -> None:
    terms = {"gb18030": "GB18030", "cp949": "ISO 2022 IR 149", "cp874": "ISO_IR 166", "cp932": "ISO_IR 13"}
    assert decoded(name.encode("utf-8"), [terms[codec]]) == name
    # And what is in that set stays in it.
    assert decoded(name.encode(codec), [terms[codec]]) == name


@pytest.mark.parametrize(
    "declared", [["", "ISO 2022 IR 87"], ["ISO 2022 IR 6", "ISO 2022 IR 87"], [], ["ISO_IR 100"], ["x"]]
)
def test_japanese_escape_sequences(declared: list[str]) -> None:
    # PS3.5 annex H.3.1
    written = (
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
    )  # fmt: skip
    assert decoded(written, declared) == "Yamada^Tarou=山田^太郎=やまだ^たろう"


def test_japanese_with_half_width_katakana_and_supplementary_letters() -> None:
    # PS3.5 annex H.3.2
    written = b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
    assert decoded(written, ["ISO 2022 IR 13", "ISO 2022 IR 87"]) == "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎"
    rare = "丂".encode("iso2022_jp_1")
    assert rare.startswith(b"\x1b$(D")
    assert decoded(b"A^" + rare + b"^B", ["", "ISO 2022 IR 159"]) == "A^丂^B"


@pytest.mark.parametrize("declared", [["", "ISO 2022 IR 149"], [], ["ISO 2022 IR 149"], ["ISO_IR 100"]])
def test_korean_escape_sequences_also_where_they_are_not_repeated(declared: list[str]) -> None:
    # PS3.5 annex I.2
    name = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
    assert decoded(name, declared) == "Hong^Gildong=洪^吉洞=홍^길동"
    once = name.replace(b"^\x1b$)C", b"^")
    assert decoded(once, declared) == "Hong^Gildong=洪^吉洞=홍^길동"


@pytest.mark.parametrize("declared", [["", "ISO 2022 IR 58"], [], ["ISO_IR 58"]])
def test_chinese_escape_sequences(declared: list[str]) -> None:
    # PS3.5 annex K.2
    name = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="
    assert decoded(name, declared) == "Zhang^XiaoDong=张^小东="


def test_several_single_byte_sets_in_one_name() -> None:
    written = b"Jos\xe9^\x1b-L\xb8\xd2\xd0\xdd^\x1b-F\xc3\xe9\xfe"
    assert decoded(written, ["ISO 2022 IR 100", "ISO 2022 IR 144", "ISO 2022 IR 126"]) == "José^Иван^Γιώ".replace(
        "ώ", "ώ"
    )


@pytest.mark.parametrize(
    "value", [b"\x1b", b"\x1b$B", b"\x1b$B\x81", b"\x1b$)C\xff", b"\x1b$Bab\x1b", b"\xff\xfe", bytes(range(256))]
)
@pytest.mark.parametrize(
    "declared", [[], ["ISO_IR 192"], ["GB18030"], ["", "ISO 2022 IR 87"], ["ISO_IR 166"], ["\xff"]]
)
def test_whatever_the_bytes_there_is_a_text(value: bytes, declared: list[str]) -> None:
    assert isinstance(decoded(value, declared), str)


def header(value: bytes, declared: bytes | None, keyword: str = "PatientName", kind: str = "PN") -> Dataset:
    made = Dataset()
    for tag, vr, data in ((Tag("SpecificCharacterSet"), "CS", declared), (Tag(keyword), kind, value)):
        if data is not None:
            made[tag] = RawDataElement(tag, vr, len(data), data, 0, False, True)
    return made


@pytest.mark.parametrize(
    ("value", "declared", "shown"),
    [
        ("Müller^Änne".encode(), b"", "Müller, Änne"),
        ("Müller^Änne".encode(), None, "Müller, Änne"),
        ("Müller^Änne".encode(), b"ISO_IR 6", "Müller, Änne"),
        ("Müller^Änne".encode(), b"ISO_IR 1oo", "Müller, Änne"),
        ("张^小明".encode("gbk"), b"GBK", "张小明"),
        ("𠮷田^𠀀子".encode("gb18030"), b"GB18030", "𠮷田𠀀子"),
        ("佐々木^ゴロー".encode(), b"ISO_IR 192", "佐々木ゴロー"),
        ("Zhang^Xiao=张^小=".encode(), b"ISO_IR 192", "Zhang, Xiao (张小)"),
        ("=张^小".encode(), b"ISO_IR 192", "张小"),
        (b"A^B\x00\x00", b"", "A, B"),
        (b"A\n^\tB\x07", b"", "A, B\N{REPLACEMENT CHARACTER}"),
        ("evil\u202egpj^x".encode(), b"ISO_IR 192", "evilgpj, x"),
    ],
)
def test_names_from_the_header(value: bytes, declared: bytes | None, shown: str) -> None:
    assert read_facts(header(value, declared)).patient_name == shown


def test_a_backslash_inside_a_letter_parts_no_value() -> None:
    # The second byte of both is that of a backslash.
    assert (
        read_facts(header("表ソ".encode("cp932"), b"ISO_IR 13", "StudyDescription", "LO")).study_description == "表ソ"
    )
    assert (
        read_facts(header("運輸\\誠".encode("gbk"), b"GBK", "StudyDescription", "LO")).study_description == "運輸, 誠"
    )


def test_an_element_that_was_looked_at_before_is_read_all_the_same() -> None:
    made = header("Müller^Änne".encode(), b"")
    assert str(made.PatientName)
    assert read_facts(made).patient_name == "Müller, Änne"
    plain = pydicom.Dataset()
    plain.PatientName, plain.StudyDescription = "Müller^Änne", ["a", "b"]
    assert (read_facts(plain).patient_name, read_facts(plain).study_description) == ("Müller, Änne", "a, b")
