"""Fixtures: lesions to store, and a store for them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from csamoe_desktop import paths
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import StoredLesion, packed


@pytest.fixture
def file() -> Path:
    """The path of the store."""
    return paths.store_file()


@pytest.fixture
def another_window(file: Path) -> Iterator[Callable[[], Autosave]]:
    """Return a function that opens the store as a window of the program does."""
    opened: list[Autosave] = []

    def window() -> Autosave:
        opened.append(Autosave(file))
        return opened[-1]

    yield window
    for autosave in opened:
        autosave.close()


@pytest.fixture
def autosave(another_window: Callable[[], Autosave]) -> Autosave:
    return another_window()


@pytest.fixture
def lesion() -> Callable[..., StoredLesion]:
    """Return a function that makes a lesion of random pixels, which compress worst."""

    def made(seed: int = 0, shape: tuple[int, int] = (37, 53), comment: str = "") -> StoredLesion:
        pixels = np.random.default_rng(seed).random(shape) < 0.5
        return packed(LesionMask(pixels, Author.DRAWN), comment)

    return made
