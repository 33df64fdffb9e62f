"""The options that several commands share, each described once."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from plangate.infrastructure.cli.input.completion import labels, plan_ids, task_ids

_EVERYWHERE = "Everywhere"
_ON_BEHALF = "On whose behalf"

Database = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="STORE",
        help="The store: a path to a SQLite file, sqlite:///…, postgresql://…, engine: or memory:. "
        "Otherwise PLANGATE_DB, otherwise plangate's own file in your data folder.",
        rich_help_panel=_EVERYWHERE,
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Answer in JSON, alone on stdout.", rich_help_panel=_EVERYWHERE),
]
Actor = Annotated[
    str | None,
    typer.Option("--actor", metavar="NAME", help="Who asks for this.", rich_help_panel=_ON_BEHALF),
]
CorrelationId = Annotated[
    str | None,
    typer.Option(
        "--correlation-id",
        metavar="ID",
        help="What this belongs to, such as a run or a ticket.",
        rich_help_panel=_ON_BEHALF,
    ),
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="KEY",
        help="Makes a retry safe: sent again with the same key, nothing is recorded twice.",
        rich_help_panel=_ON_BEHALF,
    ),
]

PlanId = Annotated[
    str, typer.Argument(metavar="PLAN", help="The plan's id.", autocompletion=plan_ids)
]
TaskId = Annotated[
    str, typer.Argument(metavar="TASK", help="The task's id.", autocompletion=task_ids)
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept in the history.")
]

Because = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the history.")]
TokenOption = Annotated[
    int | None,
    typer.Option(
        "--token",
        metavar="N",
        min=1,
        help="The token of your claim; refused if it is over.",
    ),
]
Lease = Annotated[
    float | None,
    typer.Option("--lease", metavar="SECONDS", help="How long the claim holds."),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="LABEL",
        help="Only what carries this label; may be repeated.",
        autocompletion=labels,
    ),
]

STDIN: Final = Path("-")


def _to_be_read(context: typer.Context, path: Path) -> Path:
    there = path == STDIN or (path.exists() and not path.is_dir() and os.access(path, os.R_OK))
    if not there and not context.resilient_parsing:
        raise typer.BadParameter(f"there is no file {str(path)!r} that can be read")
    return path


def all_to_be_read(context: typer.Context, paths: list[Path] | None) -> list[Path]:
    """Files that an option names; refused unless each can be read."""
    return [_to_be_read(context, path) for path in paths or ()]


def _file(what: str, metavar: str = "FILE") -> Any:
    return typer.Argument(metavar=metavar, help=what, callback=_to_be_read)


PlanPath = Annotated[Path, _file("A plan in YAML or JSON; - for standard input.")]
RevisionPath = Annotated[Path, _file("Changes in YAML or JSON; - for standard input.")]
TracePath = Annotated[Path, _file("A trace, one command a line; - for standard input.")]
OldNote = Annotated[Path, _file("A checkpoint; - for standard input.", "OLD")]
NewNote = Annotated[Path, _file("A later checkpoint.", "NEW")]


def point(option: str, text: str, plan_id: str) -> int | datetime:
    """`7`, `PLAN@7` or a time in ISO 8601 as the registry takes it."""
    version = text.removeprefix(f"{plan_id}@")
    if version.isascii() and version.isdigit():
        return int(version[:18])
    return moment(option, text)


def moment(option: str, text: str) -> datetime:
    """A time in ISO 8601; that it must name its zone is for the registry to say."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: write a time as in 2026-01-31T12:00:00Z") from None


def scorer(text: str) -> dict[str, str]:
    """`kind:name` or `kind:name@version` as the registry takes it."""
    kind, colon, rest = text.partition(":")
    name, at, version = rest.rpartition("@") if "@" in rest else (rest, "", "")
    if not (kind and colon and name) or (at and not version):
        raise typer.BadParameter(
            "write kind:name or kind:name@version, with human, model or code for the kind"
        )
    return {"kind": kind, "name": name} | ({"version": version} if at else {})


def evidence(text: str) -> dict[str, Any]:
    """A JSON object; what it may hold is for the registry to say."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise typer.BadParameter('must be a JSON object, as in {"verdict": "PASS"}')
    return value
