"""The note in the AI result box on contradictions: reader and AI, file and description, and views without an AI result."""

from PySide6.QtWidgets import QLabel, QWidget

from csamoe_desktop.report.content.contradictions import contradictions
from csamoe_desktop.report.content.disagreement import disagreement
from csamoe_desktop.report.content.result_words import make_scale
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets import theme


class ReaderAndAI(QLabel):
    """Lists the contradictions of the current lesion in sentences; hidden without any, or without an AI result."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWordWrap(True)
        theme.set_role(self, "attention")
        self.setAccessibleName("Contradictions")
        session.resultChanged.connect(self.show_now)
        session.assessments.changed.connect(self.show_now)
        session.lesionChanged.connect(self.show_now)
        self.show_now()

    def show_now(self) -> None:
        """Update the sentences."""
        sentences = self._sentences() if self._session.shown_result.state is ResultState.DONE else ()
        self.setText("\n".join(sentences))
        self.setVisible(bool(sentences))

    def _sentences(self) -> tuple[str, ...]:
        session = self._session
        given = session.reports.in_view()
        if given is None:
            return ()
        sentences = []
        ai_result = given.ai_result
        if given.reads is not None:
            scale, _ = make_scale(ai_result.prediction.probability, ai_result.category, ai_result.card.thresholds)
            sentences.append(disagreement(given.reads.final, ai_result.category, scale.probability_words))
        sentences += contradictions(given, indication=session.examinations.now.indication)
        unread = session.reports.unassessed_views()
        if unread:
            sentences.append(f"Other views of this lesion are marked but have no AI result: {'; '.join(unread)}.")
        return tuple(filter(None, sentences))
