"""Agreement of first assessment, AI result and final assessment: counts, kappa, sensitivity, specificity, and the CSV.

An assessment counts as positive from BI-RADS 4A on, as in an audit (ACR BI-RADS Atlas 2013, Follow-up and outcome
monitoring); categories 0 and 6 count as no decision. The AI result is evaluated twice: as positive if it is not "likely
benign", and as positive if it is "suspicious". Agreement is given with Cohen's kappa (Educ Psychol Meas 20:37, 1960), a share
with its Wilson interval (J Am Stat Assoc 22:209, 1927).

A lesion counts once, by its first stored assessment with an AI result: in a later one the reader has already seen that result.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from csamoe_desktop.assess import Category
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.reader.lexicon import load_lexicon
from csamoe_desktop.store.assessments import Pathology, Sitting
from csamoe_desktop.store.lesions import LesionKey

FIRST, FINAL = "First assessment", "Final assessment"
AI, AI_SUSPICIOUS = "AI, not likely benign", "AI, suspicious"
_Z = 1.959964
"""The normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two sources (such as first assessment and AI) on positive and negative.

    Attributes:
        one, other: the names of the two sources.
        cases: the number of lesions with a decision by both.
        alike: how many of these have the same decision.
        kappa: Cohen's kappa; None if it is undefined (all decisions are equal, or there is no case).
    """

    one: str
    other: str
    cases: int
    alike: int
    kappa: float | None

    def words(self) -> str:
        """Return the agreement in words, such as "17 of 20 (85 %), kappa 0.69"."""
        if not self.cases:
            return "no case with both"
        share = f"{self.alike} of {self.cases} ({100 * self.alike / self.cases:.0f} %)"
        return f"{share}, kappa undefined" if self.kappa is None else f"{share}, kappa {self.kappa:.2f}"


@dataclass(frozen=True, slots=True)
class Share:
    """A share: `hits` of `cases`."""

    hits: int
    cases: int

    def interval(self) -> tuple[float, float]:
        """Return the 95 % Wilson interval within 0..1; (0, 1) if there is no case."""
        if not self.cases:
            return 0.0, 1.0
        share, spread = self.hits / self.cases, _Z**2 / self.cases
        middle, half = share + spread / 2, _Z * sqrt(share * (1 - share) / self.cases + spread / (4 * self.cases))
        return max((middle - half) / (1 + spread), 0.0), min((middle + half) / (1 + spread), 1.0)

    def words(self) -> str:
        """Return the share in words, such as "18 of 20 (90 %, 70 to 97 %)"."""
        if not self.cases:
            return "no case"
        low, high = self.interval()
        return (
            f"{self.hits} of {self.cases} ({100 * self.hits / self.cases:.0f} %, {100 * low:.0f} to {100 * high:.0f} %)"
        )


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Sensitivity and specificity of one source, over the lesions with known pathology."""

    who: str
    sensitivity: Share
    specificity: Share


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of the agreement page.

    Attributes:
        sittings, lesions: the number of stored assessments, and of the lesions they are about.
        alone: lesions without an AI result; everything below is about the others, each counted once.
        skipped, not_first: lesions whose first assessment was skipped, or is missing without a skip.
        table: the number of lesions by (BI-RADS category of the first assessment, the AI's category).
        agreements: for each pair of sources.
        accuracies: for each source, where pathology is known.
        changed, towards: final assessments with another decision than the first one, and how many of these changed to the
            AI's decision.
    """

    sittings: int
    lesions: int
    alone: int
    skipped: int
    not_first: int
    table: dict[tuple[str, Category], int]
    agreements: tuple[Agreement, ...]
    accuracies: tuple[Accuracy, ...]
    changed: int
    towards: int


def counted(sittings: Sequence[Sitting]) -> list[Sitting]:
    """Return one assessment per lesion, over all its views: the first with an AI result, or else the first; oldest first."""
    chosen: dict[str | LesionKey, Sitting] = {}
    for sitting in _oldest_first(sittings):
        earlier = chosen.get(sitting.lesion)
        if earlier is None or (earlier.ai is None and sitting.ai is not None):
            chosen[sitting.lesion] = sitting
    return list(chosen.values())


def summarise(sittings: Sequence[Sitting]) -> Summary:
    """Return the figures for `sittings`."""
    lesions = counted(sittings)
    # Compare the sources on the same lesions only.
    cases = [case for case in lesions if case.ai is not None]
    table: Counter[tuple[str, Category]] = Counter()
    for case in cases:
        if case.ai is not None and case.record.first is not None:
            table[(case.record.first.category, case.ai.category)] += 1
    changed = [
        case
        for case in cases
        if None not in (_first(case), _final(case), _ai(case)) and _first(case) is not _final(case)
    ]
    return Summary(
        sittings=len(sittings),
        lesions=len(lesions),
        alone=len(lesions) - len(cases),
        skipped=sum(case.record.skipped for case in cases),
        not_first=sum(case.record.first is None and not case.record.skipped for case in cases),
        table=dict(table),
        agreements=tuple(_agreement(cases, one, other) for one, other in ((FIRST, AI), (FIRST, FINAL), (AI, FINAL))),
        accuracies=tuple(_accuracy(cases, who) for who in (FIRST, AI, AI_SUSPICIOUS, FINAL)),
        changed=len(changed),
        towards=sum(_final(case) is _ai(case) for case in changed),
    )


def differ(sitting: Sitting) -> bool:
    """Return whether first assessment, AI result and final assessment differ in decision, or the reader's category changed."""
    decisions = {_first(sitting), _ai(sitting), _final(sitting)} - {None}
    first, final = sitting.record.first, sitting.record.final
    return len(decisions) > 1 or (first is not None and final.given and first.category != final.category)


_HEADINGS = (
    "read", "lesion", "counted", "asked_first", "skipped", "own_category", "own_terms", "own_seconds", "ai_category",
    "ai_probability", "ai_seconds", "model", "weights_sha256", "guard", "final_category", "final_terms",
    "final_seconds", "lexicon", "pathology",
)  # fmt: skip


def is_csv(file: Path) -> bool:
    """Return whether a file is a table written by `as_csv`."""
    with suppress(OSError), file.open("rb") as opened:
        return opened.read(100).removeprefix(b"\xef\xbb\xbf").startswith(",".join(_HEADINGS[:5]).encode())
    return False


def as_csv(sittings: Sequence[Sitting]) -> str:
    """Return the assessments as CSV without identities: numbered from the oldest, without dates and image hashes.

    Assessments of one lesion share the lesion's number; `counted` marks the one that the page counts.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADINGS)
    lesions: dict[str | LesionKey, int] = {}
    cases = {case.sitting for case in counted(sittings)}
    for number, sitting in enumerate(_oldest_first(sittings), 1):
        record, ai = sitting.record, sitting.ai
        final = record.final if record.final.given else None
        writer.writerow(
            (number, lesions.setdefault(sitting.lesion, len(lesions) + 1), int(sitting.sitting in cases),
             int(record.asked), int(record.skipped),
             record.first.category if record.first else "", _terms(record.first), _seconds(record.first_seconds),
             ai.category.value if ai else "", f"{ai.probability:.4f}" if ai else "", _seconds(record.ai_seconds),
             ai.model if ai else "", ai.weights_sha256 if ai else "", "; ".join(ai.guard) if ai else "",
             final.category if final else "", _terms(final), _seconds(record.final_seconds),
             (record.first or record.final).lexicon, sitting.pathology.value)
        )  # fmt: skip
    return text.getvalue()


def _oldest_first(sittings: Sequence[Sitting]) -> list[Sitting]:
    return sorted(sittings, key=lambda sitting: (sitting.begun, sitting.sitting))


def _decision(assessment: Assessment | None) -> bool | None:
    return None if assessment is None else load_lexicon(assessment.lexicon).positive(assessment.category)


def _first(sitting: Sitting) -> bool | None:
    return _decision(sitting.record.first)


def _final(sitting: Sitting) -> bool | None:
    return _decision(sitting.record.final)


def _ai(sitting: Sitting) -> bool | None:
    return None if sitting.ai is None else sitting.ai.category is not Category.LIKELY_BENIGN


def _ai_suspicious(sitting: Sitting) -> bool | None:
    return None if sitting.ai is None else sitting.ai.category is Category.SUSPICIOUS


_DECISIONS: dict[str, Callable[[Sitting], bool | None]] = {
    FIRST: _first,
    AI: _ai,
    AI_SUSPICIOUS: _ai_suspicious,
    FINAL: _final,
}


def _agreement(sittings: Sequence[Sitting], one: str, other: str) -> Agreement:
    pairs = Counter((_DECISIONS[one](sitting), _DECISIONS[other](sitting)) for sitting in sittings)
    yes, no, only_one, only_other = (
        pairs[both] for both in ((True, True), (False, False), (True, False), (False, True))
    )
    cases = yes + no + only_one + only_other
    kappa = None
    if cases:
        by_chance = ((yes + only_one) * (yes + only_other) + (no + only_one) * (no + only_other)) / cases**2
        kappa = ((yes + no) / cases - by_chance) / (1 - by_chance) if by_chance < 1 else None
    return Agreement(one, other, cases, yes + no, kappa)


def _accuracy(sittings: Sequence[Sitting], who: str) -> Accuracy:
    counts = Counter((sitting.pathology, _DECISIONS[who](sitting)) for sitting in sittings)
    malignant, benign = Pathology.MALIGNANT, Pathology.BENIGN
    return Accuracy(
        who,
        Share(counts[malignant, True], counts[malignant, True] + counts[malignant, False]),
        Share(counts[benign, False], counts[benign, True] + counts[benign, False]),
    )


def _terms(assessment: Assessment | None) -> str:
    terms = {} if assessment is None else assessment.terms
    return "; ".join(f"{name}: {'+'.join(chosen)}" for name, chosen in sorted(terms.items()))


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
