"""The known cases of a bundle: what the nearest of a reading were, kept to the weights they were made with."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from csamoe_desktop.assess import assess
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.cases import CASES, NEAREST, KnownCases, read_cases, write_cases
from csamoe_desktop.inference.torch_engine import load_predictor
from csamoe_desktop.lesion.regions import make_regions
from csamoe_desktop.study.model import Frame
from csamoe_desktop.study.phantom import make_phantom


def cases(count: int = 300, width: int = 16) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(5)
    return draw.normal(size=(count, width)).astype(np.float32), draw.random(count) < 0.4


def test_the_nearest_are_those_scikit_learn_finds() -> None:
    features, positive = cases()
    known = KnownCases(features, positive, 0.5)
    apart, places = NearestNeighbors(n_neighbors=NEAREST, metric="cosine").fit(features).kneighbors(features[:5] + 0.2)
    for row in range(5):
        nearest = known.nearest(features[row] + 0.2)
        assert nearest.count == NEAREST
        assert nearest.positive == positive[places[row]].sum()
        assert nearest.distance == pytest.approx(apart[row].mean(), abs=1e-5)


def test_few_cases_are_all_looked_at_and_a_case_is_not_below_nothing_from_itself() -> None:
    features, positive = cases(3)
    assert KnownCases(features, positive).nearest(features[0]).count == 3
    assert KnownCases(features[:1], positive[:1]).nearest(features[0]).distance == pytest.approx(0, abs=1e-6)
    assert KnownCases(features[:1], positive[:1]).nearest(features[0]).distance >= 0


def test_far_is_farther_than_the_limit() -> None:
    features, positive = cases(40)
    features[:] = features[0]
    known = KnownCases(features, positive, 0.5)
    assert not known.nearest(features[0]).unlike
    assert known.nearest(-features[0]).unlike


def test_they_are_kept_beside_the_weights_they_were_made_with(copied: Path) -> None:
    bundle = find_bundle("csamoe-resnet18")
    features, positive = cases(width=512)
    write_cases(bundle, features, positive, 0.25)
    read = read_cases(bundle)
    assert read is not None
    assert (len(read), read.limit) == (300, 0.25)
    asked = features[7] + 0.1
    assert read.nearest(asked).positive == KnownCases(features, positive, 0.25).nearest(asked).positive
    other = dataclasses.replace(bundle, card=dataclasses.replace(bundle.card, sha256="0" * 64))
    with pytest.raises(UserError, match="is damaged or does not belong to its weights"):
        read_cases(other)
    (copied / CASES).write_bytes(b"damaged")
    with pytest.raises(UserError, match="is damaged or does not belong to its weights"):
        read_cases(bundle)
    (copied / CASES).unlink()
    assert read_cases(bundle) is None


def test_a_reading_says_what_its_nearest_were_and_that_it_is_unlike_all(copied: Path) -> None:
    bundle = find_bundle("csamoe-resnet18")
    phantom = make_phantom("smooth")
    frame = Frame(phantom.pixels, 0, None)
    feature = load_predictor(bundle, "cpu").predict([make_regions(phantom.pixels, phantom.mask)])[0].fused
    assert feature is not None
    around = feature + np.random.default_rng(0).normal(0, 0.01 * feature.std(), (30, len(feature)))
    malignant = np.arange(30) < 30
    write_cases(bundle, around.astype(np.float32), malignant, 0.01)
    ai_result = assess(frame, phantom.mask, load_predictor(bundle, "cpu"))
    assert ai_result.nearest is not None
    assert (ai_result.nearest.count, ai_result.nearest.positive) == (20, 20)
    assert ai_result.to_dict()["nearest"]["positive"] == 20
    assert ai_result.warnings == ()
    # Against cases of the other sign all are far.
    write_cases(bundle, -around.astype(np.float32), malignant, 0.01)
    warnings = assess(frame, phantom.mask, load_predictor(bundle, "cpu")).warnings
    assert any("unlike the images the model was trained on" in warning for warning in warnings)
    (copied / CASES).unlink()
    assert assess(frame, phantom.mask, load_predictor(bundle, "cpu")).nearest is None
