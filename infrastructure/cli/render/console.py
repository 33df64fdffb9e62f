"""The console that answers and notes are printed on."""

from rich.console import Console


class SafeConsole(Console):
    """Rich's console, which raises when the reader of its output has gone away."""

    def on_broken_pipe(self) -> None:
        """Raise instead of ending the program."""
        raise BrokenPipeError
