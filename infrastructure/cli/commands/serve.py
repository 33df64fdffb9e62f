"""`plangate serve`: the API and the pages, over HTTP."""

from importlib.util import find_spec
from typing import Final

import typer

from plangate.application.results import Result
from plangate.domain.errors import PlangateError
from plangate.infrastructure.cli.input.options import option
from plangate.infrastructure.cli.terminal import Terminal

PORT: Final = 8421
_NEEDED: Final = (
    *("fastapi", "jinja2", "multipart", "prometheus_client", "uvicorn"),
    *("markdown_it", "mdit_py_plugins", "yaml"),
)
_LAST_PORT: Final = 65_535


class Serving(Result):
    """The server accepts connections at `url`."""

    url: str


def serve_plans(
    terminal: Terminal,
    *,
    port: int = option(
        "--port", "N", "The port; 0 for a free one.", default=PORT, min=0, max=_LAST_PORT
    ),
    host: str = option(
        "--host",
        "ADDRESS",
        "The address to listen on. Any but loopback needs API keys and --allowed-host.",
        default="127.0.0.1",
    ),
    allowed_hosts: list[str] | None = option(
        "--allowed-host",
        "NAME",
        "A name that clients use for this server, without port; may be repeated. With one, every "
        "request needs an API key.",
    ),
) -> None:
    """Serve the API at /v1 and the pages at /, until SIGTERM or Ctrl-C.

    Without an API key only programs on this machine are answered.

    Example: plangate serve --port 8421
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        raise PlangateError(f"a server needs {names}: pip install 'plangate[server]'")
    from plangate.infrastructure.http.serving import run_server

    def started(url: str) -> None:
        terminal.done = f"the server ran at {url}"
        terminal.answer(Serving(url=url), lambda answer, _hint: f"plangate serves {answer.url}\n")

    code = run_server(
        terminal.store, host=host, port=port, allowed_hosts=allowed_hosts or [], started=started
    )
    if code:
        raise typer.Exit(code)
