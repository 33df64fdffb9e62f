"""Plans for agents, over the Model Context Protocol: the server, and its entry in a client."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.cli.answers import Installed
from plangate.infrastructure.cli.commands.init import IGNORED
from plangate.infrastructure.cli.input.options import Actor, flag, option
from plangate.infrastructure.cli.render.text import harmless
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.mcp.clients import CLIENTS, Client
from plangate.infrastructure.mcp.installing import carried_out, planned
from plangate.infrastructure.project import FOLDER, Project, find_project
from plangate.infrastructure.settings import Settings

_NEEDED: Final = ("mcp", "uvicorn")


def serve_agents(
    terminal: Terminal,
    *,
    http: bool = flag("--http", "Serve many clients over HTTP, on this machine only."),
    port: int = option("--port", "PORT", "The port for --http.", default=8811, min=0, max=65535),
    actor: Actor = None,
) -> None:
    """Serve plans to agents over MCP: to the program that started this, or with --http to many.

    Without --actor, and without PLANGATE_ACTOR, commands are recorded as the client's, by its
    name.

    Example: plangate mcp --http --port 8811
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        problem = f"needs {', '.join(missing)}: pip install 'plangate[mcp]'"
        raise InvalidInput([Problem("mcp", problem)])
    from plangate.infrastructure.mcp import serving

    acting = actor or Settings().actor
    if http:
        raise typer.Exit(serving.serve_http(terminal.store, acting, port, _announce))
    serving.serve_stdio(terminal.store, acting)


def _announce(address: str) -> None:
    sys.stderr.write(f"serving plans at {address}\n")
    sys.stderr.flush()


def install_for(
    terminal: Terminal,
    *,
    client: Annotated[
        Client, typer.Option("--client", metavar="NAME", help=f"One of {', '.join(Client)}.")
    ],
    only_print: bool = flag("--print", "Show the entry; change nothing."),
) -> None:
    """Add plangate to the MCP servers of a client, for the project of this folder.

    Everything else in its configuration stays, and a backup is made. Where the project has no
    store, its .plangate/ is made at the root of the git repository.

    Example: plangate mcp install --client claude-code
    """
    folder = _folder()
    project = find_project()
    is_elsewhere = project is not None and (project.store or project.folder != folder)
    starts_here = CLIENTS[client].store_at is None
    store = terminal.store
    if store is None and project and is_elsewhere and not starts_here:
        store = _store_of(project)
    installation = planned(client, folder, store)
    if only_print:
        terminal.write([installation.shown])
        return
    makes_folder = store is None and not is_elsewhere and not (folder / FOLDER).is_dir()
    if makes_folder:
        (folder / FOLDER).mkdir()
        (folder / FOLDER / ".gitignore").write_text(IGNORED, encoding="utf-8")
    backup = carried_out(installation) if installation.is_new else None
    answer = Installed(
        client=client,
        path=str(installation.path),
        changed=installation.is_new,
        backup=None if backup is None else str(backup),
        store_folder=str(folder / FOLDER) if makes_folder else None,
    )
    terminal.answer(answer, lambda found, _: _render(found))


def _store_of(project: Project) -> str | None:
    """The file that a project has its plans in; an address may hold a password, and is not named.

    Raises `InvalidInput` for such a one.
    """
    if project.store is None:
        return None if project.own_store is None else str(project.own_store)
    if ":" in project.store:
        problem = "the project's store is not a file: name it, as the client is to read it"
        raise InvalidInput([Problem("--db", problem)])
    return str(project.path(project.store))


def _folder() -> Path:
    """The root of the git repository that the current folder is in, or that folder."""
    here = Path.cwd()
    return next((one for one in (here, *here.parents) if (one / ".git").exists()), here)


def _render(answer: Installed) -> str:
    lines = [] if answer.store_folder is None else [f"made {answer.store_folder}"]
    if answer.changed:
        lines.append(f"added plangate to {answer.path}")
        if answer.backup is not None:
            lines.append(f"what was there is in {answer.backup}")
        lines.append(f"restart {answer.client}, or let it read its configuration again")
    else:
        lines.append(f"{answer.path} has plangate already; nothing was changed")
    return "".join(f"{harmless(line)}\n" for line in lines)
