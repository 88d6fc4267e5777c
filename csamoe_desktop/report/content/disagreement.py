"""Whether reader and AI differ on a lesion, by a stated rule, in one neutral sentence that asks for nothing."""

from csamoe_desktop.assess import Category
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.reader.lexicon import load_lexicon
from csamoe_desktop.wording import PLAIN, Wording

HIGH_FROM = 50
"""The least likelihood of malignancy, in percent, of the reader's categories that "likely benign" differs from (4C, 5)."""
KNOWN_MALIGNANT = "6"


def differ(own: Assessment, category: Category) -> bool:
    """Return whether they differ: a reader's BI-RADS 1 to 3 and the AI's suspicious, or 4C to 6 and likely benign."""
    lexicon = load_lexicon(own.lexicon)
    if category is Category.SUSPICIOUS:
        return lexicon.positive(own.category) is False
    said = lexicon.category(own.category)
    if category is not Category.LIKELY_BENIGN or said is None:
        return False
    return said.id == KNOWN_MALIGNANT or (said.likelihood is not None and said.likelihood.low >= HIGH_FROM)


def disagreement(own: Assessment, category: Category, probability: str, say: Wording = PLAIN) -> str:
    """Return that reader and AI differ, with both categories and the rule, or ""; `probability` is the AI's as written."""
    if not differ(own, category):
        return ""
    told = load_lexicon(own.lexicon).category(own.category)
    assert told is not None
    return say(
        "Reader and AI differ: BI-RADS {own}, {name}; AI {category} ({probability}). Said where the reader gives 1 to 3 and "
        "the AI suspicious, or the reader 4C to 6 and the AI likely benign.",
        own=told.id,
        name=say(told.name),
        category=say(category.value),
        probability=probability,
    )
