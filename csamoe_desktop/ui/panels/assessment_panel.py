"""The right column's boxes "Assessment", for the reader, and "Report"."""

import dataclasses
from functools import partial
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPlainTextEdit, QPushButton, QWidget

from csamoe_desktop.reader.assessment import SIZE, Assessment, Proposed, term_names
from csamoe_desktop.reader.lexicon import Descriptor, load_lexicon
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.panels.category_box import CategoryBox
from csamoe_desktop.ui.panels.folding import FoldingBox
from csamoe_desktop.ui.panels.terms_button import TermsButton
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.actions import Actions
from csamoe_desktop.ui.widgets.labels import Elided

_LINES = 3
_SOON = 60


class AssessmentBox(FoldingBox):
    """The reader's assessment of the current lesion: BI-RADS category, terms, recommendation and comment; and the reader's
    name, for every report.

    Terms proposed from the outline's measurements are muted, with a question mark, until they are confirmed.
    """

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__("Assessment", parent)
        self._session = session
        self._reads = session.assessments
        self._lexicon = load_lexicon()
        self.reader = QLineEdit(session.settings.reader)
        self.reader.setPlaceholderText("Reader's name")
        self.reader.setAccessibleName("Reader's name")
        self.category = CategoryBox(self._lexicon)
        self.category.setToolTip(f"<p>{self._lexicon.source}</p>")
        descriptors = self._lexicon.descriptors
        self.terms = {each.id: TermsButton(each, partial(self._pick, each.id)) for each in descriptors}
        recommended = Descriptor("management", "Management", False, self._lexicon.management)
        self.management = TermsButton(recommended, self._recommend)
        self.proposed = theme.label(role="muted", wrap=True)
        self.confirm = QPushButton("Confirm all")
        names = {SIZE: "Size", **{descriptor.id: descriptor.name for descriptor in descriptors}}
        self.confirm_one = {name: QPushButton(f"✓ {word}") for name, word in names.items()}
        for name, press in self.confirm_one.items():
            press.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            press.clicked.connect(partial(self._confirm_one, name))
        self.measured = theme.label(wrap=True)
        self.withdraw = QPushButton("Take back")
        self.withdraw.setToolTip("Turn the confirmed measurements back into proposals")
        for button in (self.confirm, self.withdraw):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.before = theme.label(role="muted", wrap=True)
        self.comment = QPlainTextEdit()
        self.comment.setPlaceholderText("Your comment on this lesion, for the report")
        self.comment.setAccessibleName("Comment on this lesion")
        self.comment.setTabChangesFocus(True)
        # A file dropped here is a study to open, not text.
        self.comment.setAcceptDrops(False)
        self.reader.setAcceptDrops(False)
        self._lay_out()
        self._next_key = actions.key("confirm_next", " (", ")")
        self._confirm_key = actions.key("confirm_proposed", " (", ")")
        self.reader.editingFinished.connect(self._take_reader)
        self.comment.textChanged.connect(self._take_comment)
        self.category.currentIndexChanged.connect(self._take_category)
        self.confirm.clicked.connect(actions["confirm_proposed"].trigger)
        self.withdraw.clicked.connect(self._reads.withdraw)
        self._proposal: tuple[LesionWork | None, Proposed | None] = (None, None)
        self._reads.changed.connect(self._show_unless_drawing)
        session.strokeEnded.connect(self._show_read)
        self._reads.focusRequested.connect(self._give_keys)
        session.currentLesionChanged.connect(self._show_comment)
        session.currentLesionChanged.connect(self._show_read)
        session.settingsChanged.connect(self._show_settings)
        self._show_comment()
        self._show_settings()
        self._show_read()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(theme.GRID // 2)
        for place, field in enumerate((*self.terms.values(), self.management)):
            grid.addWidget(field, place // 2, place % 2)
        self.column.addWidget(self.category)
        self.column.addLayout(grid)
        for text, button in ((self.proposed, self.confirm), (self.measured, self.withdraw)):
            line = QHBoxLayout()
            line.setSpacing(theme.GRID)
            line.addWidget(text, 1)
            line.addWidget(button)
            self.column.addLayout(line)
            if button is self.confirm:
                single = QHBoxLayout()
                single.setSpacing(theme.GRID // 2)
                for confirm_one in self.confirm_one.values():
                    single.addWidget(confirm_one)
                single.addStretch(1)
                self.column.addLayout(single)
        for widget in (self.before, self.comment, self.reader):
            self.column.addWidget(widget)

    def summary(self) -> str:
        """Return the category and the chosen terms."""
        assessment = self._reads.current
        terms = [term_names(each, assessment.terms.get(each.id, ())) for each in self._lexicon.descriptors]
        return ", ".join(filter(None, (f"BI-RADS {assessment.category}" if assessment.category else "", *terms)))

    def take(self) -> None:
        """Store the name being typed, although its field still has the focus."""
        self._take_reader()

    def _take_reader(self) -> None:
        self._session.user_settings.change(
            dataclasses.replace(self._session.settings, reader=self.reader.text().strip())
        )

    def _take_category(self) -> None:
        self._reads.change(dataclasses.replace(self._reads.current, category=self.category.currentData()))

    def _pick(self, descriptor: str, chosen: tuple[str, ...]) -> None:
        self._reads.change(self._reads.current.with_terms(descriptor, chosen))

    def _confirm_one(self, name: str) -> None:
        self._reads.confirm(name)

    def _recommend(self, chosen: tuple[str, ...]) -> None:
        self._reads.change(dataclasses.replace(self._reads.current, management="".join(chosen)))

    def _give_keys(self) -> None:
        if self.category.isEnabled():
            self.fold(False)
            self.category.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show_unless_drawing(self) -> None:
        # Show the reader's input at once, but measurements only after a stroke: a line that came and went with every
        # stroke would move everything below it.
        mask = self._session.mask
        if mask is None or not mask.in_stroke:
            self._show_read()

    def _show_read(self) -> None:
        reads, work = self._reads, self._session.work
        if not self._session.measurements.under_way:
            self._proposal = work, reads.proposed
        # While the outline is being measured, the earlier proposal stays.
        assessment, proposed = reads.current, self._proposal[1] if self._proposal[0] is work else None
        for widget in (self.category, self.management, *self.terms.values()):
            widget.setEnabled(work is not None)
        self.category.blockSignals(True)
        self.category.setCurrentIndex(self.category.findData(assessment.category))
        self.category.blockSignals(False)
        for descriptor in self._lexicon.descriptors:
            term = proposed.terms.get(descriptor.id, "") if proposed else ""
            self.terms[descriptor.id].show_terms(
                assessment.terms.get(descriptor.id, ()), term_names(descriptor, (term,) if term else ())
            )
        self.management.show_terms((assessment.management,) if assessment.management else (), "")
        left = proposed.open(assessment) if proposed else ()
        words = proposed.words(self._lexicon, assessment) if proposed else ""
        self.proposed.setText(f"Proposed from your outline: {_in_one_piece(words)}")
        self.proposed.setVisible(bool(left))
        for name, press in self.confirm_one.items():
            press.setVisible(name in left)
            words = _in_one_piece(proposed.words_of(name, self._lexicon)) if proposed and name in left else ""
            press.setAccessibleName(f"Confirm {words}")
            press.setToolTip(f"Confirm {words}{self._next_key if name in left[:1] else ''}")
        self.confirm.setToolTip(f"Confirm all proposed terms{self._confirm_key}")
        self.confirm.setVisible(len(left) > 1)
        measured = assessment.measured_words()
        self.measured.setText(f"Confirmed: {_in_one_piece(measured)}")
        for widget in (self.measured, self.withdraw):
            widget.setVisible(bool(measured))
        self.before.setText(self._earlier_words(assessment))
        self.before.setVisible(bool(self.before.text()))

    def _earlier_words(self, assessment: Assessment) -> str:
        """Return a note on the assessment before the AI result was shown, or ""."""
        first = self._reads.first
        if self._reads.since:
            saved = f"Saved on {self._reads.since}."
            return (
                f"{saved} Before the AI result: {first.category}."
                if first and first.category != assessment.category
                else saved
            )
        if self._reads.skipped:
            return "You skipped the assessment before the AI result."
        return f"Before the AI result: {first.category}." if first and first.category != assessment.category else ""

    def _take_comment(self) -> None:
        if self._session.work is not None:
            self._session.lesions.comment(self._session.work, self.comment.toPlainText())

    def _show_comment(self) -> None:
        work = self._session.work
        self.comment.setEnabled(work is not None)
        comment = "" if work is None else work.comment
        if comment != self.comment.toPlainText():
            self.comment.blockSignals(True)
            self.comment.setPlainText(comment)
            self.comment.blockSignals(False)

    def _show_settings(self) -> None:
        if self.reader.text().strip() != self._session.settings.reader:
            self.reader.setText(self._session.settings.reader)
        self.comment.setFixedHeight(self.comment.fontMetrics().lineSpacing() * _LINES + theme.GRID * 3)


class ReportBox(FoldingBox):
    """The export and copy buttons, why they are disabled, and the texts of the examination."""

    def __init__(
        self, session: Session, export: QAction, copy: QAction, examination: QAction, parent: QWidget | None = None
    ) -> None:
        super().__init__("Report", parent)
        self._session = session
        self.button = QPushButton("Export…")
        self.copy = QPushButton("Copy text")
        self.examination = QPushButton("Examination…")
        self._actions = {self.button: export, self.copy: copy, self.examination: examination}
        self.examination_text = Elided()
        self.examination_text.setTextFormat(Qt.TextFormat.PlainText)
        self.missing = theme.label(role="muted", wrap=True)
        self.column.addWidget(self.missing)
        for button, action in self._actions.items():
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(action.trigger)
            action.changed.connect(self._show)
        for button in (self.button, self.copy):
            self.heading.addWidget(button)
        line = QHBoxLayout()
        line.setSpacing(theme.GRID)
        line.addWidget(self.examination_text, 1)
        line.addWidget(self.examination)
        self.column.addLayout(line)
        session.resultChanged.connect(self._show)
        session.examinations.changed.connect(self._show_said)
        self._show()
        self._show_said()

    def _show_said(self) -> None:
        """Show the examination's texts in one line, and in full in the tooltip."""
        texts = {name.capitalize(): words.strip() for name, words in self._session.examinations.now.to_dict().items()}
        given = {name: words for name, words in texts.items() if words}
        line = " · ".join(f"{name}: {' '.join(words.split())}" for name, words in given.items())
        for widget in (self.examination_text, self.examination):
            widget.setVisible(self._session.study is not None)
        self.examination_text.setText(line or "No indication or technique yet")
        theme.set_role(self.examination_text, "" if given else "muted")
        tips = (f"<p><b>{name}</b><br>{escape(words).replace(chr(10), '<br>')}</p>" for name, words in given.items())
        self.examination_text.setToolTip("".join(tips))

    def _show(self) -> None:
        done = self._session.shown_result.state is ResultState.DONE
        for button, action in self._actions.items():
            button.setEnabled(action.isEnabled())
            button.setToolTip(action.toolTip())
        outdated = self._session.shown_result.state is ResultState.OUTDATED
        hidden = self._session.shown_result.state is ResultState.HIDDEN
        missing = "Give your assessment first." if hidden else "A report needs an AI result."
        self.missing.setText("Assess again first." if outdated else missing)
        self.missing.setVisible(not done)


def _in_one_piece(words: str) -> str:
    """Return `words` with non-breaking spaces inside sizes."""
    for part in (" × ", " mm", " px"):
        words = words.replace(part, part.replace(" ", "\u00a0"))
    return words
