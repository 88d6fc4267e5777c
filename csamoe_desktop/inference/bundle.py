"""Bundles: folders with weights.safetensors and card.json. Found, checked against their hash, written whole."""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.card_checks import is_name
from csamoe_desktop.networks.cards import ModelCard, read_card
from csamoe_desktop.untrusted import inside, is_plain, open_limited

_log = logging.getLogger(__name__)

WEIGHTS = "weights.safetensors"
CARD = "card.json"
DEFAULT = "csamoe-resnet18-plus"
_MOST_BYTES = 4 * 10**9
OUTLINER = "unet-mobilenet"
"""The bundle that proposes outlines."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A trained model on disk: its folder and its card. The weights are not yet read."""

    folder: Path
    card: ModelCard

    @property
    def weights(self) -> Path:
        """The weights' file."""
        return self.folder / WEIGHTS

    @property
    def size(self) -> int:
        """How large the weights' file is, in bytes; 0 where it is missing."""
        return self.weights.stat().st_size if is_plain(self.weights) else 0


def bundles() -> list[Bundle]:
    """Return the usable bundles, the default first, the others by name; a damaged one is left out and logged."""
    found, left_out = bundles_and_left_out()
    for problem in left_out:
        _log.warning("model left out: %s", problem)
    return found


def bundles_and_left_out() -> tuple[list[Bundle], list[UserError]]:
    """Return the usable bundles as `bundles` does, and why each of the others is none."""
    found, left_out = [], []
    for file in _cards():
        try:
            found.append(_bundle(file.parent))
        except UserError as problem:
            left_out.append(problem)
    return sorted(found, key=lambda bundle: bundle.card.name != DEFAULT), left_out


def _cards() -> list[Path]:
    """Return where each installed model's card is, or should be readable; none where the folder cannot be listed."""
    try:
        folders = sorted(paths.model_weights().iterdir())
    except OSError as problem:
        _log.debug("the models cannot be listed: %s", type(problem).__name__)
        return []
    return [folder / CARD for folder in folders if os.path.lexists(folder / CARD)]


def readers() -> list[Bundle]:
    """Return the usable bundles that read lesions, in the order of `bundles`."""
    return [bundle for bundle in bundles() if bundle.card.task == "reading"]


def find_bundle(name: str | None = None) -> Bundle:
    """Return the bundle called `name`, or the default one.

    Raises:
        UserError: there is none of that name, or it is damaged.
    """
    name = name or DEFAULT
    folder = paths.model_weights() / name
    # A name is a name, never a path: a report or a setting must not lead to weights of somebody else's choosing.
    if not is_name(name) or not is_plain(folder / CARD):
        others = ", ".join(bundle.card.name for bundle in bundles()) or "none"
        raise UserError(
            f"There is no model {name!r} in {paths.model_weights()}.",
            f"Models found: {others}. Install the program again, or copy the model's folder there.",
        )
    return _bundle(folder)


def find_typed(told: str | None = None) -> Bundle:
    """Return the bundle that the user typed: a name as in `find_bundle`, or a bundle's own folder. Only for what a person
    typed on a command line; what a file says is a name.

    Raises:
        UserError: as `find_bundle`.
    """
    folder = Path(told or "")
    if told and folder.name != told and is_plain(folder / CARD):
        return _bundle(folder.absolute())
    return find_bundle(told)


def find_outliner(name: str | None = None) -> Bundle:
    """Return the bundle called `name` (or typed as its folder, see `find_typed`) that proposes outlines, or the default one.

    Raises:
        UserError: there is none of that name, it is damaged, or it reads lesions and proposes nothing.
    """
    bundle = find_typed(name or OUTLINER)
    if bundle.card.task != "outlining":
        raise UserError(
            f"{bundle.card.name} reads lesions and proposes no outlines.", f"Choose {OUTLINER}, which proposes them."
        )
    return bundle


def find_by_weights(sha256: str, name: str = "") -> Bundle | None:
    """Return the usable bundle whose card has the weights `sha256`, of several the one called `name`; None where none has."""
    found = [bundle for bundle in bundles() if bundle.card.sha256 == sha256]
    return min(found, key=lambda bundle: bundle.card.name != name, default=None)


def is_installed(name: str) -> Bundle | None:
    """Return the usable bundle called `name`, or None. A path is no name."""
    return next((bundle for bundle in bundles() if bundle.card.name == name), None)


def has_outliner() -> bool:
    """Return whether the default bundle that proposes outlines is installed."""
    return is_plain(paths.model_weights() / OUTLINER / CARD)


def check_weights(bundle: Bundle) -> None:
    """Check the weights against the hash on the card.

    Raises:
        UserError: they are missing, unreadable, or not the ones the card describes.
    """
    try:
        if not inside(bundle.weights, bundle.folder):
            raise ValueError("a link to another folder")
        with open_limited(bundle.weights, _MOST_BYTES) as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except (OSError, ValueError, RuntimeError) as problem:
        raise UserError(
            f"The weights of {bundle.card.name} could not be read: {bundle.weights}.",
            "Copy the whole model folder again.",
        ) from problem
    if found != bundle.card.sha256:
        raise UserError(
            f"The weights of {bundle.card.name} are not those its card describes (another SHA-256).",
            "The file is damaged or was exchanged: copy the whole model folder again.",
        )


def _bundle(folder: Path) -> Bundle:
    bundle = Bundle(folder, read_card(folder / CARD))
    if bundle.card.name != folder.name:
        raise UserError(
            f"The model folder {folder.name} holds the card of {bundle.card.name}.", "Name the folder as the card says."
        )
    return bundle
