"""The reader's own reading of a lesion, in a lexicon's terms, and what the outline's measurements propose for it.

Nothing here comes from a network: what is proposed is measured on the outline, and is not the reader's until confirmed.
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
"""What stands for the size among the ids of descriptors."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the reader says of a lesion.

    Attributes:
        category: a category's id in the lexicon, or "".
        terms: the ids of the terms chosen, by descriptor; one that says nothing is not among them.
        management: the id of what the reader recommends, or "".
        size: the size as the reader confirmed it, or "".
        measured: which of `terms` (and "size") were proposed from the outline and confirmed.
        lexicon: the id of the lexicon that all these are of.
    """

    category: str = ""
    terms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    management: str = ""
    size: str = ""
    measured: tuple[str, ...] = ()
    lexicon: str = DEFAULT

    @property
    def given(self) -> bool:
        """Whether there is a category: a read without one is none."""
        return bool(self.category)

    @property
    def untouched(self) -> bool:
        """Whether nothing was said."""
        return not (self.category or self.terms or self.management or self.size)

    def with_terms(self, descriptor: str, chosen: tuple[str, ...]) -> "Assessment":
        """Return this read with other terms of one descriptor, chosen by the reader."""
        terms = {name: one for name, one in {**self.terms, descriptor: chosen}.items() if one}
        return dataclasses.replace(
            self, terms=terms, measured=tuple(name for name in self.measured if name != descriptor)
        )

    def confirming(self, proposed: "Proposed", only: str = "") -> "Assessment":
        """Return this read with what was proposed taken over where the reader has said nothing: all of it, or `only` the
        size (SIZE) or the term of one descriptor."""
        new = [name for name in proposed.open(self) if only in ("", name)]
        terms = {**self.terms, **{name: (proposed.terms[name],) for name in new if name != SIZE}}
        size = proposed.size if SIZE in new else self.size
        return dataclasses.replace(self, terms=terms, size=size, measured=tuple(sorted({*self.measured, *new})))

    def measured_words(self) -> str:
        """Return in words what was measured and confirmed, such as "14.2 × 9.1 mm, oval, parallel", or ""."""
        told = [self.size.replace(" x ", " × ")] if SIZE in self.measured else []
        for descriptor in load_lexicon(self.lexicon).descriptors:
            if descriptor.id in self.measured:
                told.append(term_names(descriptor, self.terms.get(descriptor.id, ())))
        return ", ".join(told)

    def without_measured(self) -> "Assessment":
        """Return this read without what was measured: the outline is another one now, or the reader takes it back."""
        return dataclasses.replace(
            self,
            terms={name: chosen for name, chosen in self.terms.items() if name not in self.measured},
            size="" if SIZE in self.measured else self.size,
            measured=(),
        )

    def of_another_view(self, measured: "Assessment") -> "Assessment":
        """Return what this read says of the lesion, with what was measured and confirmed on another view of it, which
        `measured` says."""
        said = self.without_measured()
        new = {
            name: measured.terms[name]
            for name in measured.measured
            if name in measured.terms and name not in said.terms
        }
        size = measured.size if SIZE in measured.measured else ""
        names = tuple(sorted({*new, *((SIZE,) if size else ())}))
        return dataclasses.replace(said, terms={**said.terms, **new}, size=size or said.size, measured=names)

    def lines(self, say: Wording = PLAIN) -> tuple[tuple[str, str], ...]:
        """Return it for a report, as pairs of label and words, the category first."""
        lexicon = load_lexicon(self.lexicon)
        category = lexicon.category(self.category)
        told = [(say("BI-RADS"), category.words(say) if category else "")]
        confirmed = say(" (measured, confirmed)")
        if self.size:
            told.append((say("Size"), self.size + (confirmed if SIZE in self.measured else "")))
        for descriptor in lexicon.descriptors:
            words = term_names(descriptor, self.terms.get(descriptor.id, ()), say)
            told.append((say(descriptor.name), words + (confirmed if descriptor.id in self.measured else "")))
        told += [(say("Management"), say(one.name)) for one in lexicon.management if one.id == self.management]
        return tuple((label, words) for label, words in told if words)

    def to_dict(self) -> dict[str, Any]:
        """Return it as reports and the store hold it."""
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


def assessment_from(told: dict[str, Any]) -> Assessment:
    """Return the read that `to_dict` told.

    Raises:
        UserError: its lexicon, or that edition of it, is not known here.
        ValueError: it is spoilt, or names what its lexicon does not have.
    """
    try:
        version = str(told["lexicon_version"])
        read = Assessment(
            category=str(told["category"]),
            terms={str(name): tuple(map(str, chosen)) for name, chosen in told["terms"].items()},
            management=str(told["management"]),
            size=str(told["size"]),
            measured=tuple(map(str, told["measured"])),
            lexicon=str(told["lexicon"]),
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"a read that cannot be read: {problem}") from problem
    lexicon = load_lexicon(read.lexicon)
    if version != lexicon.version:
        raise UserError(f"The read is of {read.lexicon} {version}; here is {lexicon.version}.", "Its terms may differ.")
    _check(read, lexicon)
    return read


def _check(read: Assessment, lexicon: Lexicon) -> None:
    """Raise a ValueError where `read` names what `lexicon` does not have."""
    known = {one.id: one for one in lexicon.descriptors}
    if read.category and lexicon.category(read.category) is None:
        raise ValueError(f"no category {read.category!r}")
    for name, chosen in read.terms.items():
        if name not in known or not known[name].allows(chosen):
            raise ValueError(f"no terms {chosen!r} of {name!r}")
    strange = set(read.measured) - {*read.terms, *((SIZE,) if read.size else ())}
    if strange:
        raise ValueError(f"measured, and not said: {', '.join(sorted(strange))}")
    if read.management and read.management not in {one.id for one in lexicon.management}:
        raise ValueError(f"no management {read.management!r}")


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is measured on an outline: the size in words, and the term of each descriptor that can be measured."""

    size: str
    terms: dict[str, str]

    def open(self, read: Assessment) -> tuple[str, ...]:
        """Return what of it `read` does not say yet: SIZE, then ids of descriptors."""
        return (*(() if read.size else (SIZE,)), *(name for name in self.terms if name not in read.terms))

    def words_of(self, name: str, lexicon: Lexicon) -> str:
        """Return in words what is proposed as size (SIZE) or for a descriptor."""
        if name == SIZE:
            return self.size.replace(" x ", " × ")
        return "".join(term_names(one, (self.terms[name],)) for one in lexicon.descriptors if one.id == name)

    def words(self, lexicon: Lexicon, but: Assessment) -> str:
        """Return in words what of it the read `but` does not say yet, or ""."""
        return ", ".join(self.words_of(name, lexicon) for name in self.open(but))


def propose(mask: NDArray[np.bool_], scale: AnyScale) -> Proposed | None:
    """Return what the outline `mask` (bool, rows x columns) proposes; None where nothing is marked.

    Its terms are those that the outline plainly bears out (see `lesion.descriptors`); there may be none.
    """
    try:
        size = measure(mask, scale)
    except UserError:
        return None
    return Proposed(size.diameters(), terms_of(size, describe_margin(mask, scale)))


def term_names(descriptor: Descriptor, chosen: tuple[str, ...], say: Wording = PLAIN) -> str:
    """Return the names of the chosen terms, with commas."""
    return say.listed(say(term.name) for term in descriptor.terms if term.id in chosen)


@dataclass(frozen=True, slots=True)
class AssessmentRecord:
    """How the reader's own read and the AI's came about.

    Attributes:
        first: what the reader said before the AI's reading was shown; None where nothing was.
        final: what the reader says now.
        asked: the own read was asked for before the AI's.
        skipped: it was asked for, and the reader passed it over.
        first_seconds, ai_seconds, final_seconds: how long the reader looked before the AI's reading was shown, how long
            that took to come, and how long the reader looked afterwards; None where it is not known.
        whole: all this is told; else the final read alone.
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
        """Return what tells the final read and not how it came about."""
        return AssessmentRecord(final=self.final, whole=False)

    def lines(self, say: Wording = PLAIN) -> tuple[tuple[str, str], ...]:
        """Return what a report says of it, as pairs of label and words; nothing where the reader gave no own read."""
        told = self.final.lines(say) if not self.final.untouched else ()
        if not self.whole:
            return told
        given = say("Given")
        if self.first is not None and self.first.category != self.final.category:
            category = load_lexicon(self.first.lexicon).category(self.first.category)
            told = (*told, (say("Before the AI"), category.words(say) if category else ""))
        elif self.first is not None and self.first != self.final:
            told = (*told, (given, say("category before the AI's reading was shown, the rest changed afterwards")))
        elif self.first is not None:
            told = (*told, (given, say("before the AI's reading was shown")))
        elif self.skipped:
            told = (*told, (given, say("not before the AI's reading was shown: skipped")))
        elif told:
            told = (*told, (given, say("after the AI's reading was shown")))
        seconds = (
            (say("own"), self.first_seconds),
            (say("AI"), self.ai_seconds),
            (say("final"), self.final_seconds),
        )
        times = say.listed(
            say("{what} {seconds} s", what=name, seconds=f"{taken:.0f}") for name, taken in seconds if taken is not None
        )
        return (*told, (say("Time taken"), times)) if told and times else told

    def to_dict(self) -> dict[str, Any]:
        """Return it as the JSON report holds it."""
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
