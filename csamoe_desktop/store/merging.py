"""Merges the work of two windows on the same image or examination, so that neither overwrites the other's.

A window writes together with the state that it started from. If the store has another state by then, another window wrote
it: an outline becomes a further lesion; calipers and an examination's texts are merged from the three states.
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
    """What was merged since the last call of `Merging.take`.

    Attributes:
        moved: lesions that got another number: old key to new key.
        calipers: by image, the calipers that this window wrote and the merged ones.
        examinations: the merged texts, by the examination's key.
        said: messages for the user.
    """

    moved: dict[LesionKey, LesionKey] = field(default_factory=dict)
    calipers: dict[Place, tuple[Calipers, Calipers]] = field(default_factory=dict)
    examinations: dict[str, Examination] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.moved or self.calipers or self.examinations or self.said)

    def say(self, sentence: str) -> None:
        """Add a message for the user, once."""
        if sentence not in self.said:
            self.said.append(sentence)


class Merging:
    """What this window knows of the store, and writing there without overwriting another window's work."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._calipers: dict[Place, Calipers] = {}
        self._examinations: dict[str, Examination] = {}
        self._written: list[tuple[Place, Calipers] | tuple[str, Examination]] = []
        self._used: dict[Place, int] = {}
        self._merged = Merged()

    def saw_calipers(self, place: Place, there: Calipers) -> Calipers:
        """Record, and return, the calipers of an image that this window has read."""
        with self._guard:
            self._calipers[place] = there
        return there

    def saw_examination(self, key: str, there: Examination) -> Examination:
        """Record, and return, the examination's texts that this window has read."""
        with self._guard:
            self._examinations[key] = there
        return there

    def uses(self, place: Place, number: int) -> None:
        """Record a lesion number that this window uses on an image."""
        with self._guard:
            self._used[place] = max(number, self._used.get(place, 0))

    def begin(self) -> None:
        """Begin a transaction; what an unfinished one before it wrote is forgotten."""
        self._written.clear()

    def committed(self) -> None:
        """Record that the transaction has been committed."""
        with self._guard:
            for key, value in self._written:
                if isinstance(key, tuple) and isinstance(value, tuple):
                    self._calipers[key] = value
                elif isinstance(key, str) and isinstance(value, Examination):
                    self._examinations[key] = value
            self._written.clear()

    def afresh(self) -> None:
        """Forget the states this window started from, because a new file is written to."""
        with self._guard:
            self._calipers.clear()
            self._examinations.clear()

    def take(self) -> Merged:
        """Return what was merged; from now on it is the state that this window starts from."""
        with self._guard:
            merged, self._merged = self._merged, Merged()
            self._calipers |= {place: whole for place, (_, whole) in merged.calipers.items()}
            self._examinations |= merged.examinations
        return merged

    @property
    def waits(self) -> bool:
        """Whether there is anything to `take`."""
        return bool(self._merged)

    def put(self, connection: sqlite3.Connection, key: LesionKey, kept: StoredLesion, seen: str | None) -> str | None:
        """Store a lesion as `lesions.put` does; if the store has another edition than `seen`, use a new lesion number.

        Raises:
            sqlite3.Error: the store cannot be written.
        """
        known = key
        with self._guard:
            key = self._merged.moved.get(known, known)
        try:
            there = sums.select_one(connection, "lesion", dataclasses.asdict(key))
            theirs = None if there is None else unpacked(there)
        except ValueError:
            # A spoilt row is set aside when this one replaces it.
            return put(connection, key, kept, seen)
        if there is None or theirs is None or there["edition"] == seen:
            return put(connection, key, kept, seen)
        if _same(theirs, kept):
            return str(there["edition"])
        if kept.nothing:
            if seen is not None:
                self._say(
                    f"Lesion {key.lesion}, which you deleted here, was changed in another window; it was not deleted from "
                    "the store."
                )
            return None
        return put(connection, self._move(connection, known, key), kept, None)

    def put_calipers(self, connection: sqlite3.Connection, image: str, frame: int, ours: Calipers) -> None:
        """Store an image's calipers, merged with another window's changes since.

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
                "Another window also changed the calipers of this image. The calipers of both windows are shown now."
            )

    def put_examination(self, connection: sqlite3.Connection, key: str, ours: Examination) -> None:
        """Store an examination's texts, merged with another window's changes since.

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
            # Together they are longer than a report allows.
            sums.put_aside(connection, "examination", {"key": key, **theirs.to_dict()})
            whole = ours
            self._say(
                "Another window also edited this examination's texts. Together they are too long for a report: your text "
                "is saved, the other one is set aside in the store."
            )
        put_examination(connection, key, whole)
        self._written.append((key, ours))
        if whole != ours:
            with self._guard:
                self._merged.examinations[key] = whole
            self._say(
                "Another window also edited this examination's texts. Both texts are saved; check them under Examination."
            )

    def _move(self, connection: sqlite3.Connection, known: LesionKey, key: LesionKey) -> LesionKey:
        """Return a new key for the lesion that this window knows as `known`, because another window uses `key`."""
        last = numbers(connection, key.image, key.frame)[1]
        with self._guard:
            place = (key.image, key.frame)
            moved = dataclasses.replace(key, lesion=1 + max(last, key.lesion, self._used.get(place, 0)))
            self._used[place] = moved.lesion
            self._merged.moved[known] = moved
        self._say(
            f"Another window has changed lesion {key.lesion} of this image. Both outlines are saved: yours is lesion "
            f"{moved.lesion} now."
        )
        return moved

    def _say(self, sentence: str) -> None:
        with self._guard:
            self._merged.say(sentence)


def both_calipers(base: Calipers, theirs: Calipers, ours: Calipers) -> Calipers:
    """Return two windows' changes of `base` merged: what either has drawn, without what either has removed; theirs first."""
    if theirs == base:
        return ours
    kept = [caliper for caliper in theirs if caliper in ours or caliper not in base]
    return (*kept, *(caliper for caliper in ours if caliper not in base and caliper not in kept))


def both_examinations(base: Examination, theirs: Examination, ours: Examination) -> Examination:
    """Return two windows' changes of `base` merged: the changed version of each text, or both if both changed it.

    Raises:
        UserError: a merged text is too long.
    """
    texts: dict[str, str] = {}
    before, other, own = base.to_dict(), theirs.to_dict(), ours.to_dict()
    for name in own:
        if other[name] in (before[name], own[name]) or other[name] in own[name]:
            texts[name] = own[name]
        elif own[name] == before[name] or own[name] in other[name]:
            texts[name] = other[name]
        else:
            texts[name] = f"{other[name]}\n{own[name]}"
    return Examination(**texts)


def _same(ours: StoredLesion, theirs: StoredLesion) -> bool:
    """Return whether two lesions are equal apart from the identity, which each window gives to an old outline without one."""

    def plain(kept: StoredLesion) -> StoredLesion:
        description = kept.description and dataclasses.replace(kept.description, identity="")
        return dataclasses.replace(kept, description=description if description and description.said else None)

    return plain(ours) == plain(theirs)
