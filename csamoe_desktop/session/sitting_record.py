"""A reader's sitting with a lesion, as the store has it: first and final read, and the AI's reading where it was shown."""

import hashlib

from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.store.lesions import LesionKey
from csamoe_desktop.store.reads import Sitting, StoredResult


def sitting_of(work: LesionWork) -> Sitting:
    """Return the sitting with a lesion as it is to be stored now."""
    read, ai, assessment, mask = work.read, None, work.assessment, work.assessed_mask
    if read.shown and assessment is not None and mask is not None:
        ai = StoredResult(
            category=assessment.category,
            probability=assessment.prediction.probability,
            model=f"{assessment.card.name} {assessment.card.version}",
            weights_sha256=assessment.card.sha256,
            mask_sha256=hashlib.sha256(mask.pixels.tobytes()).hexdigest(),
            guard=assessment.warnings,
        )
    key = LesionKey(work.image, work.frame, work.number)
    return Sitting(read.sitting, key, read.begun, read.record(), ai, identity=work.description.identity)
