"""`plangate whatif` and `plangate sweep`: other rules tried on what is on record."""

from pathlib import Path
from typing import Annotated, Any

import typer

from plangate.application.replay.sweep import Sweep
from plangate.application.replay.what_if import WhatIf
from plangate.infrastructure.cli.input import policy_args
from plangate.infrastructure.cli.input.completion import plan_ids
from plangate.infrastructure.cli.progress_bar import progress_bar
from plangate.infrastructure.cli.render import comparison
from plangate.infrastructure.cli.render import sweep as sweep_screen
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.plots import CannotPlot, plot, require_plots


def _to_be_drawn(path: Path | None) -> Path | None:
    if path is not None:
        try:
            require_plots(path)
        except CannotPlot as error:
            raise typer.BadParameter(str(error)) from None
    return path


Plans = Annotated[
    list[str] | None,
    typer.Argument(metavar="PLAN", help="The plans' ids.", autocompletion=plan_ids),
]
AllPlans = Annotated[bool, typer.Option("--all", help="All plans, deleted ones too.")]
Preset = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME", help="A policy that has a name: classic or steady."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A field of the policy, as in confidence_threshold=0.6; may be repeated.",
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Also draw it, into a .png, .svg or .html file.",
        callback=_to_be_drawn,
    ),
]


def whatif(
    terminal: Terminal,
    plans: Plans = None,
    *,
    everything: AllPlans = False,
    preset: Preset = None,
    changes: Settings = None,
    picture: Picture = None,
) -> None:
    """Progress what would have happened to plans under another policy, beside what happened."""
    policy = _policy(preset, changes)
    if not policy:
        raise typer.BadParameter("say what to try: --policy, --set or both")
    chosen = _chosen(plans, everything=everything)
    with progress_bar(terminal, "replaying") as progress:
        answer = terminal.registry.replay.what_if(chosen, policy=policy, progress=progress)
    _draw(answer, picture)
    terminal.answer(answer, comparison.render(policy))


def sweep(
    terminal: Terminal,
    plans: Plans = None,
    *,
    everything: AllPlans = False,
    grid: Annotated[
        list[str],
        typer.Option(
            "--grid",
            metavar="FIELD=VALUES",
            help="Values to try, as in decay=0.7,0.85,1 or confidence_threshold=0.5:0.9:0.05; "
            "may be repeated.",
        ),
    ],
    preset: Preset = None,
    changes: Settings = None,
    picture: Picture = None,
) -> None:
    """Try a grid of policies on plans, and tell what each would have made of them."""
    wanted = policy_args.grid(grid)
    chosen = _chosen(plans, everything=everything)
    with progress_bar(terminal, "sweeping") as progress:
        answer = terminal.registry.replay.sweep(
            wanted, chosen, policy=_policy(preset, changes), progress=progress
        )
    _draw(answer, picture)
    terminal.answer(answer, sweep_screen.render)


def _draw(answer: WhatIf | Sweep, picture: Path | None) -> None:
    if picture is not None:
        plot(answer, picture)


def _policy(preset: str | None, changes: list[str] | None) -> dict[str, Any]:
    named = {} if preset is None else {"preset": preset}
    return named | policy_args.settings(changes or ())


def _chosen(plans: list[str] | None, *, everything: bool) -> list[str] | None:
    if bool(plans) is everything:
        raise typer.BadParameter("name plans, or say --all")
    return plans or None
