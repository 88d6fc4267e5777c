"""The shipped fonts, as a program without a window or a font of its own machine would use them."""

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase, QRawFont

from csamoe_desktop import paths
from csamoe_desktop.report.pdf.fonts import FAMILIES, FILES, register_fonts

ALONE = """
import logging, sys, uuid
logging.basicConfig(stream=sys.stdout)
from csamoe_desktop.report.pdf.fonts import register_fonts
from csamoe_desktop.report.pdf.sheet import Sheet, Type, text
families = register_fonts()
from PySide6.QtGui import QGuiApplication
print(QGuiApplication.platformName(), *families)
sheet = Sheet("alone", uuid.UUID(int=1))
text("Größe 张伟", Type(12, 16), 400).draw(sheet, 40, 40)
open(sys.argv[1], "wb").write(sheet.finished())
"""


def run_alone(out: Path, **environment: str) -> str:
    """Run ALONE in a process that has no Qt application and no word on the platform; return what it prints."""
    kept = {name: value for name, value in os.environ.items() if name not in ("QT_QPA_PLATFORM", "DISPLAY")}
    path = os.pathsep.join([str(Path(paths.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(out)],
        env={**kept, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_fonts_are_there_with_their_licences() -> None:
    folder = paths.resources() / "fonts"
    assert {file.name for file in folder.iterdir()} >= set(FILES)
    assert "Bitstream Vera" in (folder / "DejaVu-LICENCE.txt").read_text(encoding="utf-8")
    assert "Apache License" in (folder / "WenQuanYi-Micro-Hei-LICENCE.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in (folder / "Noto-LICENCE.txt").read_text(encoding="utf-8")


def test_registering_twice_gives_the_same_families_once() -> None:
    assert register_fonts() == FAMILIES
    before = len(QFontDatabase.families())
    assert register_fonts() == FAMILIES
    assert len(QFontDatabase.families()) == before
    assert set(FAMILIES) <= set(QFontDatabase.families())


def test_chinese_is_in_the_second_family_as_the_first_lacks_it() -> None:
    register_fonts()
    latin, chinese = (QRawFont.fromFont(QFont([family])) for family in FAMILIES[:2])
    assert latin.supportsCharacter(ord("é"))
    assert not latin.supportsCharacter(ord("张"))
    assert chinese.supportsCharacter(ord("张"))


def test_without_an_application_one_is_made_offscreen(tmp_path: Path) -> None:
    out = tmp_path / "alone.pdf"
    assert run_alone(out).splitlines() == [f"offscreen {' '.join(FAMILIES)}"]
    words = subprocess.run(["pdftotext", out, "-"], capture_output=True, check=True).stdout.decode()
    assert words.split() == ["Größe", "张伟"]


def test_a_missing_font_is_logged_and_the_program_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "alone.pdf"
    said = run_alone(out, CSAMOE_RESOURCES=str(tmp_path))
    assert said.count("font not loaded") == len(FILES)
    assert out.stat().st_size > 0
