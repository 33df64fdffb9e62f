"""Arguments and options that commands share, each described once, and how texts are parsed."""

import json
import os
from collections.abc import Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from plangate.domain.vocabulary import MAX_LEASE_SECONDS
from plangate.infrastructure.cli.input.completion import labels, plan_ids, task_ids
from plangate.infrastructure.cli.input.times import parse_duration, parse_time

STDIN: Final = Path("-")
STDOUT: Final = STDIN


def option(name: str, metavar: str | None, text: str, *, default: Any = None, **more: Any) -> Any:
    """An option of one command; `text` is its help."""
    return typer.Option(default, name, metavar=metavar, help=text, **more)


def flag(name: str, text: str, *, default: bool | None = False) -> Any:
    """An option of one command that takes no value."""
    return typer.Option(default, name, help=text)


def argument(metavar: str, text: str, *, default: Any = ..., **more: Any) -> Any:
    """An argument of one command; `text` is its help."""
    return typer.Argument(default, metavar=metavar, help=text, **more)


_option = partial(option, default=...)  # in an alias, whose default each command gives


def _readable(context: typer.Context, path: Path) -> Path:
    there = path == STDIN or (path.exists() and not path.is_dir() and os.access(path, os.R_OK))
    if not there and not context.resilient_parsing:
        what = "is a folder" if path.is_dir() else "cannot be read" if path.exists() else None
        raise typer.BadParameter(
            f"{str(path)!r} {what}" if what else f"there is no file {str(path)!r}"
        )
    return path


def readable_file(context: typer.Context, path: Path | None) -> Path | None:
    """A file that an option may name; refused unless it can be read."""
    return None if path is None else _readable(context, path)


def _file(text: str, metavar: str = "FILE") -> Any:
    return argument(metavar, text, callback=_readable)


def readable_file_or_folder(context: typer.Context, path: Path) -> Path:
    """The path, refused unless it can be read."""
    return path if path.is_dir() else _readable(context, path)


def all_readable(context: typer.Context, paths: list[Path] | None) -> list[Path]:
    """Files that an option names; refused unless each can be read."""
    return [_readable(context, path) for path in paths or ()]


def _plottable(path: Path | None) -> Path | None:
    if path is not None:
        from plangate.infrastructure.plots import CannotPlot, require_plots

        try:
            require_plots(path)
        except CannotPlot as error:
            raise typer.BadParameter(str(error)) from None
        if path.is_dir():
            raise typer.BadParameter(f"{str(path)!r} is a folder")
        if not path.parent.is_dir():
            raise typer.BadParameter(f"{str(path)!r}: there is no folder {str(path.parent)!r}")
        if not os.access(path.parent, os.W_OK):
            raise typer.BadParameter(f"{str(path)!r}: {str(path.parent)!r} cannot be written to")
    return path


Database = Annotated[str | None, _option("--db", "STORE", "The store.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Actor = Annotated[str | None, _option("--actor", "NAME", "Who asks for this.")]
CorrelationId = Annotated[str | None, _option("--correlation-id", "ID", "What this belongs to.")]
IdempotencyKey = Annotated[str | None, _option("--idempotency-key", "KEY", "Makes a retry safe.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but ids.")]
Full = Annotated[bool, typer.Option("--full", help="Print the whole plan afterwards.")]

PlanId = Annotated[
    str,
    argument("PLAN", "The plan: its id, the beginning of one, or @last.", autocompletion=plan_ids),
]
PlanIds = Annotated[
    list[str] | None,
    argument("PLAN", "The plans; without any, all plans.", autocompletion=plan_ids),
]
NamedPlans = Annotated[
    list[str] | None,
    argument("PLAN", "The plans, or --all.", autocompletion=plan_ids),
]
TaskId = Annotated[
    str, argument("TASK", "The task: its id, or the beginning of one.", autocompletion=task_ids)
]
_REASON: Final = _option("--reason", "TEXT", "Why; kept in the history.")
Reason = Annotated[str | None, _REASON]
RequiredReason = Annotated[str, _REASON]
Token = Annotated[
    int | None, _option("--token", "N", "Your claim's token; refused if the claim is over.", min=1)
]
OccurredAt = Annotated[
    str | None,
    _option("--occurred-at", "TIME", "When it happened, if not now."),
]
Worker = Annotated[
    str | None, _option("--worker", "NAME", "Who takes the task. Default: the actor.")
]
Lease = Annotated[
    str | None, _option("--lease", "DURATION", "How long the claim holds, as in 30m or 2h.")
]
Labels = Annotated[
    list[str] | None,
    _option(
        "--label", "LABEL", "Only what has this label; may be repeated.", autocompletion=labels
    ),
]
Plot = Annotated[
    Path | None,
    _option(
        "--plot", "FILE", "Also draw it, into a .png, .svg or .html file.", callback=_plottable
    ),
]

PlanPath = Annotated[Path, _file("A plan in YAML, JSON or Markdown; - for standard input.")]
ImportPath = Annotated[
    Path,
    argument(
        "FILE",
        "A bundle, a file of another tool, a folder of Backlog.md; - for standard input.",
        callback=readable_file_or_folder,
    ),
]
TracePath = Annotated[Path, _file("A trace, one command a line; - for standard input.")]
ConfigPath = Annotated[
    Path | None,
    _option(
        "--config",
        "FILE",
        "Severities, aliases and accepted exceptions, in YAML or JSON; - for standard input.",
        callback=readable_file,
    ),
]
OldNote = Annotated[Path, _file("A checkpoint; - for standard input.", "OLD")]
NewNote = Annotated[Path, _file("A later checkpoint.", "NEW")]


def chosen_plans(plans: list[str] | None, *, all_plans: bool) -> list[str] | None:
    """The named plans, or None for all of them; refused unless one of the two is given."""
    if bool(plans) is all_plans:
        raise typer.BadParameter("name plans, or give --all")
    return plans or None


def lease_of(text: str | None) -> float | None:
    """The lease in seconds, if one is given."""
    seconds = None if text is None else parse_duration("--lease", text)
    if seconds is not None and seconds > MAX_LEASE_SECONDS:
        raise typer.BadParameter(f"--lease: must be at most {MAX_LEASE_SECONDS / 86_400:.0f}d")
    return seconds


def time_of(name: str, text: str | None, *, ahead: bool = False) -> datetime | None:
    """The time, if one is given."""
    return None if text is None else parse_time(name, text, ahead=ahead)


def parse_point(name: str, text: str, plan_id: str) -> int | datetime:
    """A point in a plan's history: `7`, `PLAN@7` or a time."""
    version = text.removeprefix(f"{plan_id}@")
    if version.isascii() and version.isdigit():
        return int(version[:18])
    if "@" in text:
        raise typer.BadParameter(f"{name}: {text!r} is not an event of {plan_id!r}")
    return parse_time(name, text)


def parse_accept(values: list[str], task_ids: Collection[str]) -> Literal["passing"] | list[str]:
    """`passing`, or task ids: one a value, or several with commas between them.

    A value that is itself one of `task_ids` is not divided at its commas.
    """
    if values == ["passing"]:
        return "passing"
    if "passing" in values:
        raise typer.BadParameter("--accept: passing cannot be combined with task ids")
    return [
        task_id
        for value in values
        for task_id in ([value] if value in task_ids else value.split(","))
        if task_id
    ]


def parse_scale(text: str) -> tuple[float, float]:
    """`LOW,HIGH`: the worst and the best score; the registry checks them."""
    low, comma, high = text.partition(",")
    try:
        return float(low), float(high if comma else "")
    except ValueError:
        raise typer.BadParameter("--scale: write the worst and the best score, as in 1,5") from None


def parse_scorer(text: str) -> dict[str, str]:
    """`kind:name` or `kind:name@version`."""
    kind, colon, rest = text.partition(":")
    name, at, version = rest.rpartition("@") if "@" in rest else (rest, "", "")
    if not (kind and colon and name) or (at and not version):
        raise typer.BadParameter(
            "write kind:name or kind:name@version; the kind is human, model or code"
        )
    return {"kind": kind, "name": name} | ({"version": version} if at else {})


def parse_evidence(text: str) -> dict[str, Any]:
    """A JSON object; the registry checks its size and depth."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise typer.BadParameter('must be a JSON object, as in {"verdict": "PASS"}')
    return value
