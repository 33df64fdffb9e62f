"""Replays and evidence: other policies tried, decisions checked, scores and outcomes examined."""

from typing import Annotated, Any

import typer

from plangate.application.evidence.calibration import Confidence
from plangate.application.evidence.cases import Grouping
from plangate.application.rerun.assumptions import states_assumptions
from plangate.infrastructure.cli.exits import ANSWERED_NO
from plangate.infrastructure.cli.input import policy_args
from plangate.infrastructure.cli.input.completion import policy_fields, presets
from plangate.infrastructure.cli.input.options import (
    ConfigPath,
    NamedPlans,
    PlanIds,
    Plot,
    chosen_plans,
    option,
)
from plangate.infrastructure.cli.input.plan_files import read_findings_config
from plangate.infrastructure.cli.render.calibration import render_calibration
from plangate.infrastructure.cli.render.check import render_check
from plangate.infrastructure.cli.render.comparison import render_what_if, what_if_document
from plangate.infrastructure.cli.render.findings import render_findings
from plangate.infrastructure.cli.render.progress_bar import bar_beside_answer, progress_bar
from plangate.infrastructure.cli.render.sweep import render_sweep
from plangate.infrastructure.cli.render.text import unreadable
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.plots import plot
from plangate.infrastructure.project import find_project

AllPlans = Annotated[bool, typer.Option("--all", help="All plans, also deleted ones.")]
PresetName = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="NAME",
        help="A policy that has a name: classic or steady.",
        autocompletion=presets,
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A field of the policy, as in confidence_threshold=0.6; may be repeated.",
        autocompletion=policy_fields,
    ),
]


@states_assumptions
def what_if(
    terminal: Terminal,
    plans: NamedPlans = None,
    *,
    all_plans: AllPlans = False,
    preset: PresetName = None,
    changes: Changes = None,
    picture: Plot = None,
) -> None:
    """Show what would have happened to plans under another policy, beside what happened.

    Also shows what each changed field does, alone and with those before it.

    Example: plangate replay what-if --all --policy steady
    """
    policy = given_policy(preset, changes)
    if not policy:
        raise typer.BadParameter("give --policy, --set or both")
    chosen = terminal.plans(chosen_plans(plans, all_plans=all_plans))
    on_screen = terminal.as_json and terminal.is_interactive
    with bar_beside_answer(terminal.notes, "replaying", on_screen=on_screen) as progress:
        replay = terminal.registry.replay
        if picture is None:
            parts = replay.what_if_parts(chosen, policy=policy, ladder=True, progress=progress)
        else:  # it shows all of them
            answer = replay.what_if(chosen, policy=policy, ladder=True, progress=progress)
            plot(answer, picture)
            parts = iter([answer])
        if terminal.as_json:
            terminal.write(what_if_document(parts, ensure_ascii=terminal.ascii_only))
            return
        shown = render_what_if(policy, parts)
    terminal.show(shown)


@states_assumptions
def sweep(
    terminal: Terminal,
    plans: NamedPlans = None,
    *,
    all_plans: AllPlans = False,
    grid: list[str] = option(
        "--grid",
        "FIELD=VALUES",
        "Values to try, as in decay=0.7,0.85,1 or confidence_threshold=0.5:0.9:0.05; "
        "may be repeated.",
        default=...,
        autocompletion=policy_fields,
    ),
    preset: PresetName = None,
    changes: Changes = None,
    picture: Plot = None,
) -> None:
    """Try a grid of policies on plans, and show what each would have led to.

    Example: plangate replay sweep --all --grid confidence_threshold=0.5:0.8:0.05
    """
    values = policy_args.grid(grid)
    chosen = terminal.plans(chosen_plans(plans, all_plans=all_plans))
    policy = given_policy(preset, changes)
    with progress_bar(terminal.notes, "sweeping") as progress:
        answer = terminal.registry.replay.sweep(values, chosen, policy=policy, progress=progress)
    if picture is not None:
        plot(answer, picture)
    terminal.answer(answer, render_sweep)


def check(terminal: Terminal, plans: PlanIds = None) -> None:
    """Make every recorded decision again; exit code 1 if any does not follow from the rules.

    Example: plangate replay check
    """
    with progress_bar(terminal.notes, "checking") as progress:
        report = terminal.registry.replay.check(terminal.plans(plans), progress=progress)
    terminal.answer(report, render_check)
    if report.mismatch_count:
        raise typer.Exit(ANSWERED_NO)


def findings(terminal: Terminal, plans: PlanIds = None, *, config: ConfigPath = None) -> None:
    """Find scores that deserve a second look; exit code 1 if there are any.

    Example: plangate evidence findings billing --config findings.yaml
    """
    project = find_project()
    if config is None and project is not None and project.findings is not None:
        config = project.path(project.findings)
    chosen = None if config is None else read_findings_config(config)
    with progress_bar(terminal.notes, "looking") as progress:
        report = terminal.registry.evidence.findings(
            terminal.plans(plans), config=chosen, progress=progress
        )
    terminal.warn(*map(unreadable, report.unreadable))
    terminal.answer(report, render_findings)
    if report.finding_count:
        raise typer.Exit(ANSWERED_NO)


def calibrate(
    terminal: Terminal,
    plans: PlanIds = None,
    *,
    confidence: Confidence = option(
        "--confidence",
        "WHICH",
        "The task's own, or its plan's: task or rolling.",
        default=Confidence.TASK,
    ),
    by: Grouping | None = option(
        "--by", "WHAT", "A row for each scorer, version, source, label or month."
    ),
    preset: PresetName = None,
    changes: Changes = None,
    cost: tuple[str, str] | None = option(
        "--cost",
        "missed=N stopped=N",
        "What it costs to miss a result that is rejected later, and to stop a good one.",
    ),
    seed: int = option("--seed", "N", "Seed of the random draws.", default=0, min=0),
    picture: Plot = None,
) -> None:
    """Compare confidence with outcomes, to see whether low confidence predicts rejection.

    With --policy or --set, the gate is that of another policy.

    Example: plangate evidence calibrate --by scorer --cost missed=5 stopped=1
    """
    with progress_bar(terminal.notes, "reading outcomes") as progress:
        answer = terminal.registry.evidence.calibrate(
            terminal.plans(plans),
            confidence=confidence,
            by=by,
            policy=given_policy(preset, changes),
            cost=None if cost is None else policy_args.settings(cost),
            seed=seed,
            progress=progress,
        )
    terminal.warn(*map(unreadable, answer.unreadable))
    if picture is not None:
        plot(answer, picture)
    terminal.answer(answer, render_calibration)


def given_policy(preset: str | None, changes: list[str] | None) -> dict[str, Any]:
    """The fields of a policy as they are given, and the preset that they change."""
    named = {} if preset is None else {"preset": preset}
    return named | policy_args.settings(changes or ())
