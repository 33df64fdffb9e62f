"""Validation of input, with errors in the caller's own terms.

One place turns pydantic's errors into `InvalidInput`: which field, what is wrong with
it, and what would be accepted.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from plangate.application.near_matches import did_you_mean, near_matches
from plangate.domain.errors import InvalidInput, InvalidScore, Problem
from plangate.domain.vocabulary import Identifier

_Model = TypeVar("_Model", bound=BaseModel)
_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)
_OF_A_KEY: Final = "[key]"
"""The last step of pydantic's location where the key of a mapping is wrong."""

_SCORES: Final = {"score", "prompt_score", "output_score"}

_MESSAGES: Final = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "enum": "must be one of {expected}",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "frozen_set_type": "must be text, or a list of texts",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "missing": "is required",
    "string_too_long": "must be at most {max_length} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "string_unicode": "must not hold a lone surrogate",
    "model_attributes_type": "must be an object with an op",
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"),
        "must be a time with its zone, as 2026-01-31T12:00:00Z",
    ),
    "too_long": "must hold at most {max_length}",
    "too_short": "must hold at least {min_length}",
    "tuple_type": "must be a list",
    "union_tag_invalid": "the op '{tag}' is not known; accepted: {expected_tags}",
    "union_tag_not_found": "must have an op",
    "value_error": "{error}",
}


def validate(model: type[_Model], fields: object) -> _Model:
    """A `model` of these fields; raises `InvalidInput`, or `InvalidScore` if a score is wrong."""
    try:
        return model.model_validate(fields)
    except ValidationError as refused:
        raise refusal(refused, model) from None
    except RecursionError:
        raise InvalidInput([Problem("", "must not be nested so deep")]) from None


def validate_identifier(field: str, value: object) -> str:
    """The value as an identifier; raises `InvalidInput`, naming the field."""
    try:
        return _IDENTIFIER.validate_python(value)
    except ValidationError as refused:
        problems = [Problem(field, _message(error, ())) for error in _details(refused)]
        raise InvalidInput(problems) from None


def is_identifier(value: str) -> bool:
    """Whether a text can be an identifier."""
    try:
        _IDENTIFIER.validate_python(value)
    except ValidationError:
        return False
    return True


def refusal(refused: ValidationError, model: type[BaseModel]) -> InvalidInput:
    """Pydantic's errors about a `model`, as the error that a caller sees."""
    problems = [_problem(error, model) for error in _details(refused)]
    of_a_score = any(problem.field in _SCORES for problem in problems)
    return InvalidScore(problems) if of_a_score else InvalidInput(problems)


def message_of(error: ErrorDetails) -> str:
    """One of pydantic's errors, as the message that a caller sees."""
    return _message(error, ())


def problems_at(refused: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """Pydantic's errors about another tool's data: the path to each, and the message."""
    return [(error["loc"], _message(error, ())) for error in _details(refused)]


def _details(refused: ValidationError) -> list[ErrorDetails]:
    """Pydantic's errors, without those that only follow from an inner one."""
    errors = refused.errors(include_url=False, include_input=False)
    inside = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    return [error for error in errors if error["loc"] not in inside]


def _problem(error: ErrorDetails, model: type[BaseModel]) -> Problem:
    field, models = _walk(model, error["loc"])
    if error["type"] == "extra_forbidden":
        _, models = _walk(model, error["loc"][:-1])
    return Problem(field, _message(error, models))


def _message(error: ErrorDetails, models: Sequence[type[BaseModel]]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    fields = ", ".join(name for model in models[:1] for name in model.model_fields)
    if kind == "extra_forbidden":
        unknown, known = str(error["loc"][-1]), [*(models[0].model_fields if models else ())]
        near = near_matches(unknown, known) or [one for one in known if unknown in one]
        meant = f"; {did_you_mean(near)}" if near else ""
        return f"is not known here; accepted: {fields}{meant}"
    if kind == "model_type":
        return f"must be an object with {fields}" if fields else "must be an object"
    return _MESSAGES[kind].format(**context) if kind in _MESSAGES else error["msg"]


def _walk(
    model: type[BaseModel], location: Sequence[int | str]
) -> tuple[str, Sequence[type[BaseModel]]]:
    """`("tasks", 2, "title")` as `tasks[2].title`, and the models that are possible there.

    Where several are, pydantic's location also names which; the caller never wrote that
    step. A long unknown name is shortened.
    """
    path, models = "", [model]
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step == _OF_A_KEY:
            pass
        elif len(models) > 1:
            models = [one for one in models if one.model_fields["op"].default == step]
        else:
            path += f".{step:.80}"
            field = models[0].model_fields.get(step) if models else None
            models = _models_in(field.annotation) if field else []
    return path.removeprefix("."), models


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation such as `tuple[TaskDraft, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
