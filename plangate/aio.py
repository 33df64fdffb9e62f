"""plangate for asyncio.

async with plangate.aio.connect("plans.db") as registry:
    plan = await registry.create("Move billing", tasks=[{"title": "Design the schema"}])
"""

from collections.abc import Callable
from functools import partial, update_wrapper
from inspect import signature
from typing import ParamSpec

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.registry import PlanRegistry
from plangate.infrastructure import bootstrap

__all__ = ["AsyncPlanRegistry", "connect"]

_P = ParamSpec("_P")


def _for_asyncio(open_registry: Callable[_P, PlanRegistry]) -> Callable[_P, AsyncPlanRegistry]:
    def connect(*args: _P.args, **kwargs: _P.kwargs) -> AsyncPlanRegistry:
        return AsyncPlanRegistry(partial(open_registry, *args, **kwargs))

    update_wrapper(connect, open_registry)
    shown = signature(open_registry).replace(return_annotation="AsyncPlanRegistry")
    connect.__signature__ = shown  # type: ignore[attr-defined]
    connect.__doc__ = _DOCSTRING
    return connect


_DOCSTRING = """Name a store, which `async with` opens as an `AsyncPlanRegistry`.

The arguments, and the errors, which `async with` raises, are those of `plangate.connect`.
"""

connect = _for_asyncio(bootstrap.connect)
