"""What the user can do, as data: menus, toolbar, keys and the page of keys are all made from a table of commands."""

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
    """One thing the user can do.

    Attributes:
        id: what settings and tests call it.
        menu: the menu it is in; a lower-case suffix after a dot (`View.image`) divides the menu into sections.
        text: as menus show it.
        run: what it does.
        keys: its keys, the one shown first, in Qt's portable text.
        icon: the name of a drawing in resources/icons, or "".
        enabled: whether it can be done now.
        checked: whether it is on now; None for what is not a switch.
        on_image: its keys are the image's, wherever in the window the keyboard is; what has the keyboard may keep some
            (`keyboard.stays_with`), so that what is typed into a text box stays there.
        tip: one sentence on what it does, where the text does not say it.
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
        """The text without menu marks."""
        return self.text.replace("&", "").removesuffix("…")


def portable(key: str) -> str:
    """Return `key` as Qt writes it portably, or "" when it is no key."""
    return QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText).toString(
        QKeySequence.SequenceFormat.PortableText
    )


def conflicts(keys: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return the keys that more than one command wants, each with those commands' ids."""
    wanted: dict[str, list[str]] = {}
    for name, its_keys in keys.items():
        for key in its_keys:
            wanted.setdefault(portable(key), []).append(name)
    return {key: tuple(names) for key, names in wanted.items() if len(names) > 1}


def keys_in_use(commands: Sequence[Command], chosen: Mapping[str, str]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return every command's keys, those the user chose in place of its own, and why any choice was refused.

    An empty choice takes the key away. A choice that is no key, or whose key another command has, is refused.
    """
    texts = {command.id: command.plain_text for command in commands}
    accepted, refused = {}, []
    for name, key in chosen.items():
        if name in texts and (key == "" or _is_key(key)):
            accepted[name] = key
        else:
            refused.append(
                f"The key {key!r} for {texts.get(name, name)!r} is not used: there is no such key or command."
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
            refused.append(f"The key {key} is wanted by {both}; the changed ones keep their usual keys.")
        for name in involved:
            accepted.pop(name, None)


def _is_key(key: str) -> bool:
    """Return whether `key` is one key with its modifiers; sequences of several are not used in this program."""
    return portable(key) != "" and QKeySequence.fromString(key).count() == 1


class Actions(QObject):
    """The commands as Qt's actions, with their keys, icons and states."""

    started = Signal(str)
    """The user set off the command of this id; it runs right after."""

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
        """Use the keys the user chose, and return why any choice was refused."""
        self.keys, refused = keys_in_use(self.commands, chosen)
        for command in self.commands:
            keys, action = self.keys[command.id], self[command.id]
            action.setShortcuts([QKeySequence.fromString(key) for key in keys])
            said = command.tip or command.plain_text
            action.setToolTip(f"{said}  ({shown(keys[0])})" if keys else said)
        return refused

    def key(self, name: str, before: str = "", after: str = "") -> str:
        """Return the first key of the command `name` as its user reads it, between `before` and `after`; "" for none."""
        keys = self.keys.get(name, ())
        return f"{before}{shown(keys[0])}{after}" if keys else ""

    def refresh(self) -> None:
        """Ask every command whether it can be done and whether it is on."""
        for command in self.commands:
            action = self[command.id]
            action.setEnabled(command.enabled())
            if command.checked is not None:
                action.setChecked(command.checked())

    def draw_icons(self) -> None:
        """Draw the icons in the theme in use."""
        for command in self.commands:
            if command.icon:
                self[command.id].setIcon(theme.icon(command.icon))

    def fill_menu(self, menu: QMenu, name: str) -> None:
        """Put the commands of the menu `name` into `menu`, a line between its sections."""
        section = None
        for command in self.commands:
            title, _, its_section = command.menu.partition(".")
            if title != name:
                continue
            if section not in (None, its_section):
                menu.addSeparator()
            section = its_section
            menu.addAction(self[command.id])

    def fill_toolbar(self, toolbar: QToolBar, names: Iterable[str]) -> None:
        """Put the commands with these ids into `toolbar`; an empty id is a line."""
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
    """Return a key as this computer's user reads it."""
    return QKeySequence.fromString(key).toString(QKeySequence.SequenceFormat.NativeText)
