"""Histories of honest work, made at random: nothing in them is worth a warning.

Workers take tasks, another party judges them and gives reasons, failed work is redone,
replaced or split before it is judged again, and outcomes agree with the gate.
"""

import random
from itertools import pairwise
from typing import Any

from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlanHeld
from plangate.domain.vocabulary import Outcome, TaskStatus

JUDGE = {"kind": "model", "name": "judge", "version": "2"}
WORKERS = ("ada", "bob")
CALLER = "orchestrator"
WELL_FOUNDED: dict[str, Any] = {"scorer": JUDGE, "rationale": "It was read.", "actor": CALLER}


def honest_plan(registry: PlanRegistry, plan_id: str, chance: random.Random) -> None:
    """A plan of a few tasks, worked on for a while."""
    threshold = chance.choice([0.5, 0.72])
    policy = chance.choice([None, None, "steady", {"gate": "hold"}])
    tasks: list[dict[str, Any]] = [
        {"id": f"t{n}", "title": f"{plan_id} {n}"} for n in range(chance.randint(1, 4))
    ]
    if chance.random() < 0.3:
        for before, task in pairwise(tasks):
            task["depends_on"] = [before["id"]]
    registry.create(
        f"Do {plan_id}", tasks, plan_id=plan_id, confidence_threshold=threshold, policy=policy
    )
    for _ in range(chance.randint(3, 25)):
        chance.choice(_DEEDS)(registry, plan_id, chance)


def _work(registry: PlanRegistry, plan_id: str, chance: random.Random) -> None:
    try:
        task = registry.next_task(plan_id, worker=chance.choice(WORKERS), actor=CALLER)
    except PlanHeld:
        return
    if task is None:
        return
    if chance.random() < 0.4:
        registry.score_prompt(plan_id, task.id, chance.random(), **WELL_FOUNDED)
    if chance.random() < 0.2:
        registry.score_output(plan_id, task.id, 0.2, mark_done=False, **WELL_FOUNDED)
        registry.release(plan_id, task.id, reason="It is not there yet.")
        return
    registry.score_output(plan_id, task.id, chance.random(), **WELL_FOUNDED)


def _try_again(registry: PlanRegistry, plan_id: str, chance: random.Random) -> None:
    for task in registry.get_status(plan_id).tasks:
        if task.status in {TaskStatus.FAILED, TaskStatus.REPLANNING}:
            if chance.random() < 0.5:
                registry.retry(plan_id, task.id, "Once more.")
            else:
                change = {"op": "change", "task_id": task.id, "description": "In other words."}
                registry.revise(plan_id, "It was not clear.", [change])


def _judge_again(registry: PlanRegistry, plan_id: str, chance: random.Random) -> None:
    """A second opinion of what passed already, or of what keeps failing."""
    status = registry.get_status(plan_id)
    for task in status.tasks:
        if task.output_score is None:
            continue
        passed = (task.confidence or 0.0) >= status.confidence_threshold
        score = chance.uniform(0.9, 1.0) if passed else 0.0
        registry.score_output(plan_id, task.id, score, **WELL_FOUNDED)


def _withdraw(registry: PlanRegistry, plan_id: str, _chance: random.Random) -> None:
    status = registry.get_status(plan_id)
    task = status.tasks[0]
    if task.output_score is None and task.prompt_score is None:
        before = registry.score_output(plan_id, task.id, 0.1, mark_done=False, **WELL_FOUNDED)
        event_id = f"{plan_id}@{status.version + 1}"
        assert before.version > status.version
        registry.retract_score(plan_id, event_id, "It was another file.")


def _revise(registry: PlanRegistry, plan_id: str, chance: random.Random) -> None:
    """Replace or split a failed task, drop one that was not begun, or add one."""
    status = registry.get_status(plan_id)
    task, new = chance.choice(status.tasks), f"n{status.version}"
    if task.status in {TaskStatus.FAILED, TaskStatus.REPLANNING}:
        parts = [{"id": f"{new}{half}", "title": f"{task.title}, {half}"} for half in "ab"]
        replaced = {"op": "replace", "task_id": task.id, "by": parts[0]}
        split = {"op": "split", "task_id": task.id, "into": parts}
        change: dict[str, Any] = chance.choice([replaced, split])
    elif task.status is TaskStatus.PENDING and task.confidence is None and len(status.tasks) > 1:
        change = {"op": "drop", "task_id": task.id}
    else:
        change = {"op": "add", "task": {"id": new, "title": f"{plan_id} {new}"}}
    registry.revise(plan_id, "There is a better way.", [change])


def _approve(registry: PlanRegistry, plan_id: str, _chance: random.Random) -> None:
    registry.approve(plan_id, "The results are good enough.", accept="passing")


def _cannot_judge(registry: PlanRegistry, plan_id: str, chance: random.Random) -> None:
    task = chance.choice(registry.get_status(plan_id).tasks)
    registry.record_scoring_failure(plan_id, task.id, "output", "timeout", scorer=JUDGE)


def _turn_out(registry: PlanRegistry, plan_id: str, chance: random.Random) -> None:
    status = registry.get_status(plan_id)
    for task in status.tasks:
        if task.prompt_score is not None or task.output_score is not None:
            passed = (task.confidence or 0.0) >= status.confidence_threshold
            outcome = Outcome.ACCEPTED if passed else Outcome.REJECTED
            source = chance.choice(["ci", "review"])
            registry.record_outcome(plan_id, task.id, outcome, source=source)


def _mark(registry: PlanRegistry, plan_id: str, chance: random.Random) -> None:
    for task in registry.get_status(plan_id).tasks:
        if task.output_score is None and task.prompt_score is None:
            status = chance.choice(["done", "pending"])
            registry.mark_task(plan_id, task.id, status, reason="It needs no judge.")
            return


_DEEDS = (
    *(_work, _work, _work, _work, _try_again, _judge_again, _withdraw, _turn_out, _mark),
    *(_revise, _approve, _cannot_judge),
)
