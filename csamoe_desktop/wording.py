"""The words of a report in the reader's language, and which sections it has in which order, from a template file.

The program's English is the key: what a template does not name stays in it. Two kinds of words are told apart:

- phrases: said by the report itself, looked up as they are: `say("Page {number} of {count}", number="1", count="2")`.
- sentences: made by other parts of the program (what was guessed of a file, the guard's cautions), known again by their
  form: `say.told("The mask has 2 separate pieces; they were read as one lesion.")`.

Shipped is one file a language in resources/report. A clinic puts its own of the same name into the folder `report` beside
its settings: what that says goes before what is shipped. Names, file names, a model card and the reader's own words are
never looked up.
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
"""By the name of the template's file; each is called as it calls itself."""

Rows = tuple[tuple[str, ...], ...]

EXAMINATION = ("indication", "comparison", "technique")
"""What there is to say of the examination as a whole."""
NARROW = ("patient", "study", "reading", "experts", "lesion", "shape", "model")
"""The sections that may stand two in a row."""
SECTIONS = (*NARROW, "examination", "pictures", "reasons", "warnings", "own", "comment", "signature", "limits")
REQUIRED = ("reading", "warnings", "limits")
"""What no report may leave out: the answer, and what is to be known before it is relied on."""
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
    """What a template says.

    Attributes:
        language: its name, such as "zh".
        rows: the sections from top to bottom, one or two in a row.
        phrases, sentences: what stands for each English text; placeholders are in braces, the same in both.
        not_given: which of EXAMINATION are said to be not given where the reader says nothing of them; the others are
            left out then.
    """

    language: str = "en"
    rows: Rows = ROWS
    phrases: Mapping[str, str] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)
    not_given: tuple[str, ...] = ()
    _forms: tuple[tuple[re.Pattern[str], str], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        # The form with the most words of its own first: "{count} px" would know many a sentence again.
        order = sorted(self.sentences, key=lambda english: -len(re.sub(r"\{\w+\}", "", english)))
        object.__setattr__(self, "_forms", tuple((_form(english), self.sentences[english]) for english in order))

    def __call__(self, english: str, /, **values: object) -> str:
        """Return a phrase with its placeholders filled."""
        phrase = self.phrases.get(english, english)
        return phrase.format(**values) if values else phrase

    def told(self, english: str) -> str:
        """Return what stands for words that another part of the program made; they stay as they are where nothing does."""
        if english in self.phrases:
            return self.phrases[english]
        for form, there in self._forms:
            if found := form.fullmatch(english):
                return there.format(**{name: self.told(value) for name, value in found.groupdict().items()})
        return english

    def date(self, iso: str) -> str:
        """Return a date such as "2025-03-14" as it is written in this language; what is none stays as it is."""
        found = _DATE.fullmatch(iso)
        return self("{year}-{month}-{day}", **found.groupdict()) if found else iso

    def listed(self, words: Iterable[str]) -> str:
        """Return words as a list, parted by commas, the empty ones left out."""
        return self(", ").join(filter(None, words))

    def shows(self, section: str) -> bool:
        """Return whether the template has a section."""
        return any(section in row for row in self.rows)


PLAIN = Wording()
"""The program's English as it stands in the code, whatever a clinic's template says: what the screen uses."""


def load_wording(language: str) -> Wording:
    """Return the wording of a language: the shipped template, and a clinic's own over it.

    Raises:
        UserError: there is no such language, or a template cannot be read or is not in order.
    """
    if language not in LANGUAGES:
        raise UserError(f"There is no report in {language!r}.", f"Choose one of {', '.join(LANGUAGES)}.")
    shipped = parse(_read(paths.resources() / "report" / f"{language}.json"), f"{language}.json")
    own = own_template(language)
    return parse(_read(own), str(own), shipped) if own.is_file() else shipped


def own_template(language: str) -> Path:
    """Return where a clinic's own template of a language is looked for."""
    return paths.user_folder() / "report" / f"{language}.json"


def parse(told: Any, name: str, under: Wording = PLAIN) -> Wording:
    """Return what a template called `name` tells, laid over the wording `under`.

    Raises:
        UserError: it is not in order; the message says where.
    """
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise _refused(name, f"is none of format {FORMAT}", "Start from the template that came with the program.")
    strange = set(told) - {"format", "language", "sections", "not_given", "phrases", "sentences"}
    if strange:
        raise _refused(name, f"has parts that there are none of: {', '.join(sorted(strange))}", "Check their spelling.")
    return Wording(
        language=str(told.get("language", under.language)),
        rows=_rows(told["sections"], name) if "sections" in told else under.rows,
        phrases={**under.phrases, **_texts(told.get("phrases", {}), name)},
        sentences={**under.sentences, **_texts(told.get("sentences", {}), name)},
        not_given=_not_given(told["not_given"], name) if "not_given" in told else under.not_given,
    )


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a text.

    Raises:
        ValueError: a brace is left open, or a placeholder is more than a name in braces.
    """
    found = set()
    for _, name, shape, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or shape or conversion:
            raise ValueError(f"{{{name}}}")
        found.add(name)
    return found


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise _refused(str(file), f"cannot be read ({problem})", "Correct it, or take it away.") from problem


def _rows(told: Any, name: str) -> Rows:
    known = f"Sections are: {', '.join(SECTIONS)}."
    if not isinstance(told, list):
        raise _refused(name, "has no list of sections", known)
    rows = tuple((row,) if isinstance(row, str) else tuple(row) if isinstance(row, list) else (row,) for row in told)
    named = [section for row in rows for section in row]
    for section in named:
        if section not in SECTIONS:
            raise _refused(name, f"has an unknown section {section!r}", known)
        if named.count(section) > 1:
            raise _refused(name, f"has the section {section!r} twice", "Leave one of them out.")
    for row in rows:
        if wide := [section for section in row if len(row) > 1 and section not in NARROW]:
            raise _refused(name, f"has {wide[0]!r} beside another section", "Give it a row of its own.")
        if not 1 <= len(row) <= 2:
            raise _refused(name, f"has a row of {len(row)} sections", "One or two can stand in a row.")
    if missing := [section for section in REQUIRED if section not in named]:
        raise _refused(name, f"leaves out the section {missing[0]!r}", "Every report must have it.")
    return rows


def _not_given(told: Any, name: str) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(one in EXAMINATION for one in told):
        raise _refused(name, "has something else under 'not_given'", f"It takes a list of {', '.join(EXAMINATION)}.")
    return tuple(told)


def _texts(told: Any, name: str) -> dict[str, str]:
    if not isinstance(told, dict) or not all(isinstance(one, str) for one in told.values()):
        raise _refused(name, "has phrases that are no texts", "Give each English text one in its place.")
    for english, there in told.items():
        try:
            expected, found = placeholders(english), placeholders(there)
        except ValueError as problem:
            raise _refused(
                name, f"has a placeholder that cannot be used in {there!r} ({problem})", _BRACES
            ) from problem
        for one in sorted(found - expected):
            raise _refused(name, f"has an unknown placeholder {{{one}}} in {there!r}", f"It stands for {english!r}.")
        for one in sorted(expected - found):
            raise _refused(name, f"leaves out the placeholder {{{one}}} in {there!r}", f"It stands for {english!r}.")
    return told


_BRACES = "A placeholder is a name in braces, as the English text has it."


def _refused(name: str, what: str, hint: str) -> UserError:
    return UserError(f"The report template {name} {what}.", hint)


def _form(english: str) -> re.Pattern[str]:
    """Return what knows a sentence again, whatever stands in its placeholders."""
    parts = re.split(r"\{(\w+)\}", english)
    words = [re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)" for place, part in enumerate(parts)]
    return re.compile("".join(words), re.DOTALL)
