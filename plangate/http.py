"""plangate over HTTP, for an application of the host's.

    app.include_router(plangate.http.router(registry), prefix="/plangate")

It needs the extra `plangate[server]`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from plangate.application.access.scopes import Scope
    from plangate.infrastructure.asgi.bearer import Unauthenticated
    from plangate.infrastructure.asgi.caller import Caller, Forbidden
    from plangate.infrastructure.http.caller import trusted_caller
    from plangate.infrastructure.http.events import EventStreams
    from plangate.infrastructure.http.router import router

__all__ = [
    "Caller",
    "EventStreams",
    "Forbidden",
    "Scope",
    "Unauthenticated",
    "router",
    "trusted_caller",
]

_MODULE_OF: Final = {
    "Scope": "application.access.scopes",
    "EventStreams": "infrastructure.http.events",
    "Unauthenticated": "infrastructure.asgi.bearer",
    "router": "infrastructure.http.router",
    **dict.fromkeys(("Caller", "Forbidden"), "infrastructure.asgi.caller"),
    "trusted_caller": "infrastructure.http.caller",
}

_PACKAGES = {"fastapi": "FastAPI", "starlette": "FastAPI", "yaml": "PyYAML"}

if not TYPE_CHECKING:  # a type checker that saw it would accept every name

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(f"plangate.{_MODULE_OF[name]}"), name)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in _PACKAGES:
                raise
            raise ImportError(
                f"plangate.http needs {_PACKAGES[package]}, which is not installed: "
                "pip install 'plangate[server]'",
                name=error.name,
            ) from None
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
