"""The right column's boxes that are the reader's own: the own read, and the report."""

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
from csamoe_desktop.ui.panels.folding import Box
from csamoe_desktop.ui.panels.terms_button import TermsButton
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.actions import Actions
from csamoe_desktop.ui.widgets.labels import Elided

_LINES = 3
_SOON = 60


class AssessmentBox(Box):
    """The reader's own read of the lesion in view: BI-RADS category, terms, recommendation and free text; the reader's
    name, for every report.

    What the outline's measurements propose stands muted, with a question mark, until it is confirmed.
    """

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__("Own read", parent)
        self._session = session
        self._reads = session.assessments
        self._lexicon = load_lexicon()
        self.reader = QLineEdit(session.settings.reader)
        self.reader.setPlaceholderText("Reader's name")
        self.reader.setAccessibleName("Reader's name")
        self.category = CategoryBox(self._lexicon)
        self.category.setToolTip(f"<p>{self._lexicon.source}</p>")
        self.terms = {one.id: TermsButton(one, partial(self._pick, one.id)) for one in self._lexicon.descriptors}
        recommended = Descriptor("management", "Recommendation", False, self._lexicon.management)
        self.management = TermsButton(recommended, self._recommend)
        self.proposed = theme.label(role="muted", wrap=True)
        self.confirm = QPushButton("Confirm all")
        named = {SIZE: "Size", **{one.id: one.name for one in self._lexicon.descriptors}}
        self.confirm_one = {name: QPushButton(f"✓ {word}") for name, word in named.items()}
        for name, press in self.confirm_one.items():
            press.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            press.clicked.connect(partial(self._confirm_one, name))
        self.measured = theme.label(wrap=True)
        self.withdraw = QPushButton("Take back")
        self.withdraw.setToolTip("Make what was measured and confirmed a proposal again")
        for button in (self.confirm, self.withdraw):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.before = theme.label(role="muted", wrap=True)
        self.comment = QPlainTextEdit()
        self.comment.setPlaceholderText("Your own reading of this lesion, for the report")
        self.comment.setAccessibleName("Your own reading")
        self.comment.setTabChangesFocus(True)
        # A file dropped here is a study to open, not a text.
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
        self._reads.wanted.connect(self._give_keys)
        session.currentLesionChanged.connect(self._show_comment)
        session.currentLesionChanged.connect(self._show_read)
        session.settingsChanged.connect(self._show_settings)
        self._show_comment()
        self._show_settings()
        self._show_read()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(theme.GRID // 2)
        for place, button in enumerate((*self.terms.values(), self.management)):
            grid.addWidget(button, place // 2, place % 2)
        self.column.addWidget(self.category)
        self.column.addLayout(grid)
        for said, press in ((self.proposed, self.confirm), (self.measured, self.withdraw)):
            line = QHBoxLayout()
            line.setSpacing(theme.GRID)
            line.addWidget(said, 1)
            line.addWidget(press)
            self.column.addLayout(line)
            if press is self.confirm:
                each = QHBoxLayout()
                each.setSpacing(theme.GRID // 2)
                for one in self.confirm_one.values():
                    each.addWidget(one)
                each.addStretch(1)
                self.column.addLayout(each)
        for widget in (self.before, self.comment, self.reader):
            self.column.addWidget(widget)

    def summary(self) -> str:
        """Return the category and the terms chosen."""
        read = self._reads.current
        terms = [term_names(one, read.terms.get(one.id, ())) for one in self._lexicon.descriptors]
        return ", ".join(filter(None, (f"BI-RADS {read.category}" if read.category else "", *terms)))

    def take(self) -> None:
        """Take what is being typed, though the box still has the focus."""
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
        # What the reader does is to be seen at once; only measuring may wait, until the stroke is done: a line that
        # went and came with every stroke would move all below it.
        mask = self._session.mask
        if mask is None or not mask.in_stroke:
            self._show_read()

    def _show_read(self) -> None:
        reads, work = self._reads, self._session.work
        if not self._session.measurements.under_way:
            self._proposal = work, reads.proposed
        # While an outline is measured anew nobody waits for it: what it proposed before stays so long.
        read, proposed = reads.current, self._proposal[1] if self._proposal[0] is work else None
        for widget in (self.category, self.management, *self.terms.values()):
            widget.setEnabled(work is not None)
        self.category.blockSignals(True)
        self.category.setCurrentIndex(self.category.findData(read.category))
        self.category.blockSignals(False)
        for descriptor in self._lexicon.descriptors:
            named = proposed.terms.get(descriptor.id, "") if proposed else ""
            self.terms[descriptor.id].show_terms(
                read.terms.get(descriptor.id, ()), term_names(descriptor, (named,) if named else ())
            )
        self.management.show_terms((read.management,) if read.management else (), "")
        left = proposed.open(read) if proposed else ()
        words = proposed.words(self._lexicon, read) if proposed else ""
        self.proposed.setText(f"Proposed from your outline: {_in_one_piece(words)}")
        self.proposed.setVisible(bool(left))
        for name, press in self.confirm_one.items():
            press.setVisible(name in left)
            words = _in_one_piece(proposed.words_of(name, self._lexicon)) if proposed and name in left else ""
            press.setAccessibleName(f"Confirm {words}")
            press.setToolTip(f"Confirm that it is {words}{self._next_key if name in left[:1] else ''}")
        self.confirm.setToolTip(f"Make all of it yours{self._confirm_key}")
        self.confirm.setVisible(len(left) > 1)
        measured = read.measured_words()
        self.measured.setText(f"Confirmed: {_in_one_piece(measured)}")
        for widget in (self.measured, self.withdraw):
            widget.setVisible(bool(measured))
        self.before.setText(self._said_before(read))
        self.before.setVisible(bool(self.before.text()))

    def _said_before(self, read: Assessment) -> str:
        """Return what is to be remembered of the read before the AI's reading was shown, or ""."""
        first = self._reads.first
        if self._reads.since:
            then = f"Given on {self._reads.since}, and kept."
            return (
                f"{then} Before the AI's reading: {first.category}."
                if first and first.category != read.category
                else then
            )
        if self._reads.skipped:
            return "The own read was skipped before the AI's reading."
        return f"Before the AI's reading: {first.category}." if first and first.category != read.category else ""

    def _take_comment(self) -> None:
        if self._session.work is not None:
            self._session.lesions.comment(self._session.work, self.comment.toPlainText())

    def _show_comment(self) -> None:
        work = self._session.work
        self.comment.setEnabled(work is not None)
        told = "" if work is None else work.comment
        if told != self.comment.toPlainText():
            self.comment.blockSignals(True)
            self.comment.setPlainText(told)
            self.comment.blockSignals(False)

    def _show_settings(self) -> None:
        if self.reader.text().strip() != self._session.settings.reader:
            self.reader.setText(self._session.settings.reader)
        self.comment.setFixedHeight(self.comment.fontMetrics().lineSpacing() * _LINES + theme.GRID * 3)


class ReportBox(Box):
    """Two buttons, and what is missing as long as they cannot be pressed; and what is said of the examination."""

    def __init__(
        self, session: Session, export: QAction, copy: QAction, examination: QAction, parent: QWidget | None = None
    ) -> None:
        super().__init__("Report", parent)
        self._session = session
        self.button = QPushButton("Export…")
        self.copy = QPushButton("Copy text")
        self.examination = QPushButton("Examination…")
        self._actions = {self.button: export, self.copy: copy, self.examination: examination}
        self.said = Elided()
        self.said.setTextFormat(Qt.TextFormat.PlainText)
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
        line.addWidget(self.said, 1)
        line.addWidget(self.examination)
        self.column.addLayout(line)
        session.resultChanged.connect(self._show)
        session.examinations.changed.connect(self._show_said)
        self._show()
        self._show_said()

    def _show_said(self) -> None:
        """Show in one line what is said of the examination, and all of it as a tip."""
        told = {name.capitalize(): words.strip() for name, words in self._session.examinations.now.to_dict().items()}
        given = {name: words for name, words in told.items() if words}
        line = " · ".join(f"{name}: {' '.join(words.split())}" for name, words in given.items())
        for widget in (self.said, self.examination):
            widget.setVisible(self._session.study is not None)
        self.said.setText(line or "No indication or technique yet")
        theme.set_role(self.said, "" if given else "muted")
        tips = (f"<p><b>{name}</b><br>{escape(words).replace(chr(10), '<br>')}</p>" for name, words in given.items())
        self.said.setToolTip("".join(tips))

    def _show(self) -> None:
        done = self._session.shown_result.state is ResultState.DONE
        for button, action in self._actions.items():
            button.setEnabled(action.isEnabled())
            button.setToolTip(action.toolTip())
        outdated = self._session.shown_result.state is ResultState.OUTDATED
        hidden = self._session.shown_result.state is ResultState.HIDDEN
        missing = "Your own read comes first." if hidden else "A report needs a reading."
        self.missing.setText("Assess again first." if outdated else missing)
        self.missing.setVisible(not done)


def _in_one_piece(words: str) -> str:
    """Return `words` with a size that no line's end parts."""
    for part in (" × ", " mm", " px"):
        words = words.replace(part, part.replace(" ", "\u00a0"))
    return words
