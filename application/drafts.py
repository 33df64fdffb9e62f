"""Plans and revisions as callers submit them: new tasks may still lack their ids.

`PlanDraft` is also the shape of a plan file, `RevisionDraft` that of a revision file;
their JSON Schemas are published.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any, Self, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from plangate.domain import commands
from plangate.domain.commands import Command, NewTask
from plangate.domain.dependencies import ListedTask, wrong_between
from plangate.domain.json_objects import JsonObject
from plangate.domain.policy import Policy, require_exit
from plangate.domain.presets import GivenPolicy, at_threshold
from plangate.domain.vocabulary import (
    MAX_CHANGES,
    MAX_TASKS,
    Goal,
    Identifier,
    Labels,
    Number,
    Priority,
    Title,
)

_Threshold = Annotated[Number, Field(ge=0.0, le=1.0)]


class TaskDraft(commands.TaskText):
    """A task to plan; without an id it gets one."""

    id: Identifier | None = None

    if TYPE_CHECKING:  # what may be given is more than what a field holds

        def __init__(
            self,
            *,
            title: str,
            id: str | None = None,  # noqa: A002
            description: str = "",
            depends_on: Sequence[str] = (),
            priority: int | None = None,
            labels: Sequence[str] = (),
            metadata: Mapping[str, Any] = ...,
        ) -> None: ...


def _with_title(task: object) -> object:
    """A text is the title of its task."""
    if isinstance(task, str):
        return {"title": task}
    if isinstance(task, Mapping | BaseModel):
        return task
    raise ValueError(f"must be a title, or an object with {', '.join(TaskDraft.model_fields)}")


GivenTask = Annotated[
    TaskDraft, BeforeValidator(_with_title, json_schema_input_type=TaskDraft | Title)
]
"""A task, or its title alone."""


class PlanDraft(Command):
    """A plan to register; without an id it gets one."""

    goal: Goal
    tasks: Annotated[tuple[GivenTask, ...], Field(min_length=1, max_length=MAX_TASKS)]
    confidence_threshold: _Threshold | None = None
    policy: GivenPolicy | None = None
    plan_id: Identifier | None = None
    priority: Priority = 0
    labels: Labels = ()
    metadata: JsonObject = Field(default={})

    if TYPE_CHECKING:  # as for a task

        def __init__(
            self,
            *,
            goal: str,
            tasks: Sequence[Mapping[str, Any] | TaskDraft | str],
            confidence_threshold: float | None = None,
            policy: Mapping[str, Any] | Policy | str | None = None,
            plan_id: str | None = None,
            priority: int = 0,
            labels: Sequence[str] = (),
            metadata: Mapping[str, Any] = ...,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _passes_the_threshold_to_a_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("confidence_threshold") is None:
            return given
        policy = at_threshold(given.get("policy"), given["confidence_threshold"])
        return {**given, "policy": policy}

    @model_validator(mode="after")
    def _has_one_threshold(self) -> Self:
        policy, threshold = self.policy, self.confidence_threshold
        if policy is None or threshold is None:
            return self
        given = "confidence_threshold" in policy.model_fields_set
        if given and policy.confidence_threshold != threshold:
            raise ValueError(
                f"confidence_threshold {threshold} contradicts the policy's "
                f"{policy.confidence_threshold}; give one of them"
            )
        require_exit(policy.exit_threshold, threshold)
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _says_all_that_is_wrong(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Also what is wrong between tasks, where some are wrong themselves."""
        try:
            draft = handler(given)
        except ValidationError as refused:
            between = _wrong_between(given.get("tasks") if isinstance(given, Mapping) else ())
            if not between:
                raise
            errors = cast("list[InitErrorDetails]", refused.errors(include_url=False))
            raise ValidationError.from_exception_data(cls.__name__, errors + between) from None
        if between := _wrong_between(draft.tasks):
            raise ValidationError.from_exception_data(cls.__name__, between)
        return draft

    def command(self, new_task_id: Callable[[int], str]) -> commands.CreatePlan:
        """The command that registers this plan; `new_task_id(n)` names its n-th task."""
        policy = self.policy or Policy()
        if self.confidence_threshold is not None:
            policy = policy.model_copy(update={"confidence_threshold": self.confidence_threshold})
        return commands.CreatePlan(
            goal=self.goal,
            tasks=tuple(
                NewTask(**{**dict(task), "id": task.id or new_task_id(number)})
                for number, task in enumerate(self.tasks)
            ),
            policy=policy,
            priority=self.priority,
            labels=self.labels,
            metadata=self.metadata,
        )


def _wrong_between(tasks: object) -> list[InitErrorDetails]:
    """What is wrong between tasks that may be wrong themselves, as errors of pydantic."""
    if not isinstance(tasks, list | tuple) or len(tasks) > MAX_TASKS:
        return []
    listed = [_listed(task) for task in tasks]
    return [
        InitErrorDetails(
            type="value_error",
            loc=("tasks", wrong.number, wrong.field),
            input=None,
            ctx={"error": ValueError(wrong.why)},
        )
        for wrong in wrong_between(listed)
    ]


def _listed(task: object) -> ListedTask:
    """A task, as far as others can refer to it."""
    fields = (
        task if isinstance(task, Mapping) else vars(task) if isinstance(task, TaskDraft) else {}
    )
    task_id, on = fields.get("id"), fields.get("depends_on")
    return ListedTask(
        id=str(task_id) if isinstance(task_id, str | int) else None,
        name=str(task_id or fields.get("title")),
        depends_on=[one for one in on if isinstance(one, str)]
        if isinstance(on, list | tuple)
        else (),
    )


class AddTaskDraft(commands.AddTask):
    """Add a task."""

    task: GivenTask  # type: ignore[assignment]  # a new task gets its id later


class SplitTaskDraft(commands.SplitTask):
    """Replace a task by several."""

    into: Annotated[  # type: ignore[assignment]
        tuple[GivenTask, ...], Field(min_length=2, max_length=MAX_CHANGES)
    ]


class ReplaceTaskDraft(commands.ReplaceTask):
    """Replace a task by another."""

    by: GivenTask  # type: ignore[assignment]


ChangeDraft = (
    AddTaskDraft
    | commands.ChangeTask
    | commands.MoveTask
    | commands.DropTask
    | SplitTaskDraft
    | ReplaceTaskDraft
)


def _draft(change: object) -> object:
    """A change that is a value, as the fields of its draft."""
    return _fields(change, _given) if isinstance(change, Command) else change


def _accept_the_list_alone(schema: dict[str, Any]) -> None:
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [whole, whole["properties"]["changes"]]


class RevisionDraft(Command):
    """What a revision changes; new tasks without an id get one.

    A file may also hold the list of changes alone, and its JSON Schema says so.
    """

    model_config = ConfigDict(json_schema_extra=_accept_the_list_alone)

    changes: Annotated[
        tuple[
            Annotated[Annotated[ChangeDraft, Field(discriminator="op")], BeforeValidator(_draft)],
            ...,
        ],
        Field(min_length=1, max_length=MAX_CHANGES),
    ]

    if TYPE_CHECKING:  # as for a task

        def __init__(
            self, *, changes: Sequence[Mapping[str, Any] | ChangeDraft | commands.Change]
        ) -> None: ...


def with_task_ids(
    changes: Iterable[ChangeDraft], new_task_id: Callable[[int], str]
) -> list[dict[str, Any]]:
    """The changes as given, with an id for every new task that has none."""
    numbers = count()

    def identified(task: Any) -> dict[str, Any]:
        return {**_given(task), "id": task.id or new_task_id(next(numbers))}

    return [_fields(change, identified) for change in changes]


def _fields(change: Command, of_task: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """The given fields of a change, its new tasks converted."""
    fields = _given(change) | {"op": getattr(change, "op", None)}
    for name, value in fields.items():
        if isinstance(value, commands.TaskText):
            fields[name] = of_task(value)
        elif name == "into":
            fields[name] = list(map(of_task, value))
    return fields


def _given(model: Command) -> dict[str, Any]:
    """The fields that were given, as they are."""
    return {name: getattr(model, name) for name in model.model_fields_set}
