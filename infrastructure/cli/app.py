"""plangate at the terminal: for people, scripts and CI.

A door translates and decides nothing: each command asks `PlanRegistry` and tells
its answer, for a person or, with `--json`, for a program. Exit codes: 0 done,
1 refused, 2 not understood, 10 replan first (`exits`).
"""

import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer

from plangate.infrastructure.cli.commands import claims, past, plans, replanning, replay
from plangate.infrastructure.cli.commands.apply import apply
from plangate.infrastructure.cli.commands.bundles import export, import_plans
from plangate.infrastructure.cli.commands.calibrate import calibrate
from plangate.infrastructure.cli.commands.check import check
from plangate.infrastructure.cli.commands.erase import erase
from plangate.infrastructure.cli.commands.explain import explain
from plangate.infrastructure.cli.commands.findings import findings
from plangate.infrastructure.cli.commands.history import history
from plangate.infrastructure.cli.commands.ledger import ledger
from plangate.infrastructure.cli.commands.operations import backup, copy, doctor, restore_backup
from plangate.infrastructure.cli.commands.outcome import outcome
from plangate.infrastructure.cli.commands.views import views
from plangate.infrastructure.cli.demo import demo
from plangate.infrastructure.cli.input.options import AsJson, Database
from plangate.infrastructure.cli.terminal import between_stores, reading, writing, writing_many

app = typer.Typer(
    name="plangate",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PLANS, _WORK, _GATE, _PAST, _MORE = "Plans", "Work", "The gate", "The past", "More"

app.command("create", rich_help_panel=_PLANS)(writing(plans.create))
app.command("list", rich_help_panel=_PLANS)(reading(plans.list_plans))
app.command("status", rich_help_panel=_PLANS)(reading(plans.status))
app.command("delete", rich_help_panel=_PLANS)(writing(plans.delete))
app.command("graph", rich_help_panel=_PLANS)(reading(plans.graph))
app.command("pause", rich_help_panel=_PLANS)(writing(replanning.pause))
app.command("resume", rich_help_panel=_PLANS)(writing(replanning.resume))
app.command("archive", rich_help_panel=_PLANS)(writing(replanning.archive))
app.command("restore", rich_help_panel=_PLANS)(writing(replanning.restore))
app.command("next", rich_help_panel=_WORK)(writing(claims.next_task))
app.command("heartbeat", rich_help_panel=_WORK)(writing(claims.heartbeat))
app.command("release", rich_help_panel=_WORK)(writing(claims.release))
app.command("score", rich_help_panel=_WORK)(writing(plans.score))
app.command("mark", rich_help_panel=_WORK)(writing(plans.mark))
app.command("outcome", rich_help_panel=_WORK)(writing(outcome))
app.command("gate", rich_help_panel=_GATE)(reading(plans.gate))
app.command("revise", rich_help_panel=_GATE)(writing(replanning.revise))
app.command("retry", rich_help_panel=_GATE)(writing(replanning.retry))
app.command("approve", rich_help_panel=_GATE)(writing(replanning.approve))
app.command("history", rich_help_panel=_PAST)(reading(history))
app.command("as-of", rich_help_panel=_PAST)(reading(past.as_of))
app.command("diff", rich_help_panel=_PAST)(reading(past.diff))
app.command("explain", rich_help_panel=_PAST)(reading(explain))
app.command("whatif", rich_help_panel=_PAST)(reading(replay.whatif))
app.command("sweep", rich_help_panel=_PAST)(reading(replay.sweep))
app.command("check", rich_help_panel=_PAST)(reading(check))
app.add_typer(ledger, rich_help_panel=_PAST)
app.command("findings", rich_help_panel=_PAST)(reading(findings))
app.command("calibrate", rich_help_panel=_PAST)(reading(calibrate))
app.command("erase", rich_help_panel=_MORE)(writing(erase))
app.command("migrate", rich_help_panel=_MORE)(reading(plans.migrate))
app.command("doctor", rich_help_panel=_MORE)(reading(doctor))
app.command("backup", rich_help_panel=_MORE)(reading(backup))
app.command("restore-backup", rich_help_panel=_MORE)(reading(restore_backup))
app.command("export", rich_help_panel=_MORE)(reading(export))
app.command("import", rich_help_panel=_MORE)(writing_many(import_plans))
app.command("copy", rich_help_panel=_MORE)(between_stores(copy))
app.command("apply", rich_help_panel=_MORE)(writing_many(apply))
app.command("views", rich_help_panel=_MORE)(reading(views))
app.command("demo", rich_help_panel=_MORE)(reading(demo))


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a screen that cannot show a sign shows `?`
    app()


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plangate {version('plangate')}")
        raise typer.Exit


@app.callback()
def _plangate(
    context: typer.Context,
    db: Database = None,
    as_json: AsJson = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_tell_version,
            is_eager=True,
            help="Progress the version and leave.",
        ),
    ] = False,
) -> None:
    """Keep plans of agent work, and gate them by accumulated evidence of quality."""
    context.obj = {"db": db, "as_json": as_json}
