"""Models whose fields are made when they are first read.

An answer costs what its reader reads of it. A field says what it would have said at the time
of the answer: it is made of values that do not change. In every other respect such a model
is like one that was made as a whole.
"""

from collections.abc import Callable, Generator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr, model_serializer

from plangate.application.models import Model

_Model = TypeVar("_Model", bound=BaseModel)


class OnDemand(Model):
    """A frozen model that keeps what its fields are made of until all of them are made.

    `makers` are the functions that make them of `_source`.
    """

    model_config = ConfigDict(frozen=True)

    makers: ClassVar[Mapping[str, Callable[..., Any]]] = {}

    _source: tuple[Any, ...] | None = PrivateAttr(default=None)

    @classmethod
    def made_of(cls, *source: Any, **known: Any) -> Self:
        """One with the `known` fields; the others are made of `source` when they are read."""
        return trusted(cls, known, {"_source": source})

    def whole(self) -> Self:
        """The same model, with all its fields made."""
        if self._source is not None:
            fields = {name: getattr(self, name) for name in type(self).model_fields}
            object.__setattr__(self, "__dict__", fields)
            self._source = None
        return self

    def __eq__(self, other: object) -> bool:
        self.whole()
        if isinstance(other, OnDemand):
            other.whole()
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash(tuple(value for _, value in self))

    def __iter__(self) -> Generator[tuple[str, Any], None, None]:  # noqa: PYI058  (as pydantic's)
        return super(OnDemand, self.whole()).__iter__()

    def __repr_args__(self) -> Any:
        return super(OnDemand, self.whole()).__repr_args__()

    def __getstate__(self) -> dict[Any, Any]:
        return super(OnDemand, self.whole()).__getstate__()

    def __copy__(self) -> Self:
        return super(OnDemand, self.whole()).__copy__()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return super(OnDemand, self.whole()).__deepcopy__(memo)

    if (
        not TYPE_CHECKING
    ):  # pragma: no branch  (what follows would hide every misspelt field from a type checker)

        def __getattr__(self, name: str) -> Any:
            make = type(self).makers.get(name)
            source = make and (self.__pydantic_private__ or {}).get("_source")
            if source is not None:
                return self.__dict__.setdefault(name, make(*source))
            if name in self.__dict__:  # another thread has just made all of them
                return self.__dict__[name]
            return super().__getattr__(name)

        @model_serializer(mode="wrap")
        def _serialize(self, serialize):  # noqa: ANN001, ANN202  (a type would replace the schema)
            return serialize(self.whole())


def trusted(
    model: type[_Model], fields: dict[str, Any], private: dict[str, Any] | None = None
) -> _Model:
    """Make a model of fields that the domain has validated, many times as fast."""
    made = object.__new__(model)
    object.__setattr__(made, "__dict__", fields)
    object.__setattr__(made, "__pydantic_fields_set__", set(_field_names(model)))
    object.__setattr__(made, "__pydantic_extra__", None)
    object.__setattr__(made, "__pydantic_private__", private)
    return made


@cache
def _field_names(model: type[BaseModel]) -> frozenset[str]:
    """The names of a model's fields, for which pydantic takes as long as for the rest."""
    return frozenset(model.model_fields)
