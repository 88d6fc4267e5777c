"""A line of the AI box on what does not go together: reader and AI, file and description, views read and views not read."""

from PySide6.QtWidgets import QLabel, QWidget

from csamoe_desktop.report.content.contradictions import contradictions
from csamoe_desktop.report.content.disagreement import disagreement
from csamoe_desktop.report.content.sections import make_scale
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets import theme


class ReaderAndAI(QLabel):
    """Says in sentences what of the reading in view does not go together; hidden where nothing is, or nothing is read."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWordWrap(True)
        theme.set_role(self, "attention")
        self.setAccessibleName("What does not go together")
        session.resultChanged.connect(self.show_now)
        session.assessments.changed.connect(self.show_now)
        session.lesionChanged.connect(self.show_now)
        self.show_now()

    def show_now(self) -> None:
        """Say it as it is now."""
        told = self._sentences() if self._session.shown_result.state is ResultState.DONE else ()
        self.setText("\n".join(told))
        self.setVisible(bool(told))

    def _sentences(self) -> tuple[str, ...]:
        session = self._session
        given = session.reports.in_view()
        if given is None:
            return ()
        found = []
        ai_result = given.ai_result
        if given.reads is not None:
            scale, _ = make_scale(ai_result.prediction.probability, ai_result.category, ai_result.card.thresholds)
            found.append(disagreement(given.reads.final, ai_result.category, scale.probability_words))
        found += contradictions(given, indication=session.examinations.now.indication)
        unread = session.reports.unread_views()
        if unread:
            found.append(f"Other views of this lesion are marked and not read: {'; '.join(unread)}.")
        return tuple(filter(None, found))
