"""Choose a policy by what it does on plans that it was not chosen by."""

from plangate.application.replay.folds import By
from plangate.application.replay.policy_grid import MAX_POLICIES, TO_CHOOSE_FROM
from plangate.application.replay.tune import MAX_FOLDS
from plangate.application.rerun.assumptions import states_assumptions
from plangate.infrastructure.cli.commands.analysis import AllPlans, Changes, PresetName
from plangate.infrastructure.cli.input import policy_args
from plangate.infrastructure.cli.input.completion import policy_fields
from plangate.infrastructure.cli.input.options import NamedPlans, chosen_plans, option
from plangate.infrastructure.cli.render.progress_bar import progress_bar
from plangate.infrastructure.cli.render.text import unreadable
from plangate.infrastructure.cli.render.tune import render_tuning
from plangate.infrastructure.cli.terminal import Terminal


@states_assumptions
def tune(
    terminal: Terminal,
    plans: NamedPlans = None,
    *,
    all_plans: AllPlans = False,
    truth: str = option(
        "--truth",
        "WHICH",
        "What is bad: outcomes, that is rejected results; or repeats:0.5, that is plans of work "
        "whose repeats have a mean score below 0.5.",
        default="outcomes",
    ),
    grid: list[str] | None = option(
        "--grid",
        "FIELD=VALUES",
        "Values to try, as in decay=0.9,1 or confidence_threshold=0.4:0.6:0.05; may be repeated. "
        "Without it thresholds, decays, min_scored and consecutive_lows are tried.",
        default=None,
        autocompletion=policy_fields,
    ),
    tries: int | None = option(
        "--tries",
        "N",
        "Draw so many policies from the grid.",
        default=None,
        min=1,
        max=MAX_POLICIES,
    ),
    preset: PresetName = None,
    changes: Changes = None,
    by: By = option("--by", "WHAT", "What keeps plans together: goal or label.", default=By.GOAL),
    folds: int = option("--folds", "N", "Into how many folds.", default=5, min=2, max=MAX_FOLDS),
    cost: tuple[str, str] | None = option(
        "--cost",
        "missed=N stopped=N",
        "Compare by cost: that of a bad case that is missed, and of a good one that is stopped.",
    ),
    seed: int = option("--seed", "N", "Seed of the folds and of --tries.", default=0, min=0),
) -> None:
    """Choose a policy by what it does on plans that it was not chosen by.

    Beside it stand a cut on the plain mean of the scores, the recorded policy, and gates
    that always or never fire. Nothing is recommended where their intervals overlap.

    Example: plangate replay tune --all --truth repeats:0.5 --by goal
    """
    values = policy_args.grid(grid) if grid else TO_CHOOSE_FROM
    chosen = terminal.plans(chosen_plans(plans, all_plans=all_plans))
    base = policy_args.settings(changes or ())
    with progress_bar(terminal.notes, "tuning") as progress:
        answer = terminal.registry.replay.tune(
            chosen,
            truth=truth,
            grid=values,
            tries=tries,
            policy={"preset": preset or "steady", **base},
            by=by,
            folds=folds,
            cost=None if cost is None else policy_args.settings(cost),
            seed=seed,
            progress=progress,
        )
    terminal.warn(*map(unreadable, answer.unreadable))
    terminal.answer(answer, render_tuning)
