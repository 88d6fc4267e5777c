"""The Lesion menu: masks, proposed outlines, corrections of the outline, and the list of lesions."""

from csamoe_desktop.ui.shell.menus.context import MenuContext
from csamoe_desktop.ui.widgets.actions import Command


def lesion_commands(context: MenuContext) -> tuple[Command, ...]:
    """Return the commands of the Lesion menu in its order."""
    return (
        *_mask_file_commands(context),
        *_proposal_commands(context),
        *_correction_commands(context),
        *_list_commands(context),
        Command("clear_mask", "Lesion", "&Clear outline", context.session.mask_commands.clear, ("Ctrl+Del",), "clear",
                context.has_outline),
    )  # fmt: skip


def _mask_file_commands(context: MenuContext) -> tuple[Command, ...]:
    files = context.files
    return (
        Command("import_mask", "Lesion", "&Import mask…", files.choose_mask, ("Ctrl+M",), "import_mask",
                context.has_frame, tip="Read the outline from a mask file"),
        Command("export_mask", "Lesion", "Export &mask…", files.export_mask, ("Ctrl+Shift+M",),
                enabled=context.has_outline, tip="Write the outline to a mask file"),
    )  # fmt: skip


def _proposal_commands(context: MenuContext) -> tuple[Command, ...]:
    session, proposals = context.session, context.session.proposals
    return (
        Command("accept_proposal", "Lesion.proposal", "&Accept the proposed outline",
                lambda: context.canvas.close_line() or proposals.accept(), ("Enter", "Return"),
                enabled=lambda: bool(proposals.offered) or session.line_open(), on_image=True,
                tip="Make the proposed outline yours"),
        Command("next_proposal", "Lesion.proposal", "Next &proposal", proposals.select_next, ("Tab",),
                enabled=lambda: len(proposals.offered) > 1, on_image=True, tip="Select the next proposed outline"),
        Command("look_for_lesions", "Lesion.proposal", "Loo&k for lesions", proposals.look,
                enabled=context.has_frame, tip="Propose outlines on the whole image"),
    )  # fmt: skip


def _correction_commands(context: MenuContext) -> tuple[Command, ...]:
    corrections = context.session.mask_commands
    return (
        Command("fill_holes", "Lesion.correct", "&Fill holes", corrections.fill_holes, ("Ctrl+H",),
                enabled=context.has_outline, tip="Fill the holes inside the outline"),
        Command("smooth_mask", "Lesion.correct", "Smoot&h outline", corrections.smooth, ("Ctrl+T",),
                enabled=context.has_outline, tip="Smooth the outline; a message says by how much the area changes"),
        Command("keep_largest", "Lesion.correct", "Keep the lar&gest piece", corrections.keep_largest, ("Ctrl+L",),
                enabled=context.has_outline, tip="Remove every piece but the largest"),
        Command("copy_to_next", "Lesion.correct", "C&opy to the next frame", corrections.copy_to_next, ("Ctrl+Right",),
                enabled=lambda: corrections.can_copy_on, tip="Copy this outline to the next frame, and go there"),
    )  # fmt: skip


def _list_commands(context: MenuContext) -> tuple[Command, ...]:
    session, lesions, pages = context.session, context.session.lesions, context.pages
    return (
        Command("new_lesion", "Lesion.list", "&New lesion", lesions.add, ("N",), "add", context.has_frame,
                on_image=True, tip="Mark another lesion on this image"),
        Command("next_lesion", "Lesion.list", "Ne&xt lesion", lesions.choose_next, ("J",),
                enabled=context.has_several_lesions, on_image=True, tip="Go to the next lesion of this image"),
        Command("describe_lesion", "Lesion.list", "&Describe lesion…", pages.describe_lesion, ("Ctrl+D",), "describe",
                context.has_frame, tip="Enter name and location, and link another outline of the same lesion"),
        Command("views", "Lesion.list", "&Views side by side…", pages.show_views, ("Ctrl+Shift+V",), "views",
                lambda: lesions.has_views, tip="Show all views of this lesion with their AI results"),
        Command("lesion_shown", "Lesion.list", "&Shown", lesions.toggle_shown, enabled=context.has_frame,
                checked=lambda: session.work is not None and session.work.shown,
                tip="Show or hide the current outline"),
        Command("lesion_locked", "Lesion.list", "&Locked", lesions.toggle_locked, ("Ctrl+K",),
                enabled=context.has_frame, checked=lambda: session.work is not None and session.work.locked,
                tip="Protect the current outline from changes"),
        Command("delete_lesion", "Lesion.list", "Dele&te lesion", lesions.remove, ("Ctrl+Shift+Del",), "clear",
                lambda: context.has_outline() or context.has_several_lesions(), tip="Delete the current lesion"),
        Command("restore_lesion", "Lesion.list", "&Restore the deleted lesion", lesions.restore,
                enabled=lambda: lesions.can_restore, tip="Restore the lesion deleted last on this image"),
        Command("earlier_outlines", "Lesion.list", "&Earlier outlines…", pages.show_earlier_outlines,
                enabled=context.has_frame, tip="Add an earlier outline of this image, which was replaced, as a further lesion"),
    )  # fmt: skip
