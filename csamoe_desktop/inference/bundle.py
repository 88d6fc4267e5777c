"""Model bundles: folders with weights.safetensors and card.json. Finds them and checks the weights against their hash."""

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
"""The default bundle that proposes outlines."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model on disk: its folder and its card. The weights have not been loaded."""

    folder: Path
    card: ModelCard

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self.folder / WEIGHTS

    @property
    def size(self) -> int:
        """The size of the weights file in bytes; 0 if it is missing."""
        return self.weights.stat().st_size if is_plain(self.weights) else 0


def bundles() -> list[Bundle]:
    """Return the usable bundles, the default first, the others by name; damaged ones are left out and logged."""
    usable, left_out = bundles_and_left_out()
    for problem in left_out:
        _log.warning("model left out: %s", problem)
    return usable


def bundles_and_left_out() -> tuple[list[Bundle], list[UserError]]:
    """Return the usable bundles as `bundles` does, and for each unusable one the reason."""
    usable, left_out = [], []
    for file in _cards():
        try:
            usable.append(_bundle(file.parent))
        except UserError as problem:
            left_out.append(problem)
    return sorted(usable, key=lambda bundle: bundle.card.name != DEFAULT), left_out


def _cards() -> list[Path]:
    """Return the card files of the installed models, also unreadable ones; none if the folder cannot be listed."""
    try:
        folders = sorted(paths.model_weights().iterdir())
    except OSError as problem:
        _log.debug("the models cannot be listed: %s", type(problem).__name__)
        return []
    return [folder / CARD for folder in folders if os.path.lexists(folder / CARD)]


def readers() -> list[Bundle]:
    """Return the usable bundles that assess lesions, in the order of `bundles`."""
    return [bundle for bundle in bundles() if bundle.card.task == "reading"]


def find_bundle(name: str | None = None) -> Bundle:
    """Return the bundle called `name`, or the default one.

    Raises:
        UserError: no bundle has that name, or it is damaged.
    """
    name = name or DEFAULT
    folder = paths.model_weights() / name
    # A name is never used as a path: a report or a setting must not make the program load foreign weights.
    if not is_name(name) or not is_plain(folder / CARD):
        others = ", ".join(bundle.card.name for bundle in bundles()) or "none"
        raise UserError(
            f"There is no model {name!r} in {paths.model_weights()}.",
            f"Installed models: {others}. Choose one of them, or copy the model's folder there.",
        )
    return _bundle(folder)


def find_typed(typed: str | None = None) -> Bundle:
    """Return the bundle that a user typed on the command line: a name as in `find_bundle`, or the folder of a bundle.

    Use it only for text that a person typed; text from a file is always a name.

    Raises:
        UserError: as `find_bundle`.
    """
    folder = Path(typed or "")
    if typed and folder.name != typed and is_plain(folder / CARD):
        return _bundle(folder.absolute())
    return find_bundle(typed)


def find_outliner(name: str | None = None) -> Bundle:
    """Return the bundle called `name` (or typed as its folder, see `find_typed`) that proposes outlines, or the default one.

    Raises:
        UserError: no bundle has that name, it is damaged, or it does not propose outlines.
    """
    bundle = find_typed(name or OUTLINER)
    if bundle.card.task != "outlining":
        raise UserError(
            f"{bundle.card.name} assesses lesions and proposes no outlines.",
            f"Choose {OUTLINER}, which proposes outlines.",
        )
    return bundle


def find_by_weights(sha256: str, name: str = "") -> Bundle | None:
    """Return the usable bundle with the weights `sha256`, preferring the one called `name`; None if there is none."""
    matches = [bundle for bundle in bundles() if bundle.card.sha256 == sha256]
    return min(matches, key=lambda bundle: bundle.card.name != name, default=None)


def is_installed(name: str) -> Bundle | None:
    """Return the usable bundle called `name`, or None. A path is not a name."""
    return next((bundle for bundle in bundles() if bundle.card.name == name), None)


def has_outliner() -> bool:
    """Return whether the default bundle that proposes outlines is installed."""
    return is_plain(paths.model_weights() / OUTLINER / CARD)


def check_weights(bundle: Bundle) -> None:
    """Check the weights against the hash on the card.

    Raises:
        UserError: the weights are missing, unreadable, or not those that the card describes.
    """
    try:
        if not inside(bundle.weights, bundle.folder):
            raise ValueError("a link to another folder")
        with open_limited(bundle.weights, _MOST_BYTES) as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except (OSError, ValueError, RuntimeError) as problem:
        raise UserError(
            f"The weights of {bundle.card.name} could not be read: {bundle.weights}.",
            "Copy the whole model folder again.",
        ) from problem
    if sha256 != bundle.card.sha256:
        raise UserError(
            f"The weights of {bundle.card.name} are not those its card describes (another SHA-256).",
            "The file is damaged or was replaced. Copy the whole model folder again.",
        )


def _bundle(folder: Path) -> Bundle:
    bundle = Bundle(folder, read_card(folder / CARD))
    if bundle.card.name != folder.name:
        raise UserError(
            f"The model folder {folder.name} holds the card of {bundle.card.name}.",
            f"Rename the folder to {bundle.card.name}.",
        )
    return bundle
