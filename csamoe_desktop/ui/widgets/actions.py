"""The user's commands as data: menus, toolbar, shortcuts and the page of keys are built from one table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QWidget

from csamoe_desktop.ui.widgets import theme


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        id: its name in settings and tests.
        menu: its menu; a lower-case suffix after a dot (`View.image`) names a section of the menu.
        text: its text in menus.
        run: what it does.
        keys: its shortcuts in Qt's portable text; the first one is shown.
        icon: the name of an icon in resources/icons, or "".
        enabled: whether it is available now.
        checked: whether it is on now; None if it is not a switch.
        on_image: its keys go to the image wherever the focus is in the window; the focused widget may keep some
            (`keyboard.stays_with`), so that typing into a text box works.
        tip: one sentence on what it does, where the text is not enough.
    """

    id: str
    menu: str
    text: str
    run: Callable[[], object]
    keys: tuple[str, ...] = ()
    icon: str = ""
    enabled: Callable[[], bool] = _always
    checked: Callable[[], bool] | None = None
    on_image: bool = False
    tip: str = ""

    @property
    def plain_text(self) -> str:
        """The text without access key and ellipsis."""
        return self.text.replace("&", "").removesuffix("…")


def portable(key: str) -> str:
    """Return `key` in Qt's portable text, or "" if it is not a key."""
    return QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText).toString(
        QKeySequence.SequenceFormat.PortableText
    )


def conflicts(keys: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return the keys assigned to more than one command, each with those commands' ids."""
    wanted: dict[str, list[str]] = {}
    for name, command_keys in keys.items():
        for key in command_keys:
            wanted.setdefault(portable(key), []).append(name)
    return {key: tuple(names) for key, names in wanted.items() if len(names) > 1}


def keys_in_use(commands: Sequence[Command], chosen: Mapping[str, str]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return every command's keys, with the user's choices in place of the defaults, and why choices were refused.

    An empty choice removes the key. A choice that is not a key, or a key of another command, is refused.
    """
    texts = {command.id: command.plain_text for command in commands}
    accepted, refused = {}, []
    for name, key in chosen.items():
        if name in texts and (key == "" or _is_key(key)):
            accepted[name] = key
        else:
            refused.append(
                f"The key {key!r} for {texts.get(name, name)!r} is ignored: there is no such key or command."
            )
    while True:
        keys = {
            command.id: ((portable(accepted[command.id]),) if accepted[command.id] else ())
            if command.id in accepted
            else command.keys
            for command in commands
        }
        clashes = conflicts(keys)
        involved = [name for names in clashes.values() for name in names if name in accepted]
        if not involved:
            return keys, refused
        for key, names in clashes.items():
            both = " and ".join(repr(texts[name]) for name in names)
            refused.append(f"The key {key} is assigned to {both}; the changed commands keep their default keys.")
        for name in involved:
            accepted.pop(name, None)


def _is_key(key: str) -> bool:
    """Return whether `key` is a single key with modifiers; key sequences are not supported."""
    return portable(key) != "" and QKeySequence.fromString(key).count() == 1


class Actions(QObject):
    """The commands as Qt actions, with their keys, icons and states."""

    started = Signal(str)
    """The user started the command with this id; it runs right after."""

    def __init__(self, commands: Sequence[Command], window: QWidget) -> None:
        super().__init__(window)
        self.commands = tuple(commands)
        self.keys: dict[str, tuple[str, ...]] = {}
        self._actions: dict[str, QAction] = {}
        for command in self.commands:
            action = QAction(command.text, self)
            action.setObjectName(command.id)
            action.setCheckable(command.checked is not None)
            action.setAutoRepeat(command.on_image)
            action.triggered.connect(lambda _checked=False, command=command: self._run(command))
            window.addAction(action)
            self._actions[command.id] = action

    def __getitem__(self, name: str) -> QAction:
        """Return the action of the command with the id `name`."""
        return self._actions[name]

    def set_keys(self, chosen: Mapping[str, str]) -> list[str]:
        """Apply the user's keys, and return why choices were refused."""
        self.keys, refused = keys_in_use(self.commands, chosen)
        for command in self.commands:
            keys, action = self.keys[command.id], self[command.id]
            action.setShortcuts([QKeySequence.fromString(key) for key in keys])
            tip = command.tip or command.plain_text
            action.setToolTip(f"{tip}  ({shown(keys[0])})" if keys else tip)
        return refused

    def key(self, name: str, before: str = "", after: str = "") -> str:
        """Return the first key of the command `name` in native text, between `before` and `after`; "" without a key."""
        keys = self.keys.get(name, ())
        return f"{before}{shown(keys[0])}{after}" if keys else ""

    def refresh(self) -> None:
        """Update whether each command is available and whether it is on."""
        for command in self.commands:
            action = self[command.id]
            action.setEnabled(command.enabled())
            if command.checked is not None:
                action.setChecked(command.checked())

    def draw_icons(self) -> None:
        """Draw the icons in the current theme."""
        for command in self.commands:
            if command.icon:
                self[command.id].setIcon(theme.icon(command.icon))

    def fill_menu(self, menu: QMenu, name: str) -> None:
        """Add the commands of the menu `name` to `menu`, with separators between its sections."""
        section = None
        for command in self.commands:
            title, _, command_section = command.menu.partition(".")
            if title != name:
                continue
            if section not in (None, command_section):
                menu.addSeparator()
            section = command_section
            menu.addAction(self[command.id])

    def fill_toolbar(self, toolbar: QToolBar, names: Iterable[str]) -> None:
        """Add the commands with these ids to `toolbar`; an empty id adds a separator."""
        for name in names:
            if name:
                toolbar.addAction(self[name])
                toolbar.widgetForAction(self[name]).setFocusPolicy(Qt.FocusPolicy.NoFocus)
            else:
                toolbar.addSeparator()

    def _run(self, command: Command) -> None:
        self.started.emit(command.id)
        command.run()
        self.refresh()


def shown(key: str) -> str:
    """Return a key in the native text of this computer."""
    return QKeySequence.fromString(key).toString(QKeySequence.SequenceFormat.NativeText)
