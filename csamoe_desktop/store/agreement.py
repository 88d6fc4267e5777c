"""Own read against AI against final over the sittings kept: counts, agreement, sensitivity and specificity, and the CSV.

Own reads count as positive from BI-RADS 4A on, as in an audit (ACR BI-RADS Atlas 2013, Follow-up and outcome monitoring);
categories 0 and 6 decide nothing. The AI's reading counts twice: as positive where it is not "likely benign", and where it
is "suspicious". Agreement is told with Cohen's kappa (Educ Psychol Meas 20:37, 1960), a share with its Wilson interval
(J Am Stat Assoc 22:209, 1927).

A lesion counts once, by its first sitting with an AI reading: whoever reads it again has seen that reading already.
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

FIRST, AI, AI_SUSPICIOUS, FINAL = "Own read", "AI, not likely benign", "AI, suspicious", "Final read"
_Z = 1.959964
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two of them agree in what counts as positive.

    Attributes:
        one, other: who.
        cases: with a decision of both.
        alike: of these, decided alike.
        kappa: Cohen's; None where it is undefined (all decided the same way, or no case).
    """

    one: str
    other: str
    cases: int
    alike: int
    kappa: float | None

    def words(self) -> str:
        """Return it such as "17 of 20 (85 %), kappa 0.69"."""
        if not self.cases:
            return "no case with both"
        told = f"{self.alike} of {self.cases} ({100 * self.alike / self.cases:.0f} %)"
        return f"{told}, kappa undefined" if self.kappa is None else f"{told}, kappa {self.kappa:.2f}"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    cases: int

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval, 0..1; the whole of it where there is no case."""
        if not self.cases:
            return 0.0, 1.0
        share, spread = self.hits / self.cases, _Z**2 / self.cases
        middle, half = share + spread / 2, _Z * sqrt(share * (1 - share) / self.cases + spread / (4 * self.cases))
        return max((middle - half) / (1 + spread), 0.0), min((middle + half) / (1 + spread), 1.0)

    def words(self) -> str:
        """Return it such as "18 of 20 (90 %, 70 to 97 %)"."""
        if not self.cases:
            return "no case"
        low, high = self.interval()
        return (
            f"{self.hits} of {self.cases} ({100 * self.hits / self.cases:.0f} %, {100 * low:.0f} to {100 * high:.0f} %)"
        )


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How one of them did where pathology is known."""

    who: str
    sensitivity: Share
    specificity: Share


@dataclass(frozen=True, slots=True)
class Summary:
    """What the agreement page says.

    Attributes:
        sittings, lesions: how many are kept, and of how many lesions.
        alone: lesions without an AI reading; all that follows is of the others, each counted once.
        skipped, not_first: with the own read passed over; with none given before the AI's, and not passed over.
        table: how often each own category met each of the AI's, by (BI-RADS category, the AI's); own reads before the AI.
        agreements: of each two.
        accuracies: of each, where pathology is known.
        changed, towards: of the final reads with a first one, how many have another decision, and how many of these
            moved to the AI's.
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
    """Return the one sitting by which each lesion counts, however many views of it were read: its first with an AI reading,
    else its first; oldest first."""
    chosen: dict[str | LesionKey, Sitting] = {}
    for one in sorted(sittings, key=lambda one: (one.begun, one.sitting)):
        known = chosen.get(one.lesion)
        if known is None or (known.ai is None and one.ai is not None):
            chosen[one.lesion] = one
    return list(chosen.values())


def summarise(sittings: Sequence[Sitting]) -> Summary:
    """Return what there is to say of `sittings`."""
    lesions = counted(sittings)
    # Side by side stands only what was read on the same lesions.
    cases = [one for one in lesions if one.ai is not None]
    table: Counter[tuple[str, Category]] = Counter()
    for one in cases:
        if one.ai is not None and one.record.first is not None:
            table[(one.record.first.category, one.ai.category)] += 1
    moved = [
        one for one in cases if None not in (_first(one), _final(one), _ai(one)) and _first(one) is not _final(one)
    ]
    return Summary(
        sittings=len(sittings),
        lesions=len(lesions),
        alone=len(lesions) - len(cases),
        skipped=sum(one.record.skipped for one in cases),
        not_first=sum(one.record.first is None and not one.record.skipped for one in cases),
        table=dict(table),
        agreements=tuple(_agreement(cases, one, other) for one, other in ((FIRST, AI), (FIRST, FINAL), (AI, FINAL))),
        accuracies=tuple(_accuracy(cases, who) for who in (FIRST, AI, AI_SUSPICIOUS, FINAL)),
        changed=len(moved),
        towards=sum(_final(one) is _ai(one) for one in moved),
    )


def differ(sitting: Sitting) -> bool:
    """Return whether own read, AI and final were not all of one decision, or the reader's category changed."""
    decisions = {one for one in (_first(sitting), _ai(sitting), _final(sitting)) if one is not None}
    first, final = sitting.record.first, sitting.record.final
    return len(decisions) > 1 or (first is not None and final.given and first.category != final.category)


_HEADINGS = (
    "read", "lesion", "counted", "asked_first", "skipped", "own_category", "own_terms", "own_seconds", "ai_category",
    "ai_probability", "ai_seconds", "model", "weights_sha256", "guard", "final_category", "final_terms",
    "final_seconds", "lexicon", "pathology",
)  # fmt: skip


def is_csv(file: Path) -> bool:
    """Return whether a file is a table that `as_csv` gave."""
    with suppress(OSError), file.open("rb") as opened:
        return opened.read(100).removeprefix(b"\xef\xbb\xbf").startswith(",".join(_HEADINGS[:5]).encode())
    return False


def as_csv(sittings: Sequence[Sitting]) -> str:
    """Return the sittings as a table without identities: numbered from the oldest, no date, no hash of an image; two
    sittings with one lesion have one number of the lesion, and `counted` marks the one that the page counts."""
    told = io.StringIO()
    writer = csv.writer(told, lineterminator="\r\n")
    writer.writerow(_HEADINGS)
    lesions: dict[str | LesionKey, int] = {}
    cases = {one.sitting for one in counted(sittings)}
    for number, one in enumerate(sorted(sittings, key=lambda one: (one.begun, one.sitting)), 1):
        record, ai = one.record, one.ai
        final = record.final if record.final.given else None
        writer.writerow(
            (number, lesions.setdefault(one.lesion, len(lesions) + 1), int(one.sitting in cases), int(record.asked),
             int(record.skipped),
             record.first.category if record.first else "", _terms(record.first), _seconds(record.first_seconds),
             ai.category.value if ai else "", f"{ai.probability:.4f}" if ai else "", _seconds(record.ai_seconds),
             ai.model if ai else "", ai.weights_sha256 if ai else "", "; ".join(ai.guard) if ai else "",
             final.category if final else "", _terms(final), _seconds(record.final_seconds),
             (record.first or record.final).lexicon, one.pathology.value)
        )  # fmt: skip
    return told.getvalue()


def _decision(read: Assessment | None) -> bool | None:
    return None if read is None else load_lexicon(read.lexicon).positive(read.category)


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
    found = Counter((one.pathology, _DECISIONS[who](one)) for one in sittings)
    malignant, benign = Pathology.MALIGNANT, Pathology.BENIGN
    return Accuracy(
        who,
        Share(found[malignant, True], found[malignant, True] + found[malignant, False]),
        Share(found[benign, False], found[benign, True] + found[benign, False]),
    )


def _terms(read: Assessment | None) -> str:
    return (
        "" if read is None else "; ".join(f"{name}: {'+'.join(chosen)}" for name, chosen in sorted(read.terms.items()))
    )


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
