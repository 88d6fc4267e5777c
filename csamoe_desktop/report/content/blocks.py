"""The building blocks of a report's content, which the writers lay out, and their plain text."""

from dataclasses import dataclass

from csamoe_desktop.report.content.reasons import Reasons
from csamoe_desktop.wording import PLAIN, Wording

NOTICE = "Research use only"
MANAGEMENT = "Management must not rest solely on this output"
NOT_GIVEN = "not given"
NONE_GIVEN = "None given."
WARNINGS = "Warnings and notes"


@dataclass(frozen=True, slots=True)
class Line:
    """A label and its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of lines."""

    title: str
    lines: tuple[Line, ...]


EMPTY = Section("", ())


@dataclass(frozen=True, slots=True)
class ProbabilityMarks:
    """The calibrated probability of the positive class and the thresholds between the categories, each as a number in
    0..1 and as text; and, once computed, the range of the probability with other outlines."""

    probability: float
    benign_below: float
    suspicious_from: float
    probability_words: str
    benign_below_words: str
    suspicious_from_words: str
    reach: tuple[float, float] | None = None
    reach_words: str = ""


@dataclass(frozen=True, slots=True)
class GateShare:
    """An expert's gate share in the fused feature, 0..1 and as text.

    Attributes:
        left_out: the change of the probability without this expert, such as "-0.21", or "" where unknown.
        stages: the attention of each stage of its network, or "".
    """

    expert: str
    share: float
    words: str
    left_out: str = ""
    stages: str = ""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """The content of a report on one view of a lesion, top to bottom. The field names are JSON keys.

    Attributes:
        identity: patient and study, printed on every further page.
        lesion, shape: the lines on the lesion, and more of them for writers with room.
        warnings: the warnings of the AI result, and the notes on assumptions and changes in the study and the outline.
        own: the reader's assessment.
        institution: the letterhead's, or "".
        heading: lesion and view where the report has several, or "".
        contradictions: facts that cannot all be true; also the first of the warnings.
        differs: the sentence that reader and AI differ, or "".
    """

    title: str
    notice: str
    made: str
    identity: str
    patient: Section
    study: Section
    category: str
    positive: str
    scale: ProbabilityMarks
    thresholds: str
    gates: tuple[GateShare, ...]
    gates_note: str
    reasons: Reasons
    lesion: Section
    shape: Section
    model: Section
    weights_sha256: str
    warnings: tuple[str, ...]
    own: Section
    comment: str
    reader: str
    intended_use: str
    limits: tuple[str, ...]
    management: str
    institution: str = ""
    heading: str = ""
    contradictions: tuple[str, ...] = ()
    differs: str = ""

    def text(self, say: Wording = PLAIN, examination: Section = EMPTY) -> str:
        """Return the report as plain text for the clipboard, without tabs; the program's English is within Latin-1."""
        parts = self.parts(say, examination).values()
        return "\n\n".join([opening(self, say, self.title), *parts, closing(self, say)]) + "\n"

    def parts(self, say: Wording = PLAIN, examination: Section = EMPTY) -> dict[str, str]:
        """Return the sections as plain text by name, in the template's order; `examination` belongs to the document."""
        texts = {
            "patient": block(self.patient, say) if self.patient.lines else "",
            "study": block(self.study, say) if self.study.lines else "",
            "examination": block(examination, say) if examination.lines else "",
            "reading": self._ai_result(say),
            "lesion": block(Section(self.lesion.title, (*self.lesion.lines, *self.shape.lines)), say),
            "model": block(self.model, say),
            "warnings": "\n".join([say(WARNINGS), *(f"  {warning}" for warning in self.warnings or (say("None."),))]),
            "own": block(self.own, say) if self.own.lines else "",
            "comment": "\n".join(
                [
                    say("Reader's comment"),
                    self.comment,
                    say("{label}: {value}", label=say("Reader"), value=self.reader or say(NOT_GIVEN)),
                ]
            ),
            "limits": "\n".join(
                [say("Intended use and limits"), *(f"  {line}" for line in (self.intended_use, *self.limits))]
            ),
        }
        return {section: texts[section] for row in say.rows for section in row if texts.get(section)}

    def _ai_result(self, say: Wording) -> str:
        lines = [
            Line(say("Category"), self.category),
            Line(say("Probability of {what}", what=self.positive), self.scale.probability_words),
            Line(say("Thresholds"), self.thresholds),
        ]
        if self.scale.reach_words:
            lines.append(Line(say("With other outlines"), self.scale.reach_words))
        notes: tuple[str, ...] = (self.differs,) if self.differs else ()
        if say.shows("experts"):
            for gate in self.gates:
                left_out = say("; without it: {change}", change=gate.left_out) if gate.left_out else ""
                lines.append(Line(say("Gate share, {expert}", expert=gate.expert), gate.words + left_out))
            notes = (*notes, self.gates_note)
        if say.shows("reasons"):
            notes = (*notes, *self.reasons.sentences())
        return "\n".join([block(Section(say("AI result"), tuple(lines)), say), *(f"  {note}" for note in notes)])


def opening(content: ReportContent, say: Wording, title: str) -> str:
    """Return the head of a plain text: institution, title, restrictions on use, and when it was created."""
    institution = [content.institution] if content.institution else []
    return "\n".join([*institution, title, closing(content, say), content.made])


def closing(content: ReportContent, say: Wording) -> str:
    """Return the last line of every report: the restrictions on its use."""
    return say("{notice}. {management}.", notice=content.notice, management=content.management)


def block(section: Section, say: Wording) -> str:
    """Return a section as plain text; further lines of a value are indented below the first."""
    lines = (say("{label}: {value}", label=line.label, value=line.value) for line in section.lines)
    return "\n".join([section.title, *("  " + line.replace("\n", "\n    ") for line in lines)])
