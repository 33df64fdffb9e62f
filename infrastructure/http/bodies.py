"""Bodies of requests: commands without what the path says already.

The model documents the body; it is validated as the whole command, so that all errors are those
of the registry.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Body
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, WrapValidator, create_model
from pydantic_core import CoreSchema, core_schema

from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem

Fields = dict[str, Any]
_Model = TypeVar("_Model", bound=BaseModel)


class As:
    """A JSON object that is documented as a model, whose fields alone it may have."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The model's schema, around which the object is only looked at."""

        def known(given: object, _: Any) -> Fields:
            accepted = ", ".join(self._model.model_fields)
            if not isinstance(given, Mapping):
                raise InvalidInput([Problem("", f"must be an object with {accepted}")])
            unknown = [str(name) for name in given if name not in self._model.model_fields]
            problem = f"is not known here; accepted: {accepted}"
            if unknown:
                raise InvalidInput([Problem(f"{name:.80}", problem) for name in unknown])
            return dict(given)

        return core_schema.no_info_wrap_validator_function(
            known, handler.generate_schema(self._model)
        )


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


def whole(model: type[_Model]) -> Any:
    """A body that is a model, validated as every entry to the registry does it."""
    return Annotated[model, WrapValidator(lambda given, _: validate(model, given)), Body()]
