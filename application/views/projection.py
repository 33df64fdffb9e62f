"""What a view is: a pure fold over the events of one plan, and the rows it changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from plangate.application.plan_log import Step
from plangate.application.views.view_store import Changes

Project = Callable[[Any, Sequence[Step]], tuple[Any, Changes]]
"""From a view's state of one plan (None before its first event) and the plan's next
events to the state after them and the rows they change. Pure; how a history is cut
into runs changes no row."""


@dataclass(frozen=True, slots=True)
class View:
    """A view by its name. A fold that would make other rows of old events has another version."""

    name: str
    version: int
    project: Project
