"""What the shell can complete: ids of plans and tasks, tokens, labels, what to accept.

Completion creates no database, prints nothing when it fails, and reads no more plans
than fit on a screen.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import typer

from plangate.domain.events import PlanEvent
from plangate.domain.policy import Policy
from plangate.domain.presets import Preset
from plangate.domain.vocabulary import ScoreKind, TaskStatus
from plangate.infrastructure.cli.render.text import harmless
from plangate.infrastructure.store_finding import find_store

if TYPE_CHECKING:
    from plangate.application.registry import PlanRegistry

MOST_PLANS: Final = 200


def plan_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The plans whose id begins with `incomplete`, each with its goal."""
    with suppress(Exception), _existing(context) as registry:
        plans = registry.list_plans(limit=MOST_PLANS).plans
        return [(p.plan_id, _short(p.goal)) for p in plans if p.plan_id.startswith(incomplete)]
    return []


def task_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The matching tasks of the plan on the command line, each with its title."""
    with suppress(Exception), _existing(context) as registry:
        tasks = registry.get_status(context.params["plan"]).tasks
        return [(t.id, _short(t.title)) for t in tasks if t.id.startswith(incomplete)]
    return []


def accepted(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """What an approval can accept: `passing`, or a task with a result that was not settled well."""
    with suppress(Exception), _existing(context) as registry:
        # After an option without its value yet, the arguments are left unparsed.
        tasks = registry.get_status(context.params["plan"] or context.args[0]).tasks
        low = {TaskStatus.FAILED, TaskStatus.REPLANNING}
        offered = [("passing", "replanning tasks that pass by themselves")]
        offered += [
            (task.id, _short(task.title))
            for task in tasks
            if task.status in low or (task.missing_judges and task.status is TaskStatus.IN_PROGRESS)
        ]
        return [(name, what) for name, what in offered if name.startswith(incomplete)]
    return []


def tokens(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The token of the claim on the task on the command line, with its worker."""
    with suppress(Exception), _existing(context) as registry:
        # After an option without its value yet, the arguments are left unparsed.
        given = [context.params["plan"], context.params["task"]]
        plan, task = given if all(given) else context.args[:2]
        tasks = registry.get_status(plan).tasks
        claims = [t.claim for t in tasks if t.id == task and t.claim]
        found = [(str(claim.token), _short(claim.worker)) for claim in claims]
        return [(token, worker) for token, worker in found if token.startswith(incomplete)]
    return []


def labels(context: typer.Context, incomplete: str) -> list[str]:
    """The matching labels of plans and their tasks."""
    with suppress(Exception), _existing(context) as registry:
        plans = registry.list_plans(limit=MOST_PLANS).plans
        found = {label for plan in plans for label in plan.labels}
        found |= {label for plan in plans for task in plan.tasks for label in task.labels}
        return sorted(label for label in found if label.startswith(incomplete))
    return []


def presets(_context: typer.Context, incomplete: str) -> list[str]:
    """The policies that have a name."""
    return [one for one in Preset if one.startswith(incomplete)]


def policy_fields(_context: typer.Context, incomplete: str) -> list[str]:
    """The fields of a policy, each up to its value."""
    return [f"{one}=" for one in Policy.model_fields if one.startswith(incomplete)]


def event_kinds(_context: typer.Context, incomplete: str) -> list[str]:
    """The stored names of events, and the kinds of scores."""
    stored = (kind.model_fields["type"].default for kind in get_args(get_args(PlanEvent)[0]))
    known = [*stored, *ScoreKind]
    return [one for one in known if one.startswith(incomplete)]


@contextmanager
def _existing(context: typer.Context) -> "Iterator[PlanRegistry]":
    """The registry on the store of the command line; raises if there is no such file."""
    around = chain([context], [context.parent] if context.parent else [])
    given = next((c.params["db"] for c in around if c.params.get("db")), None)
    target = given or find_store().target
    if not Path(target.removeprefix("sqlite:///")).is_file():
        raise FileNotFoundError(target)
    from plangate.infrastructure.bootstrap import connect

    with connect(target) as registry:
        yield registry


def _short(text: str | None) -> str:
    return harmless(" ".join((text or "").split())[:60])
