"""Import the plans of a Task Master file (`.taskmaster/tasks/tasks.json`), one plan a tag.

Every task starts pending, under its number as text. `cancelled` and `deferred`
tasks are left out, and dependencies on tasks that are not there are dropped; both
are listed. A plan that is there already is left alone.

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
    plans = list(imports(json.loads(given.file.read_text("utf-8"))))
    refused = 0
    with plangate.connect(given.db) as registry:
        for number, plan in enumerate(plans, 1):
            try:
                registry.create(f"Task Master: {plan.tag}", plan.tasks, plan_id=plan.tag)
            except plangate.PlangateError as refusal:
                refused += not isinstance(refusal, plangate.PlanExists)
                print(f"[{number}/{len(plans)}] {plan.tag}: {refusal}")
            else:
                print(f"[{number}/{len(plans)}] {plan.tag}: {counted(plan.tasks)}")
            for what, names in (("left out", plan.left_out), ("dropped", plan.dropped)):
                if names:
                    print(f"    {what}: {', '.join(names)}")
    tasks = [task for plan in plans for task in plan.tasks]
    dropped = sum(len(plan.dropped) for plan in plans)
    print(f"plans: {len(plans)}, {counted(tasks)}, dropped: {dropped}")
    sys.exit(refused > 0)


def imports(file: dict[str, Any]) -> Iterator[Import]:
    """The plans of a file; one without tags holds a single plan."""
    tags = {"master": file} if isinstance(file.get("tasks"), list) else file
    for tag, content in tags.items():
        kept = {str(t["id"]): t for t in content["tasks"] if t["status"] not in LEFT_OUT}
        wanted = {
            task_id: list(dict.fromkeys(map(str, task.get("dependencies", []))))
            for task_id, task in kept.items()
        }
        yield Import(
            tag,
            tasks=[
                {
                    "id": task_id,
                    "title": task["title"],
                    "description": task.get("description") or "",
                    "depends_on": [on for on in wanted[task_id] if on in kept],
                    "priority": PRIORITIES.get(task.get("priority")),
                }
                for task_id, task in kept.items()
            ],
            left_out=[
                f"{task['id']} ({task['status']})"
                for task in content["tasks"]
                if task["status"] in LEFT_OUT
            ],
            dropped=[
                f"{task_id} needs {on}"
                for task_id, on_all in wanted.items()
                for on in on_all
                if on not in kept
            ],
        )


def counted(tasks: list[dict[str, Any]]) -> str:
    """How many tasks and dependencies these are."""
    dependencies = sum(len(task["depends_on"]) for task in tasks)
    return f"tasks: {len(tasks)}, dependencies: {dependencies}"


if __name__ == "__main__":
    main()
