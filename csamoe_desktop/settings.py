"""The user's settings: one frozen dataclass, stored as JSON. An invalid field falls back to its default by itself."""

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
"""Maximum size of the file, a thousand times what it needs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's settings.

    Attributes:
        device: the compute device: auto, cpu, cuda or mps.
        model: the model bundle to assess with, or "" for the default one.
        theme: dark or light.
        font_size: of the whole program, in points (8..24).
        default_folder: where dialogs start, or "" for the last one used.
        recent_files: the files opened last, newest first.
        reader: the reader's name on reports.
        institution: the institution's name in the heading of reports, or "".
        logo: the picture file (PNG or JPEG) of its logo, or "".
        report_language: en or zh.
        technique: the default text for an examination's technique, or "" for that of the template.
        overlay_opacity: of core and boundary, in percent (0..100).
        brush_radius, eraser_radius, smart_radius: of brush, eraser and smart brush, in frame pixels (1..200).
        propose_on_opening: whether outlines are proposed on each frame that is shown.
        prevalence: the malignancy rate among the lesions assessed at this site, in percent (0..99); 0: not given.
        assessment_first: whether the AI result is hidden until the reader has given an assessment.
        assessments_in_report: whether a report states the reader's first assessment, and how long each step took.
        shortcuts: keyboard shortcuts that the user changed, by action id, in Qt's portable text.
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
    """Return the settings on disk; missing and invalid ones have their defaults, and invalid ones are logged."""
    return read_settings()[0]


def read_settings() -> tuple[Settings, str]:
    """Return the settings on disk, and a message for the user if the file was damaged, or "".

    Missing and invalid settings have their defaults. A damaged file is renamed, as it would otherwise be overwritten when
    settings are saved.
    """
    file = paths.settings_file()
    try:
        text, problem = _text_of(file)
    except FileNotFoundError:
        return Settings(), ""
    fields, whole = _fields_of(text)
    usable, bad = {}, []
    for written, value in fields.items():
        name = _OLD_NAMES.get(written, written)
        if name in fields and name != written:
            continue
        if name not in _CHECKS:
            _log.info("a setting of another version is ignored")
            continue
        try:
            usable[name] = _CHECKS[name](value)
        except (TypeError, ValueError) as refused:
            bad.append(name)
            _log.warning("setting %s left at its default: %s", name, shown(refused))
    settings = Settings(**usable)
    if whole and not bad:
        return settings, ""
    _log.warning("settings damaged: %s", problem or ("an invalid field" if whole else "invalid JSON"))
    return settings, _put_aside(file, settings, bad if whole else [], bool(usable))


def _text_of(file: Path) -> tuple[str, str]:
    """Return the readable text of a settings file, and why the rest could not be read, or "".

    Raises:
        FileNotFoundError: the file does not exist.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return "", "not a regular file"
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
    # JSON forbids control characters, so a field with undecodable bytes is rejected, and the other fields can be read.
    return data.decode(encoding, "replace").replace(REPLACED, "\0"), "text that cannot be decoded"


def _fields_of(text: str) -> tuple[dict[str, Any], bool]:
    """Return the fields of a settings file, and whether the file is valid; from a damaged file, those that can be read."""
    with suppress(ValueError, RecursionError):
        content = json.loads(text)
        if isinstance(content, dict):
            return content, True
        return {}, False
    fields = {}
    for name in (*_CHECKS, *_OLD_NAMES):
        for place in re.finditer(rf'"{name}"\s*:\s*', text):
            with suppress(ValueError, RecursionError):
                fields[name], _ = json.JSONDecoder().raw_decode(text, place.end())
                break
    return fields, False


def _put_aside(file: Path, settings: Settings, bad: list[str], some: bool) -> str:
    """Rename a damaged file and write the readable settings to a new one; return the message for the user."""
    which = f" ({', '.join(bad)})" if bad else ""
    result = "those that could be read were kept" if some else "the defaults are used"
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    endings = ("", *(f"-{number}" for number in range(2, 100)))
    names = (file.with_name(f"{file.stem}.damaged-{stamp}{ending}{file.suffix}") for ending in endings)
    aside = next((name for name in names if not os.path.lexists(name)), None)
    try:
        if aside is None:
            raise FileExistsError
        file.rename(aside)
    except OSError:
        return f"Your settings were damaged{which}; {result}; the damaged file is still {file}."
    with suppress(UserError):
        save_settings(settings)
    return f"Your settings were damaged{which}; {result}; the damaged file was renamed to {aside}."


def save_settings(settings: Settings) -> None:
    """Write the settings to a file that only the user can read.

    Raises:
        UserError: they cannot be written.
    """
    text = lossless_json(dataclasses.asdict(settings), indent=2) + "\n"
    try:
        write_whole(paths.settings_file(), lambda path: path.write_text(text, encoding="utf-8"), private=True)
    except UserError as problem:
        raise UserError(
            f"The settings were not saved: {problem.message}",
            "They stay in effect until you close the program, which tries to save them again with the next change and when "
            "it closes.",
        ) from problem


def _one_of(*choices: str) -> Any:
    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is not one of {', '.join(choices)}")
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
        raise TypeError(f"{value!r} is not text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return tuple(_text(entry) for entry in value)[:_MOST_RECENT]


def _text_by_text(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not an object")
    return {_text(name): _text(entry) for name, entry in dict(value).items()}


_OLD_NAMES = {"own_read_first": "assessment_first", "reads_in_report": "assessments_in_report"}
"""Names of fields up to version 0.1, so that older settings files keep working."""

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
