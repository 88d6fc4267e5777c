"""The reader's assessment of a lesion in the terms of a lexicon, and the terms proposed from the outline's measurements.

Nothing here comes from a network. A proposed term is measured on the outline and belongs to the assessment once the reader
confirms it.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.descriptors import terms_of
from csamoe_desktop.lesion.margin import describe_margin
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.reader.lexicon import DEFAULT, Descriptor, Lexicon, load_lexicon
from csamoe_desktop.study.scale import AnyScale
from csamoe_desktop.wording import PLAIN, Wording

SIZE = "size"
"""Stands for the size among the ids of descriptors."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The reader's assessment of a lesion.

    Attributes:
        category: the id of a BI-RADS category in the lexicon, or "".
        terms: the ids of the chosen terms, by descriptor; a descriptor without a term is absent.
        management: the id of the recommended management, or "".
        size: the size that the reader confirmed, or "".
        measured: the keys of `terms` (and "size") that were proposed from the outline and confirmed.
        lexicon: the id of the lexicon of all these ids.
    """

    category: str = ""
    terms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    management: str = ""
    size: str = ""
    measured: tuple[str, ...] = ()
    lexicon: str = DEFAULT

    @property
    def given(self) -> bool:
        """Whether there is a category; without one there is no assessment."""
        return bool(self.category)

    @property
    def untouched(self) -> bool:
        """Whether nothing has been entered."""
        return not (self.category or self.terms or self.management or self.size)

    def with_terms(self, descriptor: str, chosen: tuple[str, ...]) -> "Assessment":
        """Return this assessment with the reader's choice of terms for one descriptor."""
        terms = {name: ids for name, ids in {**self.terms, descriptor: chosen}.items() if ids}
        return dataclasses.replace(
            self, terms=terms, measured=tuple(name for name in self.measured if name != descriptor)
        )

    def confirming(self, proposed: "Proposed", only: str = "") -> "Assessment":
        """Return this assessment with the proposed values in its empty fields: all of them, or `only` the size (SIZE) or
        the term of one descriptor."""
        new = [name for name in proposed.open(self) if only in ("", name)]
        terms = {**self.terms, **{name: (proposed.terms[name],) for name in new if name != SIZE}}
        size = proposed.size if SIZE in new else self.size
        return dataclasses.replace(self, terms=terms, size=size, measured=tuple(sorted({*self.measured, *new})))

    def measured_words(self) -> str:
        """Return the measured and confirmed values, such as "14.2 × 9.1 mm, oval, parallel", or ""."""
        values = [self.size.replace(" x ", " × ")] if SIZE in self.measured else []
        for descriptor in load_lexicon(self.lexicon).descriptors:
            if descriptor.id in self.measured:
                values.append(term_names(descriptor, self.terms.get(descriptor.id, ())))
        return ", ".join(values)

    def without_measured(self) -> "Assessment":
        """Return this assessment without the measured values: the outline has changed, or the reader rejects them."""
        return dataclasses.replace(
            self,
            terms={name: chosen for name, chosen in self.terms.items() if name not in self.measured},
            size="" if SIZE in self.measured else self.size,
            measured=(),
        )

    def of_another_view(self, measured: "Assessment") -> "Assessment":
        """Return this assessment with its measured values replaced by those of `measured`, an assessment of another view
        of the lesion."""
        base = self.without_measured()
        new = {
            name: measured.terms[name]
            for name in measured.measured
            if name in measured.terms and name not in base.terms
        }
        size = measured.size if SIZE in measured.measured else ""
        names = tuple(sorted({*new, *((SIZE,) if size else ())}))
        return dataclasses.replace(base, terms={**base.terms, **new}, size=size or base.size, measured=names)

    def lines(self, say: Wording = PLAIN) -> tuple[tuple[str, str], ...]:
        """Return the lines for a report, as pairs of label and value, the category first."""
        lexicon = load_lexicon(self.lexicon)
        category = lexicon.category(self.category)
        lines = [(say("BI-RADS"), category.words(say) if category else "")]
        confirmed = say(" (measured, confirmed)")
        if self.size:
            lines.append((say("Size"), self.size + (confirmed if SIZE in self.measured else "")))
        for descriptor in lexicon.descriptors:
            words = term_names(descriptor, self.terms.get(descriptor.id, ()), say)
            lines.append((say(descriptor.name), words + (confirmed if descriptor.id in self.measured else "")))
        lines += [(say("Management"), say(term.name)) for term in lexicon.management if term.id == self.management]
        return tuple((label, value) for label, value in lines if value)

    def to_dict(self) -> dict[str, Any]:
        """Return the assessment as JSON values, for reports and the store."""
        lexicon = load_lexicon(self.lexicon)
        return {
            "lexicon": self.lexicon,
            "lexicon_version": lexicon.version,
            "category": self.category,
            "terms": {name: list(chosen) for name, chosen in self.terms.items()},
            "size": self.size,
            "measured": list(self.measured),
            "management": self.management,
        }


def assessment_from(stored: dict[str, Any]) -> Assessment:
    """Return the assessment that `to_dict` stored.

    Raises:
        UserError: its lexicon, or that edition of it, is not available.
        ValueError: the values are damaged or not in the lexicon.
    """
    try:
        version = str(stored["lexicon_version"])
        assessment = Assessment(
            category=str(stored["category"]),
            terms={str(name): tuple(map(str, chosen)) for name, chosen in stored["terms"].items()},
            management=str(stored["management"]),
            size=str(stored["size"]),
            measured=tuple(map(str, stored["measured"])),
            lexicon=str(stored["lexicon"]),
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"the assessment cannot be read: {problem}") from problem
    lexicon = load_lexicon(assessment.lexicon)
    if version != lexicon.version:
        raise UserError(
            f"The assessment uses {assessment.lexicon} {version}; this program has {lexicon.version}.",
            "Its terms may differ.",
        )
    _check(assessment, lexicon)
    return assessment


def _check(assessment: Assessment, lexicon: Lexicon) -> None:
    """Raise a ValueError where `assessment` has a value that `lexicon` does not have."""
    known = {descriptor.id: descriptor for descriptor in lexicon.descriptors}
    if assessment.category and lexicon.category(assessment.category) is None:
        raise ValueError(f"unknown category {assessment.category!r}")
    for name, chosen in assessment.terms.items():
        if name not in known or not known[name].allows(chosen):
            raise ValueError(f"terms {chosen!r} not allowed for {name!r}")
    unknown = set(assessment.measured) - {*assessment.terms, *((SIZE,) if assessment.size else ())}
    if unknown:
        raise ValueError(f"measured without a value: {', '.join(sorted(unknown))}")
    if assessment.management and assessment.management not in {term.id for term in lexicon.management}:
        raise ValueError(f"unknown management {assessment.management!r}")


@dataclass(frozen=True, slots=True)
class Proposed:
    """Values measured on an outline: the size as text, and one term for each descriptor that can be measured."""

    size: str
    terms: dict[str, str]

    def open(self, read: Assessment) -> tuple[str, ...]:
        """Return the values that are still empty in `read`: SIZE, then ids of descriptors."""
        return (*(() if read.size else (SIZE,)), *(name for name in self.terms if name not in read.terms))

    def words_of(self, name: str, lexicon: Lexicon) -> str:
        """Return the proposed size (SIZE) or term of a descriptor as text."""
        if name == SIZE:
            return self.size.replace(" x ", " × ")
        return "".join(
            term_names(descriptor, (self.terms[name],)) for descriptor in lexicon.descriptors if descriptor.id == name
        )

    def words(self, lexicon: Lexicon, but: Assessment) -> str:
        """Return as text the values that are still empty in the assessment `but`, or ""."""
        return ", ".join(self.words_of(name, lexicon) for name in self.open(but))


def propose(mask: NDArray[np.bool_], scale: AnyScale) -> Proposed | None:
    """Return the values proposed for the outline `mask` (bool, rows x columns); None where nothing is marked.

    Terms are proposed only where the outline is unambiguous (see `lesion.descriptors`); there may be none.
    """
    try:
        size = measure(mask, scale)
    except UserError:
        return None
    return Proposed(size.diameters(), terms_of(size, describe_margin(mask, scale)))


def term_names(descriptor: Descriptor, chosen: tuple[str, ...], say: Wording = PLAIN) -> str:
    """Return the names of the chosen terms, separated by commas."""
    return say.listed(say(term.name) for term in descriptor.terms if term.id in chosen)


@dataclass(frozen=True, slots=True)
class AssessmentRecord:
    """The first and the final assessment of a lesion, and how they relate to the AI result.

    Attributes:
        first: the assessment given before the AI result was shown, or None.
        final: the present assessment.
        asked: the program asked for the first assessment before it showed the AI result.
        skipped: the program asked, and the reader skipped it.
        first_seconds, ai_seconds, final_seconds: the reader's time before the AI result was shown, the time the AI result
            took, and the reader's time afterwards; None where unknown.
        whole: the record is complete; otherwise it has the final assessment only.
    """

    first: Assessment | None = None
    final: Assessment = field(default_factory=Assessment)
    asked: bool = False
    skipped: bool = False
    first_seconds: float | None = None
    ai_seconds: float | None = None
    final_seconds: float | None = None
    whole: bool = True

    def final_only(self) -> "AssessmentRecord":
        """Return a record of the final assessment alone."""
        return AssessmentRecord(final=self.final, whole=False)

    def lines(self, say: Wording = PLAIN) -> tuple[tuple[str, str], ...]:
        """Return the lines for a report, as pairs of label and value; none where the reader gave no assessment."""
        lines = self.final.lines(say) if not self.final.untouched else ()
        if not self.whole:
            return lines
        given = say("Assessed")
        if self.first is not None and self.first.category != self.final.category:
            category = load_lexicon(self.first.lexicon).category(self.first.category)
            lines = (*lines, (say("First assessment"), category.words(say) if category else ""))
        elif self.first is not None and self.first != self.final:
            lines = (*lines, (given, say("category before the AI result was shown, the rest changed afterwards")))
        elif self.first is not None:
            lines = (*lines, (given, say("before the AI result was shown")))
        elif self.skipped:
            lines = (*lines, (given, say("not before the AI result was shown (skipped)")))
        elif lines:
            lines = (*lines, (given, say("after the AI result was shown")))
        seconds = (
            (say("first"), self.first_seconds),
            (say("AI"), self.ai_seconds),
            (say("final"), self.final_seconds),
        )
        times = say.listed(
            say("{what} {seconds} s", what=name, seconds=f"{taken:.0f}") for name, taken in seconds if taken is not None
        )
        return (*lines, (say("Time taken"), times)) if lines and times else lines

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON values, for the JSON report."""
        final = None if self.final.untouched else self.final.to_dict()
        if not self.whole:
            return {"final": final}
        return {
            "asked_first": self.asked,
            "skipped": self.skipped,
            "first": None if self.first is None else self.first.to_dict(),
            "final": final,
            "seconds": {
                "first": _rounded(self.first_seconds),
                "ai": _rounded(self.ai_seconds),
                "final": _rounded(self.final_seconds),
            },
        }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
