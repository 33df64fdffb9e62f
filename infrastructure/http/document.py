"""The OpenAPI document of the API, as it is published."""

from collections import Counter
from collections.abc import Iterator
from json import dumps, loads
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

from fastapi import FastAPI, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from typing_extensions import override

from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.asgi.problem_details import MEDIA_TYPE
from plangate.infrastructure.http.router import router

PREFIX: Final = "/v1"

DESCRIPTION: Final = (
    "Plans of AI agents, gated by evidence of quality. Errors are `application/problem+json`; "
    "docs/reference/http.md of plangate explains the conventions."
)

BEARER: Final = HTTPBearer(
    scheme_name="bearer", description="An API key of plangate.", auto_error=False
)
"""How the server of our own is asked for API keys."""


class DescribedApp(FastAPI):
    """An application whose document has examples of answers, and says once what is shared."""

    @override
    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            self.openapi_schema = with_shared_parts(with_answers(super().openapi()))
        return self.openapi_schema


def document() -> dict[str, Any]:
    """The document of a server with API keys."""
    app = DescribedApp(title="plangate", version="1", description=DESCRIPTION)
    app.include_router(router(_none, caller=_with_key), prefix=PREFIX)
    return app.openapi()


def with_answers(described: dict[str, Any]) -> dict[str, Any]:
    """The document with an example of each operation's answer.

    FastAPI would leave out what is null in them.
    """
    answers = loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))
    for operation in _operations(described):
        for status in ("200", "201"):
            content = operation["responses"].get(status, {}).get("content", {})
            if operation.get("operationId") in answers and "application/json" in content:
                content["application/json"]["example"] = answers[operation["operationId"]]
    return described


def with_shared_parts(described: dict[str, Any]) -> dict[str, Any]:
    """The document with what several operations have in common among its components.

    These are examples of problems, responses that refuse, and parameters. FastAPI repeats them in
    every operation.
    """
    responses, parameters = _Shared("responses"), _Shared("parameters")
    examples: dict[str, Any] = {}
    for operation in _operations(described):
        for status, response in operation["responses"].items():
            problems = response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
            if problems:
                name = ".".join((f"status-{status}", *problems))
                responses.add(name, operation["responses"], status)
            for slug in problems:
                examples[slug] = problems[slug]
                problems[slug] = {"$ref": f"#/components/examples/{slug}"}
        given = operation.get("parameters", [])
        for index, parameter in enumerate(given):
            parameters.add(parameter["name"], given, index)
    found = {shared.kind: shared.moved() for shared in (responses, parameters)}
    described["components"] |= {**found, "examples": dict(sorted(examples.items()))}
    return described


class _Shared:
    """Parts of one kind, and all that hold them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._uses: list[tuple[str, Any, Any]] = []

    def add(self, name: str, holder: Any, key: Any) -> None:
        self._uses.append((name, holder, key))

    def moved(self) -> dict[str, Any]:
        """Those that are used several times, by name; their holders then refer to them.

        Where several have one name, the one that is used most gets it, and the others stay.
        """
        counted = Counter(
            (name, dumps(holder[key], sort_keys=True)) for name, holder, key in self._uses
        )
        chosen: dict[str, str] = {}
        for (name, text), number in counted.most_common():
            if number > 1:
                chosen.setdefault(name, text)
        found: dict[str, Any] = {}
        for name, holder, key in self._uses:
            if chosen.get(name) == dumps(holder[key], sort_keys=True):
                found[name] = holder[key]
                holder[key] = {"$ref": f"#/components/{self.kind}/{name}"}
        return dict(sorted(found.items()))


def _operations(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in described["paths"].values():
        yield from methods.values()


async def _with_key(_: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> Caller:
    return Caller()


def _none() -> NoReturn:
    raise NotImplementedError
