"""The terms a reader describes a lesion with: versioned data files beside this module, one an edition, checked on loading.

A stored read names its lexicon by id and version, so that terms of another edition can stand beside these and neither
is ever read by the other's.
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
    """A word of the lexicon.

    Attributes:
        id, name: as stored reads and as readers know it.
        alone: it excludes the others of its descriptor, such as "none".
        excludes: the ids of those that cannot hold beside it, such as "hard" beside "soft"; that goes both ways.
    """

    id: str
    name: str
    alone: bool = False
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What is described; `several`: more than one of its terms may hold at once."""

    id: str
    name: str
    several: bool
    terms: tuple[Term, ...]

    def with_toggled(self, chosen: tuple[str, ...], term: str) -> tuple[str, ...]:
        """Return the terms chosen once `term` is picked, or put down where it was; in the lexicon's order."""
        if term in chosen:
            return tuple(one for one in chosen if one != term)
        kept = {one for one in chosen if self._go_together(one, term)}
        return tuple(one.id for one in self.terms if one.id in kept | {term})

    def allows(self, chosen: tuple[str, ...]) -> bool:
        """Return whether these are terms of it that can hold at once, each named once."""
        known = {term.id for term in self.terms}
        pairs = ((one, other) for place, one in enumerate(chosen) for other in chosen[place + 1 :])
        return set(chosen) <= known and all(one != other and self._go_together(one, other) for one, other in pairs)

    def _go_together(self, one: str, other: str) -> bool:
        pair = [term for term in self.terms if term.id in (one, other)]
        if not self.several or any(term.alone for term in pair):
            return False
        return not any({one, other} & set(term.excludes) for term in pair)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely malignancy is, in percent; each end with whether it belongs to it."""

    low: float
    high: float
    low_included: bool
    high_included: bool

    def words(self, say: Wording = PLAIN) -> str:
        """Return it such as "over 2 to 10 %", "50 to under 95 %", "at least 95 %", "essentially 0 %"."""
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
    """A final assessment category; it says nothing of what is to be done. `likelihood` is None where there is none."""

    id: str
    name: str
    likelihood: Likelihood | None

    def words(self, say: Wording = PLAIN) -> str:
        """Return it such as "4A, low suspicion (over 2 to 10 %)"."""
        if self.likelihood is None:
            return say("{category}, {name}", category=self.id, name=say(self.name))
        likely = self.likelihood.words(say)
        return say("{category}, {name} ({likelihood})", category=self.id, name=say(self.name), likelihood=likely)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """An edition of the terms.

    Attributes:
        id, version, name: which edition; `id` is the file's name without its suffix.
        source: where the terms are from.
        descriptors: what is described, in the order of a report.
        categories: of assessment, from the least grave.
        biopsy_from: the first category that counts as positive in an audit.
        management: what may be recommended, apart from the categories.
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
        return next((one for one in self.categories if one.id == name), None)

    def positive(self, category: str) -> bool | None:
        """Return whether `category` counts as positive; None where it decides nothing: one without a likelihood
        (0, incomplete; 6, known before it was read), and what is not known."""
        told = self.category(category)
        if told is None or told.likelihood is None:
            return None
        known = [one.id for one in self.categories]
        return known.index(category) >= known.index(self.biopsy_from)


@cache
def load_lexicon(name: str = DEFAULT) -> Lexicon:
    """Return the lexicon with the id `name`.

    Raises:
        UserError: there is none of that name, or its file is not in order.
    """
    try:
        # Of a name from a stored read nothing but this folder's own files may be opened.
        if name not in lexicons():
            raise FileNotFoundError(name)
        return parse(json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8")), name)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UserError(
            f"The lexicon {name!r} cannot be used: {problem}.", f"Known are: {', '.join(lexicons())}."
        ) from problem


def lexicons() -> tuple[str, ...]:
    """Return the ids of the lexicons there are."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.json")))


def parse(told: dict[str, Any], name: str) -> Lexicon:
    """Return the lexicon that a file called `name` tells.

    Raises:
        ValueError, KeyError, TypeError: it is not in order.
    """
    if told["format"] != FORMAT or told["id"] != name:
        raise ValueError(f"format {told['format']!r} and id {told['id']!r}")
    made = Lexicon(
        id=_text(told["id"]),
        version=_text(told["version"]),
        name=_text(told["name"]),
        source=_text(told["source"]),
        descriptors=tuple(
            Descriptor(_text(one["id"]), _text(one["name"]), one["several"] is True, _terms(one["terms"]))
            for one in told["descriptors"]
        ),
        categories=tuple(
            AssessmentCategory(_text(one["id"]), _text(one["name"]), _likelihood(one["likelihood"]))
            for one in told["categories"]
        ),
        biopsy_from=_text(told["biopsy_from"]),
        management=_terms(told["management"]),
    )
    named = ([one.id for one in made.descriptors], [one.id for one in made.categories])
    for ids in (*named, *([term.id for term in terms] for terms in (made.management, *_all_terms(made)))):
        if not ids or len(set(ids)) != len(ids):
            raise ValueError(f"no ids, or the same twice: {ids}")
    if made.category(made.biopsy_from) is None:
        raise ValueError(f"no category {made.biopsy_from!r}")
    for terms in _all_terms(made):
        strange = {other for term in terms for other in term.excludes} - {term.id for term in terms}
        if strange:
            raise ValueError(f"terms excluded that there are not: {', '.join(sorted(strange))}")
    return made


def _all_terms(lexicon: Lexicon) -> list[tuple[Term, ...]]:
    return [descriptor.terms for descriptor in lexicon.descriptors]


def _terms(told: list[dict[str, Any]]) -> tuple[Term, ...]:
    return tuple(
        Term(_text(one["id"]), _text(one["name"]), one.get("alone") is True, tuple(map(_text, one.get("excludes", ()))))
        for one in told
    )


def _likelihood(told: dict[str, Any] | None) -> Likelihood | None:
    if told is None:
        return None
    made = Likelihood(
        float(told["low"]), float(told["high"]), told["low_included"] is True, told["high_included"] is True
    )
    if not 0 <= made.low <= made.high <= 100:
        raise ValueError(f"likelihood from {made.low} to {made.high}")
    return made


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is no text")
    return value
