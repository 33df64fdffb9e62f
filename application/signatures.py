"""Signatures in full: what `**options: Unpack[…]` accepts, one parameter each.

Type checkers look into a `TypedDict`; `help()` and `inspect.signature` do not.
"""

from collections.abc import Callable, Iterator
from inspect import Parameter, Signature, signature
from typing import TypeVar, get_args

_Class = TypeVar("_Class", bound=type)


def showing_options(cls: _Class) -> _Class:
    """Show each option of a class's methods in their signatures; an option defaults to None."""
    for name, method in vars(cls).items():
        if not name.startswith("_") and callable(method):
            _show_options(method)
    return cls


def _show_options(method: Callable[..., object]) -> None:
    written = signature(method)
    *others, last = written.parameters.values()
    if last.kind is Parameter.VAR_KEYWORD:
        shown = [*others, *_options(last)]
        vars(method)["__signature__"] = Signature(
            shown, return_annotation=written.return_annotation
        )


def _options(several: Parameter) -> Iterator[Parameter]:
    (options,) = get_args(several.annotation)
    for name, annotation in options.__annotations__.items():
        yield Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
