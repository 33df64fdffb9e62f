"""JSON pointers (RFC 6901): where a value is in a document."""

from re import compile as pattern
from typing import Final

_STEP: Final = pattern(r"([^.\[\]]+)|\[(\d+)\]")
"""A step of a field such as `tasks[2].title`."""


def json_pointer(*path: int | str) -> str:
    """The pointer to what a path leads to."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def steps_of(field: str) -> list[str]:
    """The path to a field that a problem names: `tasks[2].title` is three steps."""
    return [name or number for name, number in _STEP.findall(field)]
