"""Bodies of requests: commands without what the path says already.

The model documents the body; it is validated as the whole command, so that all errors are those
of the registry.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema, core_schema

from plangate.application.json_pointers import json_pointer
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.asgi.problem_details import Refused
from plangate.infrastructure.http.problems import KINDS, FieldProblem

Fields = dict[str, Any]


class Checked:
    """A body that is documented as a type, and checked by a function of our own."""

    def __init__(self, documented: Any, check: Callable[[object], Any]) -> None:
        self._documented = documented
        self._check = check

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the type, whose own validation is not run."""
        return core_schema.no_info_wrap_validator_function(
            lambda given, _: self._check(given), handler.generate_schema(self._documented)
        )


def fields_of(model: type[BaseModel]) -> Checked:
    """A JSON object that is documented as a model, whose fields alone it may have."""
    accepted = ", ".join(model.model_fields)

    def known(given: object) -> Fields:
        if not isinstance(given, Mapping):
            raise InvalidInput([Problem("", f"must be an object with {accepted}")])
        problem = f"is not known here; accepted: {accepted}"
        unknown = [
            FieldProblem(pointer=json_pointer(f"{name:.80}"), detail=problem)
            for name in given
            if name not in model.model_fields
        ]
        if unknown:
            raise Refused(KINDS[InvalidInput], str(unknown[0]), unknown)
        return dict(given)

    return Checked(model, known)


def as_given(documented: Any) -> Checked:
    """What the registry validates itself."""
    return Checked(documented, lambda given: given)


def valid(model: type[BaseModel]) -> Checked:
    """A model, validated in the way that all errors are those of the registry."""
    return Checked(model, partial(validate, model))


def without(model: type[BaseModel], *names: str, title: str | None = None) -> type[BaseModel]:
    """A model of the body of a command: its fields but for `op` and those named."""
    fields: Any = {
        name: (field.annotation, field)
        for name, field in model.model_fields.items()
        if name not in {"op", *names}
    }
    body: type[BaseModel] = create_model(
        title or f"{model.__name__}Body",
        __config__=ConfigDict(extra="forbid"),
        __doc__=model.__doc__,
        **fields,
    )
    return body
