"""Bad input, said in the caller's own terms.

One place turns what pydantic finds into `InvalidInput`: which field, what is
wrong with it, and what would be accepted.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from plangate.domain.errors import InvalidInput, InvalidScore, Problem
from plangate.domain.vocabulary import Identifier

_Model = TypeVar("_Model", bound=BaseModel)
_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)
_SCORES: Final = {"score", "prompt_score", "output_score"}

_SAID: Final = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "enum": "must be one of {expected}",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number",
    "less_than_equal": "must be at most {le}",
    "missing": "is required",
    "string_too_long": "must be at most {max_length} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "string_unicode": "must not hold a lone surrogate",
    "model_attributes_type": "must be an object with an op",
    "too_long": "must hold at most {max_length}",
    "too_short": "must hold at least {min_length}",
    "tuple_type": "must be a list",
    "union_tag_invalid": "the op '{tag}' is not known; accepted: {expected_tags}",
    "union_tag_not_found": "must say its op",
    "value_error": "{error}",
}


def validate(model: type[_Model], given: Mapping[str, object]) -> _Model:
    """`given` as a `model`; raises `InvalidInput`, or `InvalidScore` if a score is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as refused:
        raise refusal(refused, model) from None


def validate_identifier(field: str, given: object) -> str:
    """`given` as an identifier; raises `InvalidInput`."""
    try:
        return _IDENTIFIER.validate_python(given)
    except ValidationError as refused:
        problems = [Problem(field, _message(error, ())) for error in _details(refused)]
        raise InvalidInput(problems) from None


def refusal(refused: ValidationError, model: type[BaseModel]) -> InvalidInput:
    """What pydantic found wrong with a `model`, as the error a caller sees."""
    problems = [_problem(error, model) for error in _details(refused)]
    of_a_score = any(problem.field in _SCORES for problem in problems)
    return InvalidScore(problems) if of_a_score else InvalidInput(problems)


def located(refused: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """What pydantic found wrong with something of another tool's: the steps to it, and what."""
    return [(error["loc"], _message(error, ())) for error in _details(refused)]


def _details(refused: ValidationError) -> list[ErrorDetails]:
    """What pydantic found, without what only follows from something inside."""
    errors = refused.errors(include_url=False, include_input=False)
    inside = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    return [error for error in errors if error["loc"] not in inside]


def _problem(error: ErrorDetails, model: type[BaseModel]) -> Problem:
    place, models = _walked(model, error["loc"])
    if error["type"] == "extra_forbidden":
        _, models = _walked(model, error["loc"][:-1])
    return Problem(place, _message(error, models))


def _message(error: ErrorDetails, models: Sequence[type[BaseModel]]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    fields = ", ".join(name for model in models[:1] for name in model.model_fields)
    if kind == "extra_forbidden":
        return f"is not known here; accepted: {fields}"
    if kind == "model_type":
        return f"must be an object with {fields}" if fields else "must be an object"
    return _SAID[kind].format(**context) if kind in _SAID else error["msg"]


def _walked(
    model: type[BaseModel], location: Sequence[int | str]
) -> tuple[str, Sequence[type[BaseModel]]]:
    """`("tasks", 2, "title")` as `tasks[2].title`, and the models that may stand there.

    Where several may, pydantic's location also names which; the caller never
    wrote that step. A long unknown name is cut short.
    """
    place, models = "", [model]
    for step in location:
        if isinstance(step, int):
            place += f"[{step}]"
        elif len(models) > 1:
            models = [one for one in models if one.model_fields["op"].default == step]
        else:
            place += f".{step:.80}"
            field = models[0].model_fields.get(step) if models else None
            models = _models_in(field.annotation) if field else []
    return place.removeprefix("."), models


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation such as `tuple[TaskDraft, ...] | None` speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
