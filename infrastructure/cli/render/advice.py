"""A plan's advice in the words of the command line: its commands instead of methods."""

from collections.abc import Mapping
from typing import Final

_AT_THE_TERMINAL: Final[Mapping[str, str]] = {
    "take the next task with next_task": "take the next task",
    'approve with accept "passing"': "approve --accept passing",
    "approve with accept, or mark_task with status done": "approve --accept, or task mark",
    "undefer_task what can go on": "task undefer what can go on",
    "with score_output": "with score --output",
    "score_prompt again": "score --prompt again",
}


def at_the_terminal(sentence: str) -> str:
    """A sentence of advice as a person types it; what follows its first quote are ids."""
    said, quote, ids = sentence.partition(": '")
    for method, command in _AT_THE_TERMINAL.items():
        said = said.replace(method, command)
    return f"{said}{quote}{ids}"
