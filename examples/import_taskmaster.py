"""Import the plans of a Task Master file (`.taskmaster/tasks/tasks.json`), one plan a tag.

Every task starts pending, under its number as text; the status it had stays in its
metadata. `cancelled` and `deferred` tasks are left out, and dependencies on tasks
that are not there are dropped; both are listed. A plan that is there already is
left alone, so running it again adds nothing twice.

    python examples/import_taskmaster.py .taskmaster/tasks/tasks.json --db plans.db
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plangate

LEFT_OUT = {"cancelled", "deferred"}
PRIORITIES = {"low": -1, "medium": 0, "high": 1}


@dataclass(frozen=True)
class Import:
    """One tag of the file as a plan, and what of it does not come along."""

    tag: str
    tasks: list[dict[str, Any]]
    left_out: list[str]
    dropped: list[str]


def main() -> None:
    """Import what the command line names, and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("file", type=Path, help="a tasks.json of Task Master")
    parser.add_argument("--db", help="the store; plangate's own otherwise")
    given = parser.parse_args()
    try:
        plans = list(imports(json.loads(given.file.read_text("utf-8"))))
    except OSError as error:
        sys.exit(f"{given.file}: {error.strerror}")
    except (ValueError, RecursionError) as error:
        sys.exit(f"{given.file}: {error}")
    try:
        with plangate.connect(given.db) as registry, registry.acting_as("import_taskmaster"):
            refused = import_all(registry, plans)
    except plangate.StoreError as error:
        sys.exit(str(error))
    sys.exit(refused > 0)


def import_all(registry: plangate.PlanRegistry, plans: list[Import]) -> int:
    """Register the plans and tell of each one; how many were refused."""
    refused = already_there = 0
    for number, plan in enumerate(plans, 1):
        outcome = counted(plan.tasks)
        try:
            if plan.tasks:
                registry.create(f"Task Master: {plan.tag}", plan.tasks, plan_id=plan.tag)
        except plangate.PlanExists:
            already_there += 1
            outcome = "already there"
        except plangate.InvalidInput as refusal:
            refused += 1
            outcome = f"refused: {refusal}"
        print(f"[{number}/{len(plans)}] {plan.tag}: {outcome}")
        for what, names in (("left out", plan.left_out), ("dropped", plan.dropped)):
            if names:
                print(f"    {what}: {', '.join(names)}")
    left_out = sum(len(plan.left_out) for plan in plans)
    dropped = sum(len(plan.dropped) for plan in plans)
    print(
        f"plans: {len(plans)}, {counted([task for plan in plans for task in plan.tasks])}, "
        f"left out: {left_out}, dropped: {dropped}, "
        f"already there: {already_there}, refused: {refused}"
    )
    return refused


def imports(file: Any) -> Iterator[Import]:
    """The plans of a file; one without tags holds a single plan. ValueError if it has none."""
    if not isinstance(file, dict):
        raise ValueError("must hold a JSON object of tags")
    tags = {"master": file} if isinstance(file.get("tasks"), list) else file
    for tag, content in tags.items():
        tasks = tasks_by_id(tag, content)
        kept = {i: task for i, task in tasks.items() if str(task.get("status")) not in LEFT_OUT}
        wanted = {
            task_id: list(dict.fromkeys(map(str, task.get("dependencies") or [])))
            for task_id, task in kept.items()
        }
        yield Import(
            tag,
            tasks=[
                {
                    "id": task_id,
                    "title": task.get("title"),
                    "description": task.get("description") or "",
                    "depends_on": [on for on in wanted[task_id] if on in kept],
                    "priority": PRIORITIES.get(str(task.get("priority"))),
                    "metadata": {"taskmaster_status": task.get("status")},
                }
                for task_id, task in kept.items()
            ],
            left_out=[f"{i} ({task['status']})" for i, task in tasks.items() if i not in kept],
            dropped=[
                f"{task_id} needs {on}"
                for task_id, on_all in wanted.items()
                for on in on_all
                if on not in kept
            ],
        )


def tasks_by_id(tag: str, content: Any) -> dict[str, dict[str, Any]]:
    """The tasks of one tag under their ids as text, in order; ValueError if they have none."""
    tasks = content.get("tasks") if isinstance(content, dict) else None
    if not isinstance(tasks, list):
        raise ValueError(f"the tag {tag!r} has no list of tasks")
    found: dict[str, dict[str, Any]] = {}
    for place, task in enumerate(tasks):
        where = f"the tag {tag!r}: tasks[{place}]"
        if not isinstance(task, dict) or not isinstance(task.get("id"), int | str):
            raise ValueError(f"{where} must be an object with an id")
        if not isinstance(task.get("dependencies") or [], list):
            raise ValueError(f"{where}.dependencies must be a list")
        if str(task["id"]) in found:
            raise ValueError(f"{where}.id: {task['id']} is used twice")
        found[str(task["id"])] = task
    return found


def counted(tasks: list[dict[str, Any]]) -> str:
    """How many tasks and dependencies these are."""
    dependencies = sum(len(task["depends_on"]) for task in tasks)
    return f"tasks: {len(tasks)}, dependencies: {dependencies}"


if __name__ == "__main__":
    main()
