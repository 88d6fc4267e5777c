"""Several windows on one store: all can start at once, each finds the others, and none overwrites another's work."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey, StoredLesion, nothing_of
from csamoe_desktop.store.merging import both_calipers, both_examinations

ROOT = Path(__file__).resolve().parent.parent.parent
Make = Callable[..., StoredLesion]
Window = Callable[[], Autosave]
KEY = LesionKey("image", 0)
ONE, TWO, THREE = (Caliper((float(number), 0.0), (0.0, 1.0)) for number in range(3))

STARTS = """
import sys, time
from pathlib import Path
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey, packed
from csamoe_desktop.lesion.mask import Author, LesionMask
import numpy as np
window = Autosave(Path(sys.argv[1]))
kept = packed(LesionMask(np.ones((8, 8), bool), Author.DRAWN), sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
assert window.find(LesionKey("other", 0)) is None
window.keep(LesionKey(f"image {sys.argv[2]}", 0), kept)
told = window.write()
window.close()
print("told" if told else "kept")
"""


def test_many_programs_begin_a_store_at_once(file: Path, another_window: Window) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", STARTS, str(file), str(number)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline().strip() == "ready"
    ended = [one.communicate("go\n", timeout=120) for one in running]
    assert [out.strip() for out, _ in ended] == ["kept"] * 6, [error for _, error in ended]
    assert all(another_window().find(LesionKey(f"image {number}", 0)) for number in range(6))
    assert list(file.parent.glob("*damaged*")) == []
    assert list(file.parent.glob("*.new")) == []


def test_many_threads_begin_a_store_at_once(file: Path, another_window: Window, lesion: Make) -> None:
    together, problems = Barrier(12), []

    def begin(number: int) -> None:
        window = another_window()
        window.keep(LesionKey(f"image {number}", 0), lesion(number))
        together.wait()
        try:
            assert window.find(LesionKey("other", 0)) is None
            problems.extend([told for told in (window.write(),) if told])
        except UserError as problem:
            problems.append(problem)

    threads = [Thread(target=begin, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert [another_window().find(LesionKey(f"image {number}", 0)) for number in range(12)] == [
        lesion(number) for number in range(12)
    ]


def test_a_window_sees_the_others_once_and_not_those_that_have_gone(another_window: Window, lesion: Make) -> None:
    one, two = another_window(), another_window()
    assert one.look_around() == [], "not before it is there itself"
    one.write()
    assert one.look_around() == []
    two.write()
    (seen,) = one.look_around()
    assert "on this computer, process" in seen.words
    assert one.look_around() == []
    assert len(two.look_around()) == 1
    one.close()
    three = another_window()
    three.write()
    assert len(three.look_around()) == 1
    assert not three.work_to_do


def test_a_second_lesion_begun_in_both_windows_is_two(another_window: Window, lesion: Make) -> None:
    one, two = another_window(), another_window()
    for window in (one, two):
        assert window.numbers("image", 0) == ((), 0)
    one.keep(KEY, lesion(1))
    one.write()
    two.uses("image", 0, 2)
    two.keep(KEY, lesion(2))
    two.keep(LesionKey("image", 0, 2), lesion(3))
    two.write()
    told = two.merged()
    assert told.moved == {KEY: LesionKey("image", 0, 3)}, "2 is another lesion of this window's"
    fresh = another_window()
    assert [fresh.find(LesionKey("image", 0, number)) for number in (1, 2, 3)] == [lesion(1), lesion(3), lesion(2)]


def test_strokes_drawn_before_the_window_knows_go_the_same_way(another_window: Window, lesion: Make) -> None:
    one, two = another_window(), another_window()
    one.keep(KEY, lesion(1))
    one.write()
    for seed in (2, 3):
        two.keep(KEY, lesion(seed))
        two.write()
    two.keep(KEY, lesion(4))
    assert two.merged().moved == {KEY: LesionKey("image", 0, 2)}
    two.write()
    fresh = another_window()
    assert fresh.numbers("image", 0) == ((1, 2), 2)
    assert fresh.find(LesionKey("image", 0, 2)) == lesion(4)
    two.keep(LesionKey("image", 0, 2), lesion(5))
    two.write()
    assert not two.merged()
    assert another_window().find(KEY) == lesion(1)


def test_a_deletion_does_not_take_away_what_changed_meanwhile(another_window: Window, lesion: Make) -> None:
    one, two = another_window(), another_window()
    one.keep(KEY, lesion(1))
    one.write()
    assert two.find(KEY) == lesion(1)
    one.keep(KEY, lesion(2))
    one.write()
    two.keep(KEY, nothing_of((37, 53)))
    two.write()
    assert "it was not deleted from the store" in two.merged().said[0]
    assert another_window().find(KEY) == lesion(2)


def test_the_same_work_twice_is_one_lesion(another_window: Window, lesion: Make) -> None:
    one, two = another_window(), another_window()
    for window in (one, two):
        window.keep(KEY, lesion(1, comment="seen"))
        window.write()
    assert not two.merged()
    assert another_window().numbers("image", 0) == ((1,), 1)


def test_calipers_of_both_windows_are_kept(another_window: Window) -> None:
    one, two = another_window(), another_window()
    for window, calipers in ((one, (ONE,)), (two, (TWO,))):
        assert window.find_calipers("image", 0) == ()
        window.keep_calipers("image", 0, calipers)
    one.write()
    two.write()
    assert two.merged().calipers == {("image", 0): ((TWO,), (ONE, TWO))}
    assert another_window().find_calipers("image", 0) == (ONE, TWO)
    two.keep_calipers("image", 0, (TWO,))
    two.write()
    assert another_window().find_calipers("image", 0) == (TWO,), "it knows of the other by now, and has removed it"


def test_what_both_windows_say_of_an_examination_is_kept(another_window: Window) -> None:
    one, two = another_window(), another_window()
    for window in (one, two):
        assert not window.find_examination("key").given
    one.keep_examination("key", Examination("a lump", technique="B-mode"))
    two.keep_examination("key", Examination("pain", comparison="2024"))
    one.write()
    two.write()
    assert another_window().find_examination("key") == Examination("a lump\npain", "2024", "B-mode")
    assert "Both texts are saved" in two.merged().said[0]


def test_three_states_are_put_together() -> None:
    assert both_calipers((ONE,), (ONE, TWO), (ONE, THREE)) == (ONE, TWO, THREE)
    assert both_calipers((ONE, TWO), (ONE,), (ONE, TWO, THREE)) == (ONE, THREE)
    assert both_calipers((), (), (ONE,)) == (ONE,)
    assert both_calipers((ONE,), (ONE,), ()) == ()
    assert both_examinations(Examination("a"), Examination("a"), Examination()) == Examination()
    assert both_examinations(Examination("a"), Examination("b"), Examination("a")) == Examination("b")


def test_texts_too_long_together_are_not_cut(another_window: Window) -> None:
    one, two = another_window(), another_window()
    for window, letter in ((one, "a"), (two, "b")):
        window.find_examination("key")
        window.keep_examination("key", Examination(letter * 900))
    one.write()
    two.write()
    assert another_window().find_examination("key") == Examination("b" * 900)
    assert "set aside in the store" in two.merged().said[0]


def test_two_windows_at_random_lose_nothing(another_window: Window, lesion: Make) -> None:
    take_turns(another_window, lesion, steps=150, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_two_windows_at_random_lose_nothing_for_long(another_window: Window, lesion: Make, seed: int) -> None:
    take_turns(another_window, lesion, steps=2000, seed=seed)


def take_turns(another_window: Window, lesion: Make, steps: int, seed: int) -> None:
    """Three windows draw on two images at random; in the end the store has the newest state of every lesion of each."""
    chance = random.Random(seed)
    windows = [another_window() for _ in range(3)]
    drawn: list[dict[LesionKey, StoredLesion]] = [{} for _ in windows]
    for window in windows:
        for image in ("one", "two"):
            window.numbers(image, 0)
    for step in range(steps):
        place = chance.randrange(3)
        window, own = windows[place], drawn[place]
        what = chance.random()
        if what < 0.6:
            image = chance.choice(("one", "two"))
            known = [key.lesion for key in own if key.image == image]
            new = LesionKey(image, 0, max(known, default=0) + 1)
            key = new if not known or chance.random() < 0.05 else LesionKey(image, 0, chance.choice(known))
            own[key] = lesion(seed * 100_000 + step, (9, 9), f"by {place} at {step}")
            window.uses(image, 0, key.lesion)
            window.keep(key, own[key])
        elif what < 0.9:
            window.write()
        else:
            moved = window.merged().moved
            taken = {old: own.pop(old) for old in moved if old in own}
            own |= {moved[old]: kept for old, kept in taken.items()}
    for window in windows:
        window.write()
    fresh = another_window()
    there = {
        fresh.find(LesionKey(image, 0, number)).comment  # type: ignore[union-attr]
        for image in ("one", "two")
        for number in fresh.numbers(image, 0)[0]
    }
    assert {kept.comment for own in drawn for kept in own.values()} <= there
