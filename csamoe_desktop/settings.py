"""The user's settings: one frozen dataclass, JSON on disk; a bad field costs only that field."""

import dataclasses
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from csamoe_desktop import paths
from csamoe_desktop.files import write_whole

_log = logging.getLogger(__name__)

THEMES = ("dark", "light")
REPORT_LANGUAGES = ("en", "zh")
_MOST_RECENT = 10


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
        own_read_first: whether the reader's own read is asked for before the AI's reading is shown.
        reads_in_report: whether a report says what was read before the AI's reading was shown, and how long each took.
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
    own_read_first: bool = True
    reads_in_report: bool = False
    shortcuts: dict[str, str] = field(default_factory=dict)

    def with_recent(self, path: Path) -> "Settings":
        """Return these settings with `path` first among the recent files."""
        name = str(path)
        others = [other for other in self.recent_files if other != name]
        return dataclasses.replace(self, recent_files=(name, *others)[:_MOST_RECENT])


def load_settings() -> Settings:
    """Return the settings on disk; what is missing or unusable there has its default, and is logged."""
    file = paths.settings_file()
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as problem:
        _log.warning("settings not read, defaults are used: %s", problem)
        return Settings()
    if not isinstance(told, dict):
        _log.warning("settings not read, defaults are used: not an object")
        return Settings()
    usable = {}
    for name, value in told.items():
        try:
            usable[name] = _CHECKS[name](value)
        except (KeyError, TypeError, ValueError) as problem:
            _log.warning("setting %s left at its default: %s", name, problem)
    return Settings(**usable)


def save_settings(settings: Settings) -> None:
    """Write the settings whole.

    Raises:
        UserError: they cannot be written.
    """
    file = paths.settings_file()
    text = json.dumps(dataclasses.asdict(settings), indent=2, ensure_ascii=False) + "\n"
    write_whole(file, lambda path: path.write_text(text, encoding="utf-8"))


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
    return tuple(_text(one) for one in value)[:_MOST_RECENT]


def _text_by_text(value: Any) -> dict[str, str]:
    return {_text(name): _text(one) for name, one in dict(value).items()}


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
    "own_read_first": _yes_or_no,
    "reads_in_report": _yes_or_no,
    "shortcuts": _text_by_text,
}
