"""Whether reader and AI differ on a lesion, by a fixed rule, in one neutral sentence without a recommendation."""

from csamoe_desktop.assess import Category
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.reader.lexicon import load_lexicon
from csamoe_desktop.wording import PLAIN, Wording

HIGH_FROM = 50
"""Percent: a reader's category with at least this likelihood of malignancy (4C, 5) differs from "likely benign"."""
KNOWN_MALIGNANT = "6"


def differ(own: Assessment, category: Category) -> bool:
    """Return whether they differ: BI-RADS 1 to 3 with an AI result of suspicious, or 4C to 6 with likely benign."""
    lexicon = load_lexicon(own.lexicon)
    if category is Category.SUSPICIOUS:
        return lexicon.positive(own.category) is False
    birads = lexicon.category(own.category)
    if category is not Category.LIKELY_BENIGN or birads is None:
        return False
    return birads.id == KNOWN_MALIGNANT or (birads.likelihood is not None and birads.likelihood.low >= HIGH_FROM)


def disagreement(own: Assessment, category: Category, probability: str, say: Wording = PLAIN) -> str:
    """Return the sentence that reader and AI differ, with both categories and the rule, or ""; `probability` is as printed."""
    if not differ(own, category):
        return ""
    birads = load_lexicon(own.lexicon).category(own.category)
    assert birads is not None
    return say(
        "Reader and AI differ: BI-RADS {own}, {name}; AI {category} ({probability}). Rule: BI-RADS 1 to 3 with an AI result of "
        "suspicious, or BI-RADS 4C to 6 with likely benign.",
        own=birads.id,
        name=say(birads.name),
        category=say(category.value),
        probability=probability,
    )
