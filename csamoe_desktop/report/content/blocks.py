"""The parts that a report's words are put in, for its writers to lay out, and their writing as plain text."""

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
    """A label and what it says."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of lines."""

    title: str
    lines: tuple[Line, ...]


UNSAID = Section("", ())


@dataclass(frozen=True, slots=True)
class Scale:
    """The calibrated probability of the positive class with the thresholds that divide the categories: each as a
    number in 0..1 and as it is written; and, once it is known, the range it has with other contours."""

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
    """An expert's share in the fused feature, 0..1 and as it is written; what the probability does without the expert,
    such as "-0.21", or "" where that is not known; and where in its network it looked, or ""."""

    expert: str
    share: float
    words: str
    left_out: str = ""
    stages: str = ""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What the report says of one reading, top to bottom. `identity` names patient and study on every further page;
    `warnings` are those of the reading, and what was guessed or changed in the study and in the outline; `shape` goes on
    with `lesion`, where there is room for it. `institution` is the letterhead's; `heading` names lesion and view where
    the report has several readings; either may be "". `contradictions`, the first of the warnings, cannot be true together; `differs` says that reader and AI do, or is ""."""

    title: str
    notice: str
    made: str
    identity: str
    patient: Section
    study: Section
    category: str
    positive: str
    scale: Scale
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

    def text(self, say: Wording = PLAIN, examination: Section = UNSAID) -> str:
        """Return the report as plain text, for the clipboard: no tabs, and of our own English none outside Latin-1."""
        parts = self.parts(say, examination).values()
        return "\n\n".join([opening(self, say, self.title), *parts, closing(self, say)]) + "\n"

    def parts(self, say: Wording = PLAIN, examination: Section = UNSAID) -> dict[str, str]:
        """Return the sections as plain text, by name, in the template's order; `examination` is the whole document's."""
        made = {
            "patient": block(self.patient, say) if self.patient.lines else "",
            "study": block(self.study, say) if self.study.lines else "",
            "examination": block(examination, say) if examination.lines else "",
            "reading": self._reading(say),
            "lesion": block(Section(self.lesion.title, (*self.lesion.lines, *self.shape.lines)), say),
            "model": block(self.model, say),
            "warnings": "\n".join([say(WARNINGS), *(f"  {one}" for one in self.warnings or (say("None."),))]),
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
        return {section: made[section] for row in say.rows for section in row if made.get(section)}

    def _reading(self, say: Wording) -> str:
        lines = [
            Line(say("Category"), self.category),
            Line(say("Probability of {what}", what=self.positive), self.scale.probability_words),
            Line(say("Thresholds"), self.thresholds),
        ]
        if self.scale.reach_words:
            lines.append(Line(say("With other contours"), self.scale.reach_words))
        notes: tuple[str, ...] = (self.differs,) if self.differs else ()
        if say.shows("experts"):
            for gate in self.gates:
                left_out = say("; left out: {change}", change=gate.left_out) if gate.left_out else ""
                lines.append(Line(say("Gate, {expert}", expert=gate.expert), gate.words + left_out))
            notes = (*notes, self.gates_note)
        if say.shows("reasons"):
            notes = (*notes, *self.reasons.sentences())
        return "\n".join([block(Section(say("AI reading"), tuple(lines)), say), *(f"  {note}" for note in notes)])


def opening(said: ReportContent, say: Wording, title: str) -> str:
    """Return what a text begins with: whose it is, what it is, how it may be used, when it was made."""
    named = [said.institution] if said.institution else []
    return "\n".join([*named, title, closing(said, say), said.made])


def closing(said: ReportContent, say: Wording) -> str:
    """Return what every report ends with: how it may be used."""
    return say("{notice}. {management}.", notice=said.notice, management=said.management)


def block(section: Section, say: Wording) -> str:
    """Return a section as plain text; the further lines of a value are set in below its first."""
    told = (say("{label}: {value}", label=one.label, value=one.value) for one in section.lines)
    return "\n".join([section.title, *("  " + words.replace("\n", "\n    ") for words in told)])
