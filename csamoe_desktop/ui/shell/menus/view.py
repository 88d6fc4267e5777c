"""The View menu: how the image is shown, overlays, and which frame and study are in view."""

from csamoe_desktop.ui.canvas.frame_view import OVERLAYS
from csamoe_desktop.ui.shell.menus.context import MenuContext
from csamoe_desktop.ui.widgets.actions import Command


def view_commands(context: MenuContext) -> tuple[Command, ...]:
    """Return the commands of the View menu in its order."""
    return (*_image_commands(context), *_overlay_commands(context), *_frame_commands(context))


def _image_commands(context: MenuContext) -> tuple[Command, ...]:
    canvas = context.canvas
    return (
        Command("fit", "View.image", "&Fit", canvas.fit, ("=",), "fit", context.has_frame, on_image=True,
                tip="Show the whole image"),
        Command("reset", "View.image", "&Reset", canvas.reset, ("Space",), "reset", context.has_frame, on_image=True,
                tip="Show the image as it was opened: whole, with its own grey values"),
        Command("invert", "View.image", "&Invert", lambda: canvas.set_inverted(not canvas.window_level.inverted),
                ("I",), "invert", context.has_frame, lambda: canvas.window_level.inverted, True, "Show black as white"),
    )  # fmt: skip


def _overlay_commands(context: MenuContext) -> tuple[Command, ...]:
    canvas, overlays = context.canvas, context.overlays

    def overlay(name: str, text: str) -> Command:
        return Command(
            f"show_{name}", "View.overlays", text, lambda: overlays.toggle(name),
            checked=lambda: overlays.shown(name),
        )  # fmt: skip

    return (
        Command("hide_overlays", "View.overlays", "&Hide overlays while held", overlays.hold, ("H",),
                enabled=context.has_frame, on_image=True, tip="Hide outline, core and boundary while the key is held"),
        Command("show_overlays", "View.overlays", "&Overlays", overlays.toggle_all, ("O",), "overlays",
                checked=overlays.any_shown, on_image=True, tip="Show or hide outline, core and boundary"),
        Command("show_regions", "View.overlays", "Core and &boundary", overlays.toggle_regions, ("K",),
                enabled=context.has_frame, checked=overlays.regions_shown, on_image=True,
                tip="Show core and boundary, as the model saw them, over the lesion"),
        *(overlay(name, f"{name.capitalize()} {'outline' if name == 'lesion' else ''}".strip()) for name in OVERLAYS),
        Command("attention", "View.overlays", "Where the next expert loo&ked", canvas.next_attention, ("M",),
                enabled=lambda: bool(canvas.attention.experts), checked=lambda: bool(canvas.attention.expert),
                on_image=True, tip="Show where each expert looked: whole image, core, boundary, then none"),
    )  # fmt: skip


def _frame_commands(context: MenuContext) -> tuple[Command, ...]:
    session, cine = context.session, context.cine

    def several_frames() -> bool:
        return cine.possible

    def several_studies() -> bool:
        return len(session.studies) > 1

    def last_frame() -> None:
        if session.study is not None:
            cine.go_to(session.study.frame_count - 1)

    def go_by_studies(step: int) -> None:
        if session.study is not None:
            index = session.studies.index(session.study) + step
            session.navigation.to_study(session.studies[min(max(index, 0), len(session.studies) - 1)])

    return (
        Command("next_frame", "View.frames", "&Next frame", lambda: cine.go_by(1), ("Right", "Down"),
                enabled=several_frames, on_image=True),
        Command("previous_frame", "View.frames", "&Previous frame", lambda: cine.go_by(-1), ("Left", "Up"),
                enabled=several_frames, on_image=True),
        Command("first_frame", "View.frames", "Firs&t frame", lambda: cine.go_to(0), ("Home",), "first",
                several_frames, on_image=True),
        Command("last_frame", "View.frames", "&Last frame", last_frame, ("End",), "last", several_frames,
                on_image=True),
        Command("next_study", "View.frames", "Next st&udy", lambda: go_by_studies(1), ("PgDown",),
                enabled=several_studies, on_image=True, tip="Go to the next study in the list"),
        Command("previous_study", "View.frames", "Previous stud&y", lambda: go_by_studies(-1), ("PgUp",),
                enabled=several_studies, on_image=True, tip="Go to the previous study in the list"),
        Command("cine", "View.frames", "&Cine", cine.toggle, ("C",), "play", several_frames, lambda: cine.playing, True,
                "Play or pause the frames"),
    )  # fmt: skip
