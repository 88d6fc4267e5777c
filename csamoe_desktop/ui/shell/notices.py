"""Passes the session's notices to the messages, with the image they are about, so that they are cleared with it."""

from functools import partial

from PySide6.QtCore import QObject

from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets.messages import Kind, Messages, Place


class Notices(QObject):
    """Connects a session with the messages of its window."""

    def __init__(self, session: Session, messages: Messages, window: QObject) -> None:
        super().__init__(window)
        self._session = session
        self._messages = messages
        messages.about = self._about
        session.failed.connect(messages.failure)
        session.noted.connect(self._note)
        session.studyChanged.connect(partial(messages.clear, Kind.NOTE, Kind.QUESTION))
        session.frameChanged.connect(partial(messages.clear, Kind.QUESTION))
        session.frameChanged.connect(self._clear_other_places)

    @property
    def _in_view(self) -> Place:
        """The study and the frame in view."""
        session = self._session
        return session.study, None if session.frame is None else (session.study, session.frame.index)

    def _about(self) -> Place:
        """Return the place a message is about; one about files that are being opened has no place in view."""
        return (None, None) if self._session.loader.reporting else self._in_view

    def _note(self, text: str) -> None:
        study = self._session.study
        if study is not None and text in study.notes:
            # A note on a file holds for all its frames.
            self._messages.about = lambda: (study, None)
        self._messages.note(text)
        self._messages.about = self._about

    def _clear_other_places(self) -> None:
        self._messages.turn_to(*self._in_view)
