"""Fast reading of stored records: structs of `msgspec`, generated from the pydantic models.

They accept less than the models do: whatever they refuse, the models decide. What they
accept becomes the same values, so no reader can tell which of the two has read a record.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from functools import cache, lru_cache
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from annotated_types import Ge, Le
from pydantic import AwareDatetime, BaseModel, Strict

from plangate.domain.vocabulary import Erasable

_Model = TypeVar("_Model", bound=BaseModel)
_Revive = Callable[[Any], Any]

REFUSED: Final = (msgspec.MsgspecError, ValueError, TypeError, RecursionError)
"""Raised where a struct does not accept a record; the models say why, or accept it."""

_AS_THEY_ARE: Final = {str, int, float, bool, NoneType}
_MOMENT: Final = Annotated[datetime, msgspec.Meta(tz=True)]
_POLICIES: Final = 256
"""How many values of a validated model are remembered, as they were stored."""

is_finer: Final = re.compile(rb"\.\d{7,}+[Zz+-]").search
"""Finds a time with parts of a microsecond, which `msgspec` rounds and pydantic cuts off."""


class _Shape(NamedTuple):
    """A type that `msgspec` decodes, and what makes the model's value of it."""

    type: Any
    revive: _Revive | None = None


_ABSENT: Final = _Shape(None)
"""The shape of a type that is left to the models: only null is accepted."""

_REFUSED_WHERE_GIVEN: Final = Annotated[int, msgspec.Meta(ge=1, le=0)]
"""A type without values: the default is all that a field can have."""


@cache
def struct_of(model: type[BaseModel]) -> tuple[type[msgspec.Struct], _Revive]:
    """The struct that decodes a model's JSON, and what makes the model of it."""
    fields: list[Any] = []
    revivers: list[tuple[str, _Revive]] = []
    for name, field in model.model_fields.items():
        if get_origin(field.annotation) is Literal and get_args(field.annotation) == (
            field.default,
        ):  # the type of an event, which is not stored
            fields.append((name, _REFUSED_WHERE_GIVEN, field.default))
            continue
        shape = _noted(field.annotation, field.metadata)
        default = () if field.is_required() else (field.default,)
        fields.append((name, shape.type, *default))
        if shape.revive is not None:
            revivers.append((name, shape.revive))
    struct = msgspec.defstruct(
        f"Stored{model.__name__}", fields, kw_only=True, forbid_unknown_fields=True, gc=False
    )
    return struct, _reviver(model, revivers)


def _noted(kind: Any, notes: Iterable[Any]) -> _Shape:
    """The shape of an annotated type."""
    bounds: dict[str, Any] = {}
    for note in notes:
        if isinstance(note, Ge | Le):
            bounds |= {name: getattr(note, name) for name in type(note).__slots__}
        elif not isinstance(note, Erasable | Strict) and vars(note) != {"allow_inf_nan": False}:
            return _ABSENT
    shape = _shape(kind)
    return _Shape(Annotated[shape.type, msgspec.Meta(**bounds)], shape.revive) if bounds else shape


def _shape(kind: Any) -> _Shape:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _noted(inner[0], inner[1:])
    if origin in {Union, UnionType}:
        shapes = [_shape(one) for one in inner]
        return _Shape(
            Union[tuple(shape.type for shape in shapes)],  # noqa: UP007  (made at run time)
            next((_unless_null(shape.revive) for shape in shapes if shape.revive), None),
        )
    if origin is tuple:
        shapes = [_shape(one) for one in inner if one is not Ellipsis]
        types = [shape.type for shape in shapes]
        revive = shapes[0].revive  # a tuple of models has any number of one model
        some = [*types, ...] if Ellipsis in inner else types
        return _Shape(GenericAlias(tuple, tuple(some)), revive and _each(revive))
    if kind is AwareDatetime:
        return _Shape(_MOMENT)
    if kind in _AS_THEY_ARE or origin is Literal:
        return _Shape(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _Shape(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind.__pydantic_decorators__.model_validators:
            return _Shape(msgspec.Raw, _validator(kind))
        return _Shape(*struct_of(kind))
    return _ABSENT


def _unless_null(revive: _Revive) -> _Revive:
    return lambda value: None if value is None else revive(value)


def _each(revive: _Revive) -> _Revive:
    return lambda values: tuple(map(revive, values))


def _validator(model: type[_Model]) -> Callable[[msgspec.Raw], _Model]:
    """Validate a model that refuses more than its types do; such values recur."""
    validated = lru_cache(_POLICIES)(model.model_validate_json)
    return lambda raw: validated(bytes(raw))


_new: Final = object.__new__
_set_facts: Final = BaseModel.__dict__["__dict__"].__set__
_set_given: Final = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra: Final = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private: Final = BaseModel.__dict__["__pydantic_private__"].__set__


def _reviver(model: type[BaseModel], revivers: Iterable[tuple[str, _Revive]]) -> _Revive:
    """What makes a model of its struct, which has validated everything."""
    names, facts_of = set(model.model_fields), msgspec.structs.asdict

    def revive(struct: msgspec.Struct) -> BaseModel:
        facts = facts_of(struct)
        for name, inner in revivers:
            facts[name] = inner(facts[name])
        made = _new(model)
        _set_facts(made, facts)
        _set_given(made, names)
        _set_extra(made, None)
        _set_private(made, None)
        return made

    return revive
