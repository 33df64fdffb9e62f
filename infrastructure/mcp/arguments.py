"""What the arguments of tools have in common: bounds, strictness and names.

They are named as in the Python API. Unknown arguments are refused, and so are numbers given as
text or as a boolean.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, WithJsonSchema

from plangate.domain.vocabulary import Identifier

Detail = Literal["brief", "full"]
Limit = Annotated[int, Strict(), Field(ge=1, le=100)]
After = Annotated[str, Strict(), Field(max_length=2_000)]
"""The `next_after` of the page before."""


class Arguments(BaseModel):
    """The arguments of a tool."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Recording(Arguments):
    """The arguments of a tool that records."""

    idempotency_key: Identifier | None = None


class Page(Arguments):
    """The arguments of a tool that lists."""

    limit: Limit = 20
    after: After | None = None


def given(arguments: Arguments, *names: str) -> dict[str, Any]:
    """The arguments with these names that were given, as fields of a command."""
    fields = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in fields.items() if value is not None}


def shown_as(kind: str | list[str], description: str, **more: Any) -> WithJsonSchema:
    """A short JSON Schema in place of the whole one, which the registry holds to."""
    return WithJsonSchema({"type": kind, "description": description, **more})
