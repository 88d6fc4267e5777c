"""Bundles: found, checked, refused when damaged, exchanged or missing."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import DEFAULT, Bundle, bundles, check_weights, find_bundle
from csamoe_desktop.inference.torch_engine import load_predictor


def rewrite(folder: Path, **changes: object) -> None:
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, **changes}), encoding="utf-8")


def test_the_shipped_weights_are_those_of_their_card() -> None:
    assert bundles()[0].card.name == DEFAULT
    for bundle in bundles():
        check_weights(bundle)


def test_one_changed_byte_is_found(copied: Path) -> None:
    weights = copied / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(UserError, match="another SHA-256"):
        load_predictor(find_bundle("csamoe-resnet18"), "cpu")


def test_missing_weights_are_said(copied: Path) -> None:
    (copied / "weights.safetensors").unlink()
    with pytest.raises(UserError, match="could not be read"):
        load_predictor(find_bundle("csamoe-resnet18"), "cpu")


def test_weights_of_another_network_are_refused(copied: Path) -> None:
    rewrite(copied, builder={"network": "csa-moe-net", "options": {"attention": False}})
    with pytest.raises(UserError, match="do not fit the network"):
        load_predictor(find_bundle("csamoe-resnet18"), "cpu")


def test_a_network_this_program_does_not_know_is_refused(copied: Path) -> None:
    rewrite(copied, builder={"network": "la-net-9", "options": {}})
    with pytest.raises(UserError, match="cannot build"):
        load_predictor(find_bundle("csamoe-resnet18"), "cpu")


def test_another_parameter_count_than_the_cards_is_refused(copied: Path) -> None:
    rewrite(copied, parameters=1)
    with pytest.raises(UserError, match="says 1 parameters"):
        load_predictor(find_bundle("csamoe-resnet18"), "cpu")


def test_only_safetensors_are_loaded(copied: Path) -> None:
    """A pickle under the weights' name, with its own right hash, is refused as data."""
    import hashlib
    import pickle

    pickled = pickle.dumps({"layer": 1})
    (copied / "weights.safetensors").write_bytes(pickled)
    rewrite(copied, sha256=hashlib.sha256(pickled).hexdigest())
    with pytest.raises(UserError, match="do not fit the network"):
        load_predictor(find_bundle("csamoe-resnet18"), "cpu")


def test_weights_with_one_tensor_missing_are_refused(copied: Path) -> None:
    import hashlib

    file = copied / "weights.safetensors"
    state = load_file(file)
    del state["gate.0.weight"]
    save_file(state, file)
    rewrite(copied, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(UserError, match="do not fit the network"):
        load_predictor(find_bundle("csamoe-resnet18"), "cpu")


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UserError, match="no model 'nonesuch'") as refused:
        find_bundle("nonesuch")
    assert "csamoe-resnet18" in refused.value.hint


def test_no_model_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path))
    assert bundles() == []
    with pytest.raises(UserError, match=f"no model '{DEFAULT}'"):
        find_bundle()


def test_a_damaged_bundle_does_not_hide_the_others(copied: Path) -> None:
    broken = copied.parent / "broken"
    broken.mkdir()
    (broken / "card.json").write_text("{")
    assert [bundle.card.name for bundle in bundles()] == ["csamoe-resnet18"]


def test_a_folder_named_other_than_its_card_is_refused(copied: Path) -> None:
    copied.rename(copied.parent / "renamed")
    with pytest.raises(UserError, match="holds the card of csamoe-resnet18"):
        find_bundle("renamed")


def test_a_bundle_knows_its_weights_without_reading_them(copied: Path) -> None:
    bundle = find_bundle("csamoe-resnet18")
    assert isinstance(bundle, Bundle)
    assert bundle.weights == copied / "weights.safetensors"
