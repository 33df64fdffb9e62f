"""The bounds on what an event may hold that comes into a store, and how large it may be.

This is the one place that lists them, field by field; commands have the same types. Events
that are stored already are never checked: a tighter bound makes no old plan unreadable.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import GenericAlias, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from plangate.domain import events
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.json_objects import JsonObject
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    MAX_CHANGES,
    MAX_INTEGER,
    MAX_TASKS,
    Accept,
    Goal,
    Identifier,
    Labels,
    Moment,
    Number,
    Priority,
    Prose,
    Scale,
    Score,
    Scorer,
    TaskIds,
    Title,
    bounded_scorer,
)

MAX_EVENT_BYTES: Final = 64 * 1024 * 1024
"""The largest event, as it is stored."""

MAX_TASK_BYTES: Final = 48 * 1024 * 1024
"""The largest JSON of the tasks that one command plans.

It leaves room for the rest of the event, and for the commitments that replace erased text.
"""

_ROUNDING: Final = 1e-9

_BOUNDS: Final[Mapping[str, Any]] = {
    "accept": Accept,
    "at": Moment,
    "attempt": Annotated[int, Field(ge=1, le=MAX_INTEGER)],
    "before": Identifier,
    "dependants": TaskIds,
    "depends_on": TaskIds,
    "description": Prose,
    "event_id": Prose,
    "evidence": JsonObject,
    "goal": Goal,
    "id": Identifier,
    "labels": Labels,
    "lease_until": Moment,
    "metadata": JsonObject,
    "note": Prose,
    "occurred_at": Moment,
    "policy": Policy,
    "priority": Priority,
    "rationale": Prose,
    "raw_score": Number,
    "reason": Prose,
    "rolling_confidence": Annotated[Number, Field(ge=-_ROUNDING, le=1.0 + _ROUNDING)],
    "scale": Scale,
    "score": Score,
    "scorer": Annotated[Scorer, AfterValidator(bounded_scorer)],
    "source": Identifier,
    "task_id": Identifier,
    "threshold": Score,
    "title": Title,
    "until": Moment,
    "worker": Identifier,
}
"""What each field of an event may hold, by its name."""


class _Bounded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def bounded(event: type[events.PlanEvent]) -> type[BaseModel]:
    """The model of an event whose fields are within their bounds; it validates stored JSON."""
    return _model(event)


def require_size(decided: Iterable[events.PlanEvent]) -> None:
    """Raise `InvalidInput` if the tasks in one of these events are too large to be stored."""
    for event in decided:
        match event:
            case events.PlanCreated():
                _require_size("tasks", event.tasks)
            case events.TaskSplit():
                _require_size("changes", event.into)
            case _:
                pass  # the bounds on their fields keep all other events far smaller


def _require_size(field: str, tasks: tuple[events.PlannedTask, ...]) -> None:
    size = 0
    for task in tasks:
        size += len(task.model_dump_json(exclude_none=True))
        if size > MAX_TASK_BYTES:
            problem = (
                f"must be at most {MAX_TASK_BYTES // 2**20} MiB of JSON in one event; "
                f"plan fewer tasks, or describe them in fewer words, and add the rest by revisions"
            )
            raise InvalidInput([Problem(field, problem)])


def _model(unbounded: type[BaseModel]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (_annotation(name, info.annotation), info.default if not info.is_required() else ...)
        for name, info in unbounded.model_fields.items()
        if name != "type"  # it is not stored
    }
    return create_model(unbounded.__name__, __base__=_Bounded, **fields)


def _annotation(name: str, annotation: Any) -> Any:
    """The bounded type of a field; KeyError for a field without a bound."""
    kinds = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    if any(isinstance(kind, type) and issubclass(kind, StrEnum | bool) for kind in kinds):
        return annotation
    if annotation is events.PlannedTask:
        return _PLANNED_TASK
    if annotation == tuple[events.PlannedTask, ...]:
        least, most = (1, MAX_TASKS) if name == "tasks" else (2, MAX_CHANGES)
        several = GenericAlias(tuple, (_PLANNED_TASK, ...))
        return Annotated[several, Field(min_length=least, max_length=most)]
    bound = _BOUNDS[name]
    return bound | None if type(None) in kinds else bound


_PLANNED_TASK: Final = _model(events.PlannedTask)
