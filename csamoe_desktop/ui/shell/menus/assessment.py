"""The Assessment menu: the AI result, the reader's assessment, and the models."""

from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.ui.shell.menus.context import MenuContext
from csamoe_desktop.ui.widgets.actions import Command


def assessment_commands(context: MenuContext) -> tuple[Command, ...]:
    """Return the commands of the Assessment menu in its order."""
    session, pages = context.session, context.pages

    def can_assess() -> bool:
        without_outline = context.has_frame() and not session.model.needs_outline
        return not session.model.missing and (context.has_outline() or without_outline)

    return (
        Command("assess", "Assessment", "&Assess", session.assessments.assess, ("Ctrl+Return", "Ctrl+Enter"), "assess",
                can_assess, tip="Run the model on the current lesion"),
        *_reader_commands(context),
        Command("agreement", "Assessment.own", "A&greement…", pages.show_agreement,
                tip="Compare your first and final assessments with the AI results"),
        Command("cancel_reading", "Assessment", "&Cancel the model run", session.assessing.cancel, icon="cancel",
                enabled=lambda: session.shown_result.state is ResultState.RUNNING),
        Command("models", "Assessment.models", "&Models…", pages.show_models,
                tip="Show the models with their figures, and choose the one to use"),
        Command("compare", "Assessment.models", "C&ompare models…", pages.show_comparison, ("Ctrl+Shift+Return",),
                enabled=lambda: context.has_frame() and not session.shown_result.hidden,
                tip="Show the AI results of several models for this lesion side by side"),
    )  # fmt: skip


def _reader_commands(context: MenuContext) -> tuple[Command, ...]:
    session, assessments = context.session, context.session.assessments
    return (
        Command("assessment", "Assessment.own", "&Your assessment", assessments.focus, ("Ctrl+R",),
                enabled=context.has_frame, tip="Go to your BI-RADS category; type its digit and letter to choose it"),
        Command("confirm_next", "Assessment.own", "Confirm the &next proposed term", assessments.confirm_next,
                ("Ctrl+G",), enabled=context.has_outline,
                tip="Confirm the measured size, then one proposed term after the other"),
        Command("confirm_proposed", "Assessment.own", "Confirm a&ll proposed terms", lambda: assessments.confirm(),
                ("Ctrl+Shift+G",), enabled=context.has_outline,
                tip="Confirm the measured size and every term proposed from the outline"),
        Command("skip_assessment", "Assessment.own", "S&kip your assessment", assessments.skip, ("Ctrl+Shift+R",),
                enabled=lambda: session.shown_result.hidden,
                tip="Show the AI result without giving your assessment first; this is recorded"),
    )  # fmt: skip
