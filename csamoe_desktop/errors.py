"""The exception for expected failures, which are shown to the user in words and never as a traceback."""

from csamoe_desktop.names import shown


class UserError(Exception):
    """An expected failure: `message` says in one sentence what is wrong, `hint` what to do next.

    Names of files and patients in them are made safe to show (see `names.shown`).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(shown(message))
        self.message = shown(message)
        self.hint = shown(hint)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
