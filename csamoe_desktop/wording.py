"""Report templates: the texts of a report in the reader's language, and the order of its sections.

The English text is the key; a text that a template does not contain stays in English. There are two kinds:

- phrases: texts of the report itself, looked up by exact match: `say("Page {number} of {count}", number="1", count="2")`.
- sentences: texts made by other parts of the program (notes on a file, warnings of the guard), looked up by pattern:
  `say.translate("The mask has 2 separate pieces; they were read as one lesion.")`.

The program ships one template per language in resources/report. A clinic's template has the same file name, lies in the
folder `report` beside the settings, and takes precedence. Names, file names and text typed by the reader are never looked up.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError

FORMAT = 1
LANGUAGES = {"en": "English", "zh": "中文"}
"""By template file name; each language by its own name."""

Rows = tuple[tuple[str, ...], ...]

EXAMINATION = ("indication", "comparison", "technique")
"""The parts that describe the examination as a whole."""
NARROW = ("patient", "study", "reading", "experts", "lesion", "shape", "model")
"""The sections that may share a row with another."""
SECTIONS = (*NARROW, "examination", "pictures", "reasons", "warnings", "own", "comment", "signature", "limits")
REQUIRED = ("reading", "warnings", "limits")
"""The sections that every report must have: the AI result, the warnings and the limits."""
ROWS: Rows = (
    ("patient", "study"),
    ("examination",),
    ("pictures",),
    ("own",),
    ("comment",),
    ("reading", "lesion"),
    ("reasons",),
    ("warnings",),
    ("signature",),
    ("experts", "model"),
    ("limits",),
)

_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)")


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """A report template.

    Attributes:
        language: its name, such as "zh".
        rows: the sections from top to bottom, one or two in a row.
        phrases, sentences: the translation of each English text; both have the same placeholders in braces.
        not_given: the parts of EXAMINATION that are printed as "not given" when empty; the others are omitted when empty.
    """

    language: str = "en"
    rows: Rows = ROWS
    phrases: Mapping[str, str] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)
    not_given: tuple[str, ...] = ()
    _forms: tuple[tuple[re.Pattern[str], str], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        # The pattern with the most fixed text comes first: "{count} px" would match many sentences.
        order = sorted(self.sentences, key=lambda english: -len(re.sub(r"\{\w+\}", "", english)))
        object.__setattr__(self, "_forms", tuple((_form(english), self.sentences[english]) for english in order))

    def __call__(self, english: str, /, **values: object) -> str:
        """Return a phrase with its placeholders filled."""
        phrase = self.phrases.get(english, english)
        return phrase.format(**values) if values else phrase

    def translate(self, english: str) -> str:
        """Return the translation of a text that another part of the program made; unchanged where there is none."""
        if english in self.phrases:
            return self.phrases[english]
        for form, translation in self._forms:
            if match := form.fullmatch(english):
                return translation.format(**{name: self.translate(value) for name, value in match.groupdict().items()})
        return english

    def date(self, iso: str) -> str:
        """Return a date such as "2025-03-14" as it is written in this language; any other text unchanged."""
        match = _DATE.fullmatch(iso)
        return self("{year}-{month}-{day}", **match.groupdict()) if match else iso

    def listed(self, words: Iterable[str]) -> str:
        """Return words as a list with commas, without the empty ones."""
        return self(", ").join(filter(None, words))

    def shows(self, section: str) -> bool:
        """Return whether the template has a section."""
        return any(section in row for row in self.rows)


PLAIN = Wording()
"""The English of the code, without any template: used on the screen."""


def load_wording(language: str) -> Wording:
    """Return the wording of a language: the clinic's template laid over the shipped one.

    Raises:
        UserError: the language is unknown, or a template cannot be read or is invalid.
    """
    if language not in LANGUAGES:
        raise UserError(f"There is no report in {language!r}.", f"Choose one of {', '.join(LANGUAGES)}.")
    shipped = parse(_read(paths.resources() / "report" / f"{language}.json"), f"{language}.json")
    own = own_template(language)
    return parse(_with_present_keys(_read(own)), str(own), shipped) if own.is_file() else shipped


def own_template(language: str) -> Path:
    """Return the path of a clinic's own template of a language; the file need not exist."""
    return paths.user_folder() / "report" / f"{language}.json"


def parse(template: Any, name: str, under: Wording = PLAIN) -> Wording:
    """Return the parsed template of the file `name`, laid over the wording `under`.

    Raises:
        UserError: the template is invalid; the message says where.
    """
    if not isinstance(template, dict) or template.get("format") != FORMAT:
        raise _refused(name, f"is not of format {FORMAT}", "Start from the template that came with the program.")
    unknown = set(template) - {"format", "language", "sections", "not_given", "phrases", "sentences"}
    if unknown:
        raise _refused(name, f"has unknown parts: {', '.join(sorted(unknown))}", "Check their spelling.")
    return Wording(
        language=str(template.get("language", under.language)),
        rows=_rows(template["sections"], name) if "sections" in template else under.rows,
        phrases={**under.phrases, **_texts(template.get("phrases", {}), name)},
        sentences={**under.sentences, **_texts(template.get("sentences", {}), name)},
        not_given=_not_given(template["not_given"], name) if "not_given" in template else under.not_given,
    )


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a text.

    Raises:
        ValueError: a brace is not closed, or a placeholder is more than a name in braces.
    """
    names = set()
    for _, name, shape, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or shape or conversion:
            raise ValueError(f"{{{name}}}")
        names.add(name)
    return names


def _with_present_keys(template: Any) -> Any:
    """Return a clinic's template with the phrases of earlier versions under their present English texts."""
    phrases = template.get("phrases") if isinstance(template, dict) else None
    if not isinstance(phrases, dict):
        return template
    renamed: dict[str, str] = _read(paths.resources() / "report" / "earlier.json")
    earlier = {renamed[english]: translation for english, translation in phrases.items() if english in renamed}
    present = {english: translation for english, translation in phrases.items() if english not in renamed}
    return {**template, "phrases": {**earlier, **present}}


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise _refused(str(file), f"cannot be read ({problem})", "Correct the file or remove it.") from problem


def _rows(value: Any, name: str) -> Rows:
    known = f"The sections are: {', '.join(SECTIONS)}."
    if not isinstance(value, list):
        raise _refused(name, "has no list of sections", known)
    rows = tuple((row,) if isinstance(row, str) else tuple(row) if isinstance(row, list) else (row,) for row in value)
    named = [section for row in rows for section in row]
    for section in named:
        if section not in SECTIONS:
            raise _refused(name, f"has an unknown section {section!r}", known)
        if named.count(section) > 1:
            raise _refused(name, f"has the section {section!r} twice", "Remove one of them.")
    for row in rows:
        if wide := [section for section in row if len(row) > 1 and section not in NARROW]:
            raise _refused(name, f"has {wide[0]!r} beside another section", "Give it a row of its own.")
        if not 1 <= len(row) <= 2:
            raise _refused(name, f"has a row of {len(row)} sections", "A row takes one or two.")
    if missing := [section for section in REQUIRED if section not in named]:
        raise _refused(name, f"leaves out the section {missing[0]!r}", "Every report must have it.")
    return rows


def _not_given(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(part in EXAMINATION for part in value):
        raise _refused(name, "has an invalid 'not_given'", f"It takes a list of {', '.join(EXAMINATION)}.")
    return tuple(value)


def _texts(value: Any, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(translation, str) for translation in value.values()):
        raise _refused(name, "has phrases that are not text", "Give one text for each English text.")
    for english, translation in value.items():
        try:
            expected, present = placeholders(english), placeholders(translation)
        except ValueError as problem:
            raise _refused(name, f"has an invalid placeholder in {translation!r} ({problem})", _BRACES) from problem
        for extra in sorted(present - expected):
            raise _refused(name, f"has an unknown placeholder {{{extra}}} in {translation!r}", _stands_for(english))
        for missing in sorted(expected - present):
            raise _refused(name, f"leaves out the placeholder {{{missing}}} in {translation!r}", _stands_for(english))
    return value


_BRACES = "A placeholder is a name in braces, as in the English text."


def _stands_for(english: str) -> str:
    return f"Use the placeholders of the English text {english!r}."


def _refused(name: str, problem: str, hint: str) -> UserError:
    return UserError(f"The report template {name} {problem}.", hint)


def _form(english: str) -> re.Pattern[str]:
    """Return a pattern that matches a sentence with any text in its placeholders."""
    parts = re.split(r"\{(\w+)\}", english)
    words = [re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)" for place, part in enumerate(parts)]
    return re.compile("".join(words), re.DOTALL)
