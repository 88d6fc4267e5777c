"""The one kind of failure that is expected: it is shown to the user as it is, never as a traceback."""

from csamoe_desktop.names import shown


class UserError(Exception):
    """An expected failure: `message` says what is wrong in one sentence, `hint` what to do next.

    Names in them may be of any letters: they are kept as they can be shown.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(shown(message))
        self.message = shown(message)
        self.hint = shown(hint)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
