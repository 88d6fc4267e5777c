"""Run a model on a set for its record: one row an image, with the reader's or another outline, and fused features."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.datasets.folder import NORMAL, Sample, read_sample
from csamoe_desktop.datasets.other_outlines import OUTLINES
from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence.evaluate import read_all
from csamoe_desktop.evidence.records import OutlineRow, ReadImage
from csamoe_desktop.inference.bundle import Bundle
from csamoe_desktop.inference.outliner import Outliner
from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.inference.torch_engine import TorchPredictor, load_network
from csamoe_desktop.lesion.margin import outline_features
from csamoe_desktop.lesion.propose import propose
from csamoe_desktop.lesion.regions import make_regions

Mask = NDArray[np.bool_]
Proposer = Callable[[Sample], Mask | None]


def read_set(
    bundle: Bundle,
    samples: Sequence[Sample],
    outline: str = "reader",
    proposer: Proposer | None = None,
    device: str = "auto",
    progress: Callable[[int], object] = lambda count: None,
) -> tuple[list[ReadImage], NDArray[np.float64], tuple[str, ...]]:
    """Return one row for each image of the model's classes, their fused features [N, C], and what was left out, in
    words.

    Args:
        bundle: of a model that gives AI results.
        samples: of any labels.
        outline: a name in `records.KINDS`; `proposal` needs a proposer.
        proposer: returns the outline it proposes for an image, or None.
        device: the compute device asked for, see `inference.engine`.
        progress: called with how many more are done.

    Raises:
        UserError: the model only proposes outlines; it sees the whole image and another outline is asked for; a file or
            the bundle is damaged; or no image is left.
    """
    card = bundle.card
    if card.task != "reading":
        raise UserError(
            f"{card.name} proposes outlines and gives no AI result.", "Record its card alone: leave --data out."
        )
    if outline != "reader" and not card.needs_outline:
        raise UserError(f"{card.name} uses no outline.", "Leave --outline out.")
    network, loaded_on = load_network(bundle, device)
    fused: list[NDArray[np.float64]] = []
    hook = network.register_forward_hook(lambda module, given, made: fused.append(_fused(made)))
    predictor = TorchPredictor(card, network, loaded_on)
    try:
        if outline == "proposal":
            if proposer is None:
                raise UserError("No model is named that proposes outlines.", "Name one with --outliner.")
            chosen, predictions, left_out = _read_proposed(predictor, samples, proposer, progress)
        else:
            readings = read_all(predictor, samples, progress, outline)
            chosen, predictions, left_out = readings.samples, readings.predictions, readings.left_out
    finally:
        hook.remove()
    rows = [_row(sample, outline, prediction) for sample, prediction in zip(chosen, predictions, strict=True)]
    return rows, np.concatenate(fused), left_out


def read_outlines_of(
    samples: Sequence[Sample],
    outline: str = "reader",
    proposer: Proposer | None = None,
    progress: Callable[[int], object] = lambda count: None,
) -> list[OutlineRow]:
    """Return the numbers of every sample's outline, or of the outline that replaces it; images without one are left
    out.

    Raises:
        UserError: a file is damaged.
    """
    rows = []
    for sample in samples:
        progress(1)
        if sample.label == NORMAL:
            continue
        mask = proposer(sample) if outline == "proposal" and proposer else OUTLINES[outline](read_sample(sample)[1])
        if mask is not None:
            features = tuple(float(number) for number in outline_features(mask))
            rows.append(OutlineRow(sample.name, sample.label, sample.group, outline, features))
    return rows


def proposer_of(outliner: Outliner) -> Proposer:
    """Return a function that proposes the outliner's first candidate on an image, without a box."""

    def first(sample: Sample) -> Mask | None:
        proposals = propose(read_sample(sample)[0], outliner)
        return proposals[0].mask if proposals else None

    return first


def _read_proposed(
    predictor: TorchPredictor, samples: Sequence[Sample], proposer: Proposer, progress: Callable[[int], object]
) -> tuple[list[Sample], list[Prediction], tuple[str, ...]]:
    card = predictor.card
    known = [sample for sample in samples if sample.label in card.classes]
    chosen: list[Sample] = []
    predictions: list[Prediction] = []
    for sample in known:
        progress(1)
        mask = proposer(sample)
        if mask is None:
            continue
        regions = make_regions(read_sample(sample)[0], mask, card.input_size, field=card.field)
        chosen.append(sample)
        predictions += predictor.predict([regions])
    if not chosen:
        raise UserError("No outline is proposed on any of these images.", "Choose another outliner.")
    skipped = len(known) - len(chosen)
    sentence = f"Nothing was proposed on {skipped} of {len(known)} images: they are left out."
    return chosen, predictions, (sentence,) if skipped else ()


def _row(sample: Sample, outline: str, prediction: Prediction) -> ReadImage:
    _, mask = read_sample(sample)
    return ReadImage(
        image=sample.name,
        label=sample.label,
        group=sample.group,
        outline=outline,
        probability=prediction.probability,
        logits=prediction.logits,
        birads=sample.columns.get("birads", ""),
        size=f"{mask.shape[0]}x{mask.shape[1]}",
        device=sample.columns.get("device", ""),
        area_fraction=float(mask.mean()),
    )


def _fused(made: Any) -> NDArray[np.float64]:
    return np.asarray(made.fused.detach().float().cpu().numpy(), np.float64)
