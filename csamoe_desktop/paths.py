"""Paths of the program's own files and the user's files, for a clone, a wheel and a frozen program alike."""

import os
import sys
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_APPLICATION = "CSA-MoE Desktop"


def _shipped(name: str, override: str) -> Path:
    """Return the shipped folder `name`: from `override` (an environment variable), else in the frozen program's data
    folder, else inside the package (a wheel), else next to it (a clone)."""
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
    """Return the folder that contains a folder for each model bundle."""
    return _shipped("model_weights", "CSAMOE_MODEL_WEIGHTS")


def user_folder() -> Path:
    """Return the folder for the user's settings, store and log (not created here)."""
    if value := os.environ.get("CSAMOE_USER_FOLDER"):
        return Path(value)
    return Path(platformdirs.user_data_dir(_APPLICATION, appauthor=False))


def settings_file() -> Path:
    """Return the path of the user's settings."""
    return user_folder() / "settings.json"


def store_file() -> Path:
    """Return the path of the store: outlines and comments by image, which may contain patient data."""
    return user_folder() / "work.sqlite"


def unpacked_folder() -> Path:
    """Return the folder into which archives are unpacked; its contents are removed when the program ends."""
    return user_folder() / "unpacked"


def log_file() -> Path:
    """Return the path of the program's log, which contains no patient data."""
    return user_folder() / "csamoe-desktop.log"


def signing_key_file() -> Path:
    """Return the path of the key with which this installation signs reports; only its owner can read it."""
    return user_folder() / "signing-key.pem"


def trusted_keys_folder() -> Path:
    """Return the folder of other installations' public keys (.pem) that are trusted (not created here)."""
    return user_folder() / "trusted-keys"
