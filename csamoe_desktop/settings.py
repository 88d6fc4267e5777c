"""The user's settings: one frozen dataclass, JSON on disk; a bad field costs only that field."""

import dataclasses
import json
import logging
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason, write_whole
from csamoe_desktop.names import REPLACED, lossless_json, shown

_log = logging.getLogger(__name__)

THEMES = ("dark", "light")
REPORT_LANGUAGES = ("en", "zh")
_MOST_RECENT = 10
_MOST_BYTES = 2**20
"""Of the file: a thousand times what it takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose.

    Attributes:
        device: auto, cpu, cuda or mps.
        model: the bundle to read with, or "" for the default one.
        theme: dark or light.
        font_size: of the whole program, in points (8..24).
        default_folder: where dialogs start, or "" for the last one used.
        recent_files: the files last opened, newest first.
        reader: the reader's name on reports.
        institution: its name at the head of reports, or "".
        logo: the picture file (PNG or JPEG) of its logo, or "".
        report_language: en or zh.
        technique: what is proposed as an examination's technique, or "" for the template's own words.
        overlay_opacity: of core and boundary, in percent (0..100).
        brush_radius, eraser_radius, smart_radius: of brush, eraser and smart brush, in frame pixels (1..200).
        propose_on_opening: whether outlines are looked for on each frame that comes into view.
        prevalence: malignant among the lesions read where the program is used, in percent (0..99); 0: not given.
        assessment_first: whether the AI result is hidden until the reader has given an assessment.
        assessments_in_report: whether a report states the reader's first assessment, and how long each step took.
        shortcuts: keys the user changed, by action id, in Qt's portable text.
    """

    device: str = "auto"
    model: str = ""
    theme: str = "dark"
    font_size: int = 10
    default_folder: str = ""
    recent_files: tuple[str, ...] = ()
    reader: str = ""
    institution: str = ""
    logo: str = ""
    report_language: str = "en"
    technique: str = ""
    overlay_opacity: int = 35
    brush_radius: int = 12
    eraser_radius: int = 12
    smart_radius: int = 24
    propose_on_opening: bool = True
    prevalence: int = 0
    assessment_first: bool = True
    assessments_in_report: bool = False
    shortcuts: dict[str, str] = field(default_factory=dict)

    @property
    def malignancy_rate(self) -> float | None:
        """The malignancy rate at the user's site, above 0 to 0.99, or None where it is not given."""
        return self.prevalence / 100 if self.prevalence else None

    def with_recent(self, path: Path) -> "Settings":
        """Return these settings with `path` first among the recent files."""
        name = str(path)
        others = [other for other in self.recent_files if other != name]
        return dataclasses.replace(self, recent_files=(name, *others)[:_MOST_RECENT])


def load_settings() -> Settings:
    """Return the settings on disk; what is missing or unusable there has its default, and is logged."""
    return read_settings()[0]


def read_settings() -> tuple[Settings, str]:
    """Return the settings on disk, and in one sentence what is to be said of them, or "".

    What is missing or unusable there has its default. A damaged file is kept under another name beside it: the next
    settings that are saved would take its place.
    """
    file = paths.settings_file()
    try:
        text, problem = _text_of(file)
    except FileNotFoundError:
        return Settings(), ""
    told, whole = _fields_of(text)
    usable, bad = {}, []
    for written, value in told.items():
        name = _OLD_NAMES.get(written, written)
        if name in told and name != written:
            continue
        if name not in _CHECKS:
            _log.info("a setting of another version is passed over")
            continue
        try:
            usable[name] = _CHECKS[name](value)
        except (TypeError, ValueError) as refused:
            bad.append(name)
            _log.warning("setting %s left at its default: %s", name, shown(refused))
    settings = Settings(**usable)
    if whole and not bad:
        return settings, ""
    _log.warning("settings damaged: %s", problem or ("a bad field" if whole else "no sound JSON"))
    return settings, _put_aside(file, settings, bad if whole else [], bool(usable))


def _text_of(file: Path) -> tuple[str, str]:
    """Return what a settings file holds, as far as it is text, and why it could not be read, or "".

    Raises:
        FileNotFoundError: there is none.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return "", "no plain file"
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as problem:
        return "", reason(problem)
    if len(data) > _MOST_BYTES:
        return "", "too large"
    encoding = json.detect_encoding(data)
    with suppress(UnicodeDecodeError):
        return data.decode(encoding), ""
    # JSON takes no control character: a text with bytes that are no letters is then no text, and the others are sound.
    return data.decode(encoding, "replace").replace(REPLACED, "\0"), "letters that cannot be read"


def _fields_of(text: str) -> tuple[dict[str, Any], bool]:
    """Return the fields of a settings file, and whether the file is sound; of a damaged one those that can be read."""
    with suppress(ValueError, RecursionError):
        told = json.loads(text)
        if isinstance(told, dict):
            return told, True
        return {}, False
    found = {}
    for name in (*_CHECKS, *_OLD_NAMES):
        for place in re.finditer(rf'"{name}"\s*:\s*', text):
            with suppress(ValueError, RecursionError):
                found[name], _ = json.JSONDecoder().raw_decode(text, place.end())
                break
    return found, False


def _put_aside(file: Path, settings: Settings, bad: list[str], some: bool) -> str:
    """Give a damaged file another name and write what is sound of it anew; return what is said of it."""
    which = f" ({', '.join(bad)})" if bad else ""
    taken = "what could be read of them was taken over" if some else "the defaults are used"
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    endings = ("", *(f"-{number}" for number in range(2, 100)))
    names = (file.with_name(f"{file.stem}.damaged-{stamp}{ending}{file.suffix}") for ending in endings)
    aside = next((name for name in names if not os.path.lexists(name)), None)
    try:
        if aside is None:
            raise FileExistsError
        file.rename(aside)
    except OSError:
        return f"Your settings were damaged{which}; {taken}; the damaged file is still {file}."
    with suppress(UserError):
        save_settings(settings)
    return f"Your settings were damaged{which}; {taken}, and the damaged file is kept as {aside}."


def save_settings(settings: Settings) -> None:
    """Write the settings whole, for the user's own eyes.

    Raises:
        UserError: they cannot be written.
    """
    text = lossless_json(dataclasses.asdict(settings), indent=2) + "\n"
    try:
        write_whole(paths.settings_file(), lambda path: path.write_text(text, encoding="utf-8"), private=True)
    except UserError as problem:
        raise UserError(
            f"The settings were not saved: {problem.message}",
            "They hold until the program closes; it tries again with the next change, and when it closes.",
        ) from problem


def _one_of(*choices: str) -> Any:
    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}")
        return str(value)

    return check


def _between(low: int, high: int) -> Any:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
        return value

    return check


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(_text(one) for one in value)[:_MOST_RECENT]


def _text_by_text(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no object")
    return {_text(name): _text(one) for name, one in dict(value).items()}


_OLD_NAMES = {"own_read_first": "assessment_first", "reads_in_report": "assessments_in_report"}
"""What fields were called up to version 0.1; a settings file written then keeps working."""

_CHECKS: dict[str, Any] = {
    "device": _one_of("auto", "cpu", "cuda", "mps"),
    "model": _text,
    "theme": _one_of(*THEMES),
    "font_size": _between(8, 24),
    "default_folder": _text,
    "recent_files": _texts,
    "reader": _text,
    "institution": _text,
    "logo": _text,
    "report_language": _one_of(*REPORT_LANGUAGES),
    "technique": _text,
    "overlay_opacity": _between(0, 100),
    "brush_radius": _between(1, 200),
    "eraser_radius": _between(1, 200),
    "smart_radius": _between(1, 200),
    "propose_on_opening": _yes_or_no,
    "prevalence": _between(0, 99),
    "assessment_first": _yes_or_no,
    "assessments_in_report": _yes_or_no,
    "shortcuts": _text_by_text,
}
