"""What the commands of the menus act on, and the conditions under which they are enabled."""

from dataclasses import dataclass
from typing import Protocol

from csamoe_desktop.session.cine import Cine
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.canvas.overlay_switch import OverlaySwitch
from csamoe_desktop.ui.shell.file_dialogs import Files


class Pages(Protocol):
    """What the commands need of the main window: its dialogs, and closing it."""

    def answer_no(self) -> bool: ...
    def calibrate(self) -> None: ...
    def describe_examination(self) -> None: ...
    def describe_lesion(self) -> None: ...
    def show_earlier_outlines(self) -> None: ...
    def show_views(self) -> None: ...
    def show_settings(self) -> None: ...
    def show_models(self) -> None: ...
    def show_comparison(self) -> None: ...
    def show_agreement(self) -> None: ...
    def show_keys(self) -> None: ...
    def show_about(self) -> None: ...
    def show_log(self) -> None: ...
    def close(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class MenuContext:
    """The parts of one window that its commands act on."""

    session: Session
    canvas: Canvas
    cine: Cine
    overlays: OverlaySwitch
    files: Files
    pages: Pages

    def has_frame(self) -> bool:
        """Return whether an image is in view."""
        return self.session.frame is not None

    def has_outline(self) -> bool:
        """Return whether the current lesion has an outline."""
        return self.session.mask is not None and not self.session.mask.empty

    def has_result(self) -> bool:
        """Return whether the AI result of the current lesion is shown."""
        return self.session.shown_result.state is ResultState.DONE

    def has_several_lesions(self) -> bool:
        """Return whether the frame in view has more than one lesion."""
        return len(self.session.lesions.on_frame) > 1
