"""A reader's sitting with a lesion, as the store has it: first and final read, and the AI's reading where it was shown."""

import hashlib

from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.store.assessments import Sitting, StoredResult
from csamoe_desktop.store.lesions import LesionKey


def sitting_of(work: LesionWork) -> Sitting:
    """Return the sitting with a lesion as it is to be stored now."""
    read, ai, ai_result, mask = work.sitting, None, work.ai_result, work.result_mask
    if read.shown and ai_result is not None and mask is not None:
        ai = StoredResult(
            category=ai_result.category,
            probability=ai_result.prediction.probability,
            model=f"{ai_result.card.name} {ai_result.card.version}",
            weights_sha256=ai_result.card.sha256,
            mask_sha256=hashlib.sha256(mask.pixels.tobytes()).hexdigest(),
            guard=ai_result.warnings,
        )
    key = LesionKey(work.image, work.frame, work.number)
    return Sitting(read.sitting, key, read.begun, read.record(), ai, identity=work.description.identity)
