"""Task lists read from text, in the format that the text has or is said to have."""

from dataclasses import dataclass

from plangate.application.importing.foreign import NotCarried
from plangate.application.importing.intake import PlanFormat
from plangate.application.importing.task_list import TaskList
from plangate.infrastructure.plan_formats.markdown import markdown_task_list


@dataclass(frozen=True, slots=True)
class ReadPlans:
    """Task lists that `registry.bundles.import_plans` makes plans of, and their format."""

    format: PlanFormat
    lists: tuple[TaskList, ...]

    @property
    def problems(self) -> tuple[NotCarried, ...]:
        """What was not understood, with line and column."""
        return tuple(note for listed in self.lists for note in listed.notes)


def plan_from_markdown(
    text: str, *, kind: PlanFormat | None = None, name: str | None = None
) -> ReadPlans:
    """The plan in a Markdown checklist; its format is recognised unless it is given.

    `name` is the path of the file, if it has one: it may name the plan.
    """
    recognised, listed = markdown_task_list(text, kind, name)
    return ReadPlans(recognised, (listed,))
