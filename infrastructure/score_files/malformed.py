"""A file of scores that cannot be read."""


class MalformedScores(Exception):
    """Why a file cannot be read, and the location of the mistake, counted from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
