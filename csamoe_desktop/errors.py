"""The one kind of failure that is expected: it is shown to the user as it is, never as a traceback."""


class UserError(Exception):
    """An expected failure: `message` says what is wrong in one sentence, `hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
