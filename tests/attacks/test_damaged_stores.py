"""Stores with flipped bits, swapped pages and cut ends: no image ever gets another's outline, and nothing is lost unsaid."""

import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.store.assessments import AssessmentStore, Sitting
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey, StoredLesion, packed

IMAGES, PAGE = 40, 4096


@dataclass
class Outcome:
    """What came of the stores: how many rows were shown wrong, lost with and without a word, and how stores ended."""

    counted: Counter[str] = field(default_factory=Counter)
    silent: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)


def key_of(number: int) -> LesionKey:
    return LesionKey(f"{number:064x}", 0)


def lesion_of(number: int) -> StoredLesion:
    pixels = np.random.default_rng(number).random((40, 40 + number)) < 0.5
    return packed(LesionMask(pixels, Author.DRAWN), f"comment on image {number}")


def calipers_of(number: int) -> tuple[Caliper, ...]:
    return (Caliper((float(number), 1.0), (2.0, 3.0)),)


def said_of(number: int) -> Examination:
    return Examination(indication=f"indication {number}")


def sitting_of(number: int) -> Sitting:
    return Sitting(
        f"sitting {number}", key_of(number), "2026-01-01T00:00:00+00:00", AssessmentRecord(final=Assessment()), None
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with work on many images, closed as it should be."""
    file = tmp_path_factory.mktemp("whole") / "work.sqlite"
    store, reads = Autosave(file), AssessmentStore(file)
    for number in range(IMAGES):
        store.keep(key_of(number), lesion_of(number))
        store.keep_calipers(key_of(number).image, 0, calipers_of(number))
        store.keep_examination(f"examination {number}", said_of(number))
        reads.keep(sitting_of(number))
    assert store.write() is None
    reads.write()
    # Rows that came and went: what is freed must not come back.
    for number in range(IMAGES, IMAGES + 10):
        store.keep(key_of(number), lesion_of(number))
    store.write()
    for number in range(IMAGES, IMAGES + 10):
        rows, columns = lesion_of(number).rows, lesion_of(number).columns
        store.keep(key_of(number), packed(LesionMask(np.zeros((rows, columns), bool), Author.NONE), ""))
    store.write()
    store.close()
    assert not Path(f"{file}-wal").exists()
    return file


def spoil(file: Path, chance: random.Random) -> str:
    """Damage a file, and return how."""
    content = bytearray(file.read_bytes())
    pages = len(content) // PAGE
    how = chance.choice(["bits", "bits", "few bits", "header", "pages", "truncated", "zeroed", "copied"])
    if how in ("bits", "few bits"):
        for _ in range(chance.randint(1, 3) if how == "few bits" else chance.randint(4, 60)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif how == "header":
        content[chance.randrange(100)] ^= 1 << chance.randrange(8)
    elif how == "truncated":
        del content[chance.randrange(len(content)) :]
    else:
        one, other = (chance.randrange(pages) * PAGE for _ in range(2))
        first, second = content[one : one + PAGE], content[other : other + PAGE]
        if how == "pages":
            content[one : one + PAGE], content[other : other + PAGE] = second, first
        elif how == "zeroed":
            content[one : one + PAGE] = bytes(PAGE)
        else:
            content[one : one + PAGE] = second
    file.write_bytes(content)
    return how


def shown(store: Autosave, said: list[str]) -> dict[str, object]:
    """Return what a window shows of every image, by what it is; what is refused is said."""
    found: dict[str, object] = {}
    for number in range(IMAGES + 10):
        image = key_of(number).image
        try:
            numbers, _ = store.numbers(image, 0)
            for lesion in numbers:
                kept = store.find(LesionKey(image, 0, lesion))
                if kept is not None:
                    found[f"lesion {number} {lesion}"] = kept
            if calipers := store.find_calipers(image, 0):
                found[f"calipers {number}"] = calipers
            if (examination := store.find_examination(f"examination {number}")).given:
                found[f"examination {number}"] = examination
        except UserError as problem:
            said.append(str(problem))
    return found


def right() -> dict[str, object]:
    told: dict[str, object] = {}
    for number in range(IMAGES):
        told |= {
            f"lesion {number} 1": lesion_of(number),
            f"calipers {number}": calipers_of(number),
            f"examination {number}": said_of(number),
            f"read {number}": sitting_of(number),
        }
    return told


def attack(whole: Path, folder: Path, seeds: range) -> Outcome:
    """Damage the store once for each seed, open it as the window does, and count."""
    outcome, expected = Outcome(), right()
    for seed in seeds:
        file = folder / f"{seed}" / "work.sqlite"
        file.parent.mkdir()
        shutil.copy(whole, file)
        how = spoil(file, random.Random(seed))
        said: list[str] = []
        store = Autosave(file)
        early = shown(store, said) if seed % 2 else {}
        store.look_through()
        for _ in range(3):
            if not store.work_to_do:
                break
            try:
                if (told := store.write()) is not None:
                    said.append(str(told))
            except UserError as problem:
                said.append(str(problem))
            said += map(str, store.found_spoilt())
        late = shown(store, said)
        try:
            for one in AssessmentStore(file).all():
                late[f"read {int(one.key.image, 16)}"] = one
        except UserError as problem:
            outcome.counted["refused"] += 1
            said.append(str(problem))
        store.close()
        for found in (early, late):
            if any(expected.get(name) != what for name, what in found.items()):
                outcome.wrong.append(seed)
        lost = len(expected.keys() - late.keys())
        outcome.counted[f"stores: {how}"] += 1
        outcome.counted["rows lost and said"] += lost if said else 0
        outcome.counted["begun afresh"] += any("new store was created" in one for one in said)
        outcome.counted["rows set aside"] += any("never shown" in one for one in said)
        outcome.counted["nothing lost"] += not lost
        if lost and not said:
            outcome.silent.append(seed)
        shutil.rmtree(file.parent)
    return outcome


def test_forty_damaged_stores(whole: Path, tmp_path: Path) -> None:
    outcome = attack(whole, tmp_path, range(1000, 1040))
    assert (outcome.wrong, outcome.silent) == ([], []), outcome.counted


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 800, 100))
def test_eight_hundred_damaged_stores(whole: Path, tmp_path: Path, first: int) -> None:
    outcome = attack(whole, tmp_path, range(first, first + 100))
    print(dict(outcome.counted))
    assert (outcome.wrong, outcome.silent) == ([], []), outcome.counted


def test_a_whole_store_is_as_it_was(whole: Path, tmp_path: Path) -> None:
    file = tmp_path / "work.sqlite"
    shutil.copy(whole, file)
    store = Autosave(file)
    store.look_through()
    said: list[str] = []
    found = shown(store, said)
    found |= {f"read {int(one.key.image, 16)}": one for one in AssessmentStore(file).all()}
    assert not store.work_to_do
    assert store.write() is None
    store.close()
    assert (found, said) == (right(), [])
