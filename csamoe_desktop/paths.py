"""Where the program's own files and the user's files are: the same answers from a clone, a wheel and a frozen program."""

import os
import sys
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_APPLICATION = "CSA-MoE Desktop"


def _shipped(name: str, override: str) -> Path:
    """Return the shipped folder `name`: `override` (an environment variable) first, then the frozen program's
    data folder, then inside the package (a wheel), then beside it (a clone)."""
    if value := os.environ.get(override):
        return Path(value)
    if frozen := getattr(sys, "_MEIPASS", None):
        return Path(frozen) / name
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def resources() -> Path:
    """Return the folder of icons, themes and fonts."""
    return _shipped("resources", "CSAMOE_RESOURCES")


def model_weights() -> Path:
    """Return the folder that holds one folder a model bundle."""
    return _shipped("model_weights", "CSAMOE_MODEL_WEIGHTS")


def user_folder() -> Path:
    """Return the folder for the user's settings, work and log (not created here)."""
    if value := os.environ.get("CSAMOE_USER_FOLDER"):
        return Path(value)
    return Path(platformdirs.user_data_dir(_APPLICATION, appauthor=False))


def settings_file() -> Path:
    """Return the path of the user's settings."""
    return user_folder() / "settings.json"


def store_file() -> Path:
    """Return the path of the store: outlines and comments by image, which may hold patient data."""
    return user_folder() / "work.sqlite"


def unpacked_folder() -> Path:
    """Return the folder for what this run of the program unpacks of archives; it is removed as the program ends."""
    return user_folder() / "unpacked"


def log_file() -> Path:
    """Return the path of the program's log, which holds no patient data."""
    return user_folder() / "csamoe-desktop.log"


def signing_key_file() -> Path:
    """Return the path of the key this installation signs reports with, which its owner alone may read."""
    return user_folder() / "signing-key.pem"


def trusted_keys_folder() -> Path:
    """Return the folder of other installations' public keys (.pem) that are trusted (not created here)."""
    return user_folder() / "trusted-keys"
