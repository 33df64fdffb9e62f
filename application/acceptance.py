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
    "too_long": "must hold at most {max_length}",
    "too_short": "must hold at least {min_length}",
    "tuple_type": "must be a list",
    "value_error": "{error}",
}


def accept(model: type[_Model], given: Mapping[str, object]) -> _Model:
    """`given` as a `model`; raises `InvalidInput`, or `InvalidScore` if a score is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as refused:
        raise refusal(refused, model) from None


def accept_identifier(field: str, given: object) -> str:
    """`given` as an identifier; raises `InvalidInput`."""
    try:
        return _IDENTIFIER.validate_python(given)
    except ValidationError as refused:
        problems = [Problem(field, _message(error, None)) for error in _details(refused)]
        raise InvalidInput(problems) from None


def refusal(refused: ValidationError, model: type[BaseModel]) -> InvalidInput:
    """What pydantic found wrong with a `model`, as the error a caller sees."""
    problems = [
        Problem(_place(error["loc"]), _message(error, model)) for error in _details(refused)
    ]
    of_a_score = any(problem.field in _SCORES for problem in problems)
    return InvalidScore(problems) if of_a_score else InvalidInput(problems)


def _details(refused: ValidationError) -> list[ErrorDetails]:
    """What pydantic found, without what only follows from something inside."""
    errors = refused.errors(include_url=False, include_input=False)
    inside = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    return [error for error in errors if error["loc"] not in inside]


def _place(location: Sequence[int | str]) -> str:
    """`("tasks", 2, "title")` as `tasks[2].title`; a long unknown name is cut short."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step:.80}" for step in location)
    return "".join(steps).removeprefix(".")


def _message(error: ErrorDetails, model: type[BaseModel] | None) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is not known here; accepted: {', '.join(_fields(model, error['loc'][:-1]))}"
    if kind == "model_type":
        return f"must be an object with {', '.join(_fields(model, error['loc']))}"
    return _SAID[kind].format(**context) if kind in _SAID else error["msg"]


def _fields(model: type[BaseModel] | None, location: Sequence[int | str]) -> list[str]:
    """The fields accepted at a place inside a model."""
    for step in location:
        if model is not None and isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation)
    return list(model.model_fields) if model is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation such as `tuple[TaskDraft, ...] | None` speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
