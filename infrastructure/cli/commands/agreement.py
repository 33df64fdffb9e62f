"""How far judges agree, in their scores and in what the gate makes of them."""

import typer

from plangate.application.rerun.assumptions import states_assumptions
from plangate.infrastructure.cli.commands.analysis import Changes, PresetName, given_policy
from plangate.infrastructure.cli.input.options import PlanIds, option
from plangate.infrastructure.cli.render.agreement import render_agreement
from plangate.infrastructure.cli.render.comparison import policy_text
from plangate.infrastructure.cli.render.progress_bar import progress_bar
from plangate.infrastructure.cli.render.text import unreadable
from plangate.infrastructure.cli.terminal import Terminal


@states_assumptions
def agreement(
    terminal: Terminal,
    plans: PlanIds = None,
    *,
    preset: PresetName = None,
    changes: Changes = None,
    seed: int = option("--seed", "N", "Seed of the random draws.", default=0, min=0),
) -> None:
    """Compare judges with each other and themselves, to see how often the gate would differ.

    Example: plangate evidence agreement --policy steady --set confidence_threshold=0.6
    """
    policy = given_policy(preset, changes)
    if list(policy) == ["preset"]:
        raise typer.BadParameter("classic and steady are tried anyway; give --set with --policy")
    tried = {policy_text(policy): policy} if policy else {}
    with progress_bar(terminal.notes, "comparing judges") as progress:
        answer = terminal.registry.evidence.agreement(
            terminal.plans(plans), policies=tried, seed=seed, progress=progress
        )
    terminal.warn(*map(unreadable, answer.unreadable))
    terminal.answer(answer, render_agreement)
