"""Two windows on one image: what each has done is kept beside the other's, and both are told.

Whoever writes says what they began from. Where something else lies there by then, another window wrote it: an outline then
becomes a further lesion, calipers and what is said of an examination are put together from the three states.
"""

import dataclasses
import sqlite3
from dataclasses import dataclass, field
from threading import Lock

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.store import sums
from csamoe_desktop.store.calipers import get_calipers, put_calipers
from csamoe_desktop.store.examinations import get_examination, put_examination
from csamoe_desktop.store.lesions import LesionKey, StoredLesion, numbers, put, unpacked

Place = tuple[str, int]
"""An image's hash and a frame."""
Calipers = tuple[Caliper, ...]

_WHERE = "WHERE image = ? AND frame = ? AND lesion = ?"


@dataclass(slots=True)
class Merged:
    """What was put together since it was last asked.

    Attributes:
        moved: the lesions that got another number, by where they were.
        calipers: what an image has now, by what this window wrote of it.
        examinations: what is said now of an examination.
        said: what the user is to know, in sentences.
    """

    moved: dict[LesionKey, LesionKey] = field(default_factory=dict)
    calipers: dict[Place, tuple[Calipers, Calipers]] = field(default_factory=dict)
    examinations: dict[str, Examination] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.moved or self.calipers or self.examinations or self.said)

    def say(self, sentence: str) -> None:
        """Have the user know this, once."""
        if sentence not in self.said:
            self.said.append(sentence)


class Merging:
    """What this window knows of the store, and how it writes there without taking another window's work away."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._calipers: dict[Place, Calipers] = {}
        self._examinations: dict[str, Examination] = {}
        self._written: list[tuple[Place, Calipers] | tuple[str, Examination]] = []
        self._used: dict[Place, int] = {}
        self._merged = Merged()

    def saw_calipers(self, place: Place, there: Calipers) -> Calipers:
        """Note, and return, what the window has of an image's calipers."""
        with self._guard:
            self._calipers[place] = there
        return there

    def saw_examination(self, key: str, there: Examination) -> Examination:
        """Note, and return, what the window has of what is said of an examination."""
        with self._guard:
            self._examinations[key] = there
        return there

    def uses(self, place: Place, number: int) -> None:
        """Note the highest number that a lesion on an image has in this window."""
        with self._guard:
            self._used[place] = max(number, self._used.get(place, 0))

    def begin(self) -> None:
        """A transaction begins: what came of the one before it is forgotten if it did not come to its end."""
        self._written.clear()

    def committed(self) -> None:
        """The transaction is in the store."""
        with self._guard:
            for where, what in self._written:
                if isinstance(where, tuple) and isinstance(what, tuple):
                    self._calipers[where] = what
                elif isinstance(where, str) and isinstance(what, Examination):
                    self._examinations[where] = what
            self._written.clear()

    def afresh(self) -> None:
        """Another file than before is written to: nothing in it is what this window began from."""
        with self._guard:
            self._calipers.clear()
            self._examinations.clear()

    def take(self) -> Merged:
        """Return what was put together; from now on this window has it so."""
        with self._guard:
            told, self._merged = self._merged, Merged()
            self._calipers |= {place: there for place, (_, there) in told.calipers.items()}
            self._examinations |= told.examinations
        return told

    @property
    def waits(self) -> bool:
        """Whether there is anything to `take`."""
        return bool(self._merged)

    def put(self, connection: sqlite3.Connection, key: LesionKey, kept: StoredLesion, seen: str | None) -> str | None:
        """Keep a lesion as `lesions.put` does; where another edition than `seen` lies, under a number of its own.

        Raises:
            sqlite3.Error: the store cannot be written.
        """
        known = key
        with self._guard:
            key = self._merged.moved.get(known, known)
        try:
            there = sums.one(connection, "lesion", dataclasses.asdict(key))
            theirs = None if there is None else unpacked(there)
        except ValueError:
            # Spoilt: it is set aside as this one takes its place.
            return put(connection, key, kept, seen)
        if there is None or theirs is None or there["edition"] == seen:
            return put(connection, key, kept, seen)
        if _same(theirs, kept):
            return str(there["edition"])
        if kept.nothing:
            if seen is not None:
                self._say(
                    f"Lesion {key.lesion}, which you deleted, was changed in another window meanwhile and stays there."
                )
            return None
        return put(connection, self._move(connection, known, key), kept, None)

    def put_calipers(self, connection: sqlite3.Connection, image: str, frame: int, ours: Calipers) -> None:
        """Keep an image's calipers, with those that another window has drawn there since.

        Raises:
            sqlite3.Error: the store cannot be written.
        """
        place = (image, frame)
        try:
            theirs = get_calipers(connection, image, frame)
        except ValueError:
            sums.move_row(connection, "caliper", "WHERE image = ? AND frame = ?", place)
            theirs = ()
        with self._guard:
            base = self._calipers.get(place, ())
        whole = both_calipers(base, theirs, ours)
        put_calipers(connection, image, frame, whole)
        self._written.append((place, ours))
        if whole != ours:
            with self._guard:
                self._merged.calipers[place] = (ours, whole)
            self._say(
                "Calipers were drawn or removed on this image in another window too; both windows' are shown now."
            )

    def put_examination(self, connection: sqlite3.Connection, key: str, ours: Examination) -> None:
        """Keep what is said of an examination, with what another window has said of it since.

        Raises:
            sqlite3.Error: the store cannot be written.
        """
        try:
            theirs = get_examination(connection, key)
        except ValueError:
            sums.move_row(connection, "examination", "WHERE key = ?", (key,))
            theirs = Examination()
        with self._guard:
            base = self._examinations.get(key, Examination())
        try:
            whole = both_examinations(base, theirs, ours)
        except UserError:
            # Together they are longer than a report takes.
            sums.put_by(connection, "examination", {"key": key, **theirs.to_dict()})
            whole = ours
            self._say(
                "Another window has written on this examination too, more than a report takes together: yours is kept, "
                "the other is set aside in the store."
            )
        put_examination(connection, key, whole)
        self._written.append((key, ours))
        if whole != ours:
            with self._guard:
                self._merged.examinations[key] = whole
            self._say("Another window has written on this examination too; both texts are kept, see Examination.")

    def _move(self, connection: sqlite3.Connection, known: LesionKey, key: LesionKey) -> LesionKey:
        """Return a key for what the window knows as `known`, as another window has taken `key`."""
        last = numbers(connection, key.image, key.frame)[1]
        with self._guard:
            place = (key.image, key.frame)
            moved = dataclasses.replace(key, lesion=1 + max(last, key.lesion, self._used.get(place, 0)))
            self._used[place] = moved.lesion
            self._merged.moved[known] = moved
        self._say(
            f"Another window has changed lesion {key.lesion} of this image meanwhile. Both are kept: "
            f"yours is lesion {moved.lesion} now."
        )
        return moved

    def _say(self, sentence: str) -> None:
        with self._guard:
            self._merged.say(sentence)


def both_calipers(base: Calipers, theirs: Calipers, ours: Calipers) -> Calipers:
    """Return what two have made of `base`: what either has drawn, without what either has removed; theirs first."""
    if theirs == base:
        return ours
    kept = [one for one in theirs if one in ours or one not in base]
    return (*kept, *(one for one in ours if one not in base and one not in kept))


def both_examinations(base: Examination, theirs: Examination, ours: Examination) -> Examination:
    """Return what two have made of `base`: of each text the changed one, and both, one below the other, where both are.

    Raises:
        UserError: they are too long together.
    """
    told: dict[str, str] = {}
    before, other, own = base.to_dict(), theirs.to_dict(), ours.to_dict()
    for name in own:
        if other[name] in (before[name], own[name]) or other[name] in own[name]:
            told[name] = own[name]
        elif own[name] == before[name] or own[name] in other[name]:
            told[name] = other[name]
        else:
            told[name] = f"{other[name]}\n{own[name]}"
    return Examination(**told)


def _same(one: StoredLesion, other: StoredLesion) -> bool:
    """Return whether two are the same to the reader: two windows give an outline of old, which had none, an identity each."""

    def plain(kept: StoredLesion) -> StoredLesion:
        told = kept.description and dataclasses.replace(kept.description, identity="")
        return dataclasses.replace(kept, description=told if told and told.said else None)

    return plain(one) == plain(other)
