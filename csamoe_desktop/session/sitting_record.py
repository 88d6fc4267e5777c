"""Makes the store's row of a sitting: first and final assessment, and the AI result if it was shown."""

import hashlib

from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.store.assessments import Sitting, StoredResult
from csamoe_desktop.store.lesions import LesionKey


def sitting_of(work: LesionWork) -> Sitting:
    """Return the sitting with a lesion as it is to be stored now."""
    sitting, ai, ai_result, mask = work.sitting, None, work.ai_result, work.result_mask
    if sitting.shown and ai_result is not None and mask is not None:
        ai = StoredResult(
            category=ai_result.category,
            probability=ai_result.prediction.probability,
            model=f"{ai_result.card.name} {ai_result.card.version}",
            weights_sha256=ai_result.card.sha256,
            mask_sha256=hashlib.sha256(mask.pixels.tobytes()).hexdigest(),
            guard=ai_result.warnings,
        )
    key = LesionKey(work.image, work.frame, work.number)
    return Sitting(sitting.sitting, key, sitting.begun, sitting.record(), ai, identity=work.description.identity)
