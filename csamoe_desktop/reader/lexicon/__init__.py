"""Lexicons: the terms for describing a lesion, in versioned data files beside this module, one file per edition.

A stored assessment names its lexicon by id and version, so that several editions can coexist and an assessment is always
interpreted by its own.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from csamoe_desktop.errors import UserError
from csamoe_desktop.wording import PLAIN, Wording

FORMAT = 1
DEFAULT = "birads5-us"


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the lexicon.

    Attributes:
        id: the stored code.
        name: the text that readers see.
        alone: the term excludes all others of its descriptor, such as "none".
        excludes: the ids of the terms it excludes, such as "hard" for "soft"; exclusion is mutual.
    """

    id: str
    name: str
    alone: bool = False
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A feature that is described; `several`: more than one of its terms may be chosen."""

    id: str
    name: str
    several: bool
    terms: tuple[Term, ...]

    def with_toggled(self, chosen: tuple[str, ...], term: str) -> tuple[str, ...]:
        """Return the chosen terms after `term` was switched on, or off if it was on; in the lexicon's order."""
        if term in chosen:
            return tuple(other for other in chosen if other != term)
        compatible = {other for other in chosen if self._go_together(other, term)}
        return tuple(known.id for known in self.terms if known.id in compatible | {term})

    def allows(self, chosen: tuple[str, ...]) -> bool:
        """Return whether all are terms of this descriptor, without duplicates, and can be chosen together."""
        known = {term.id for term in self.terms}
        pairs = ((first, second) for place, first in enumerate(chosen) for second in chosen[place + 1 :])
        return set(chosen) <= known and all(
            first != second and self._go_together(first, second) for first, second in pairs
        )

    def _go_together(self, first: str, second: str) -> bool:
        pair = [term for term in self.terms if term.id in (first, second)]
        if not self.several or any(term.alone for term in pair):
            return False
        return not any({first, second} & set(term.excludes) for term in pair)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The likelihood of malignancy of a category, as a range in percent; each end is included or not."""

    low: float
    high: float
    low_included: bool
    high_included: bool

    def words(self, say: Wording = PLAIN) -> str:
        """Return the range as text: "over 2 to 10 %", "50 to under 95 %", "at least 95 %", "essentially 0 %"."""
        low, high = f"{self.low:g}", f"{self.high:g}"
        if self.high == 0:
            return say("essentially 0 %")
        if self.high == 100 and self.low_included:
            return say("at least {low} %", low=low)
        if self.low == 0:
            return say("up to {high} %", high=high)
        if self.low_included:
            between = "{low} to {high} %" if self.high_included else "{low} to under {high} %"
        else:
            between = "over {low} to {high} %" if self.high_included else "over {low} to under {high} %"
        return say(between, low=low, high=high)


@dataclass(frozen=True, slots=True)
class AssessmentCategory:
    """A BI-RADS assessment category, without management. `likelihood` is None for categories that have none (0, 6)."""

    id: str
    name: str
    likelihood: Likelihood | None

    def words(self, say: Wording = PLAIN) -> str:
        """Return the category as text, such as "4A, low suspicion (over 2 to 10 %)"."""
        if self.likelihood is None:
            return say("{category}, {name}", category=self.id, name=say(self.name))
        likely = self.likelihood.words(say)
        return say("{category}, {name} ({likelihood})", category=self.id, name=say(self.name), likelihood=likely)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One edition of a lexicon.

    Attributes:
        id, version, name: the edition; `id` is the file name without its suffix.
        source: the publication that the terms are from.
        descriptors: in the order of a report.
        categories: the assessment categories, from the least suspicious.
        biopsy_from: the id of the first category that counts as positive in an audit.
        management: the recommendations, independent of the categories.
    """

    id: str
    version: str
    name: str
    source: str
    descriptors: tuple[Descriptor, ...]
    categories: tuple[AssessmentCategory, ...]
    biopsy_from: str
    management: tuple[Term, ...]

    def category(self, name: str) -> AssessmentCategory | None:
        """Return the category with the id `name`, or None."""
        return next((category for category in self.categories if category.id == name), None)

    def positive(self, category: str) -> bool | None:
        """Return whether `category` counts as positive; None for a category without a likelihood (0, incomplete; 6, known
        before the assessment) and for an unknown one."""
        known = self.category(category)
        if known is None or known.likelihood is None:
            return None
        order = [item.id for item in self.categories]
        return order.index(category) >= order.index(self.biopsy_from)


@cache
def load_lexicon(name: str = DEFAULT) -> Lexicon:
    """Return the lexicon with the id `name`.

    Raises:
        UserError: there is no such lexicon, or its file is invalid.
    """
    try:
        # The name may come from a stored assessment: open only files of this folder.
        if name not in lexicons():
            raise FileNotFoundError(name)
        return parse(json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8")), name)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UserError(
            f"The lexicon {name!r} cannot be used: {problem}.", f"Available lexicons: {', '.join(lexicons())}."
        ) from problem


def lexicons() -> tuple[str, ...]:
    """Return the ids of the available lexicons."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.json")))


def parse(content: dict[str, Any], name: str) -> Lexicon:
    """Return the lexicon in the content of the file `name`.

    Raises:
        ValueError, KeyError, TypeError: the content is invalid.
    """
    if content["format"] != FORMAT or content["id"] != name:
        raise ValueError(f"format {content['format']!r} and id {content['id']!r}")
    lexicon = Lexicon(
        id=_text(content["id"]),
        version=_text(content["version"]),
        name=_text(content["name"]),
        source=_text(content["source"]),
        descriptors=tuple(
            Descriptor(_text(entry["id"]), _text(entry["name"]), entry["several"] is True, _terms(entry["terms"]))
            for entry in content["descriptors"]
        ),
        categories=tuple(
            AssessmentCategory(_text(entry["id"]), _text(entry["name"]), _likelihood(entry["likelihood"]))
            for entry in content["categories"]
        ),
        biopsy_from=_text(content["biopsy_from"]),
        management=_terms(content["management"]),
    )
    named = ([descriptor.id for descriptor in lexicon.descriptors], [category.id for category in lexicon.categories])
    for ids in (*named, *([term.id for term in terms] for terms in (lexicon.management, *_all_terms(lexicon)))):
        if not ids or len(set(ids)) != len(ids):
            raise ValueError(f"no ids, or duplicate ids: {ids}")
    if lexicon.category(lexicon.biopsy_from) is None:
        raise ValueError(f"unknown category {lexicon.biopsy_from!r}")
    for terms in _all_terms(lexicon):
        unknown = {other for term in terms for other in term.excludes} - {term.id for term in terms}
        if unknown:
            raise ValueError(f"unknown terms in an exclusion: {', '.join(sorted(unknown))}")
    return lexicon


def _all_terms(lexicon: Lexicon) -> list[tuple[Term, ...]]:
    return [descriptor.terms for descriptor in lexicon.descriptors]


def _terms(entries: list[dict[str, Any]]) -> tuple[Term, ...]:
    return tuple(
        Term(
            _text(entry["id"]),
            _text(entry["name"]),
            entry.get("alone") is True,
            tuple(map(_text, entry.get("excludes", ()))),
        )
        for entry in entries
    )


def _likelihood(entry: dict[str, Any] | None) -> Likelihood | None:
    if entry is None:
        return None
    likelihood = Likelihood(
        float(entry["low"]), float(entry["high"]), entry["low_included"] is True, entry["high_included"] is True
    )
    if not 0 <= likelihood.low <= likelihood.high <= 100:
        raise ValueError(f"likelihood from {likelihood.low} to {likelihood.high}")
    return likelihood


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not text")
    return value
