"""What a user would take instead: the `eventsourcing` library, or a JSON file rewritten whole."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.raw import Command


class LibraryPlan(Aggregate):
    """A plan as the library's documentation would write it."""

    @event("Created")
    def __init__(self, tasks: list[str]) -> None:
        self.scores: dict[str, float] = {}
        self.status = dict.fromkeys(tasks, "pending")
        self.replans = 0

    @event("TaskScored")
    def score(self, task_id: str, score: float, kind: str, scorer: dict[str, str] | None) -> None:
        """Keep the newest score."""
        self.scores[task_id] = score

    @event("TaskStatusChanged")
    def move(self, task_id: str, old: str, new: str, cause: str) -> None:
        """Keep the status."""
        self.status[task_id] = new

    @event("ReplanTriggered")
    def fire(self, task_id: str, rolling_confidence: float, threshold: float) -> None:
        """Count a replan."""
        self.replans += 1


class LibraryPlans:
    """Plans in the library's own SQLite store, or another of its engines, without a cache."""

    def __init__(self, env: dict[str, str]) -> None:
        self.application: Application[Any] = Application(env=env)
        self.written = 0

    @classmethod
    def in_file(cls, path: Path) -> "LibraryPlans":
        """Plans in a SQLite file, opened as the library opens it."""
        return cls({"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})

    def create(self, size: int) -> UUID:
        """A plan with so many tasks."""
        plan = LibraryPlan([f"t{n}" for n in range(size)])
        self.application.save(plan)
        return plan.id

    def read(self, plan: UUID) -> LibraryPlan:
        """Replay a plan."""
        found: LibraryPlan = self.application.repository.get(plan)
        return found

    def write(self, plan: UUID, commands: Sequence[Command]) -> None:
        """Handle as many commands, each with as many events as were recorded for it."""
        for command in commands:
            found = self.read(plan)
            for number in range(len(command)):
                _happened(found, number)
            self.application.save(found)
            self.written += len(command)

    def write_history(self, size: int, events: int) -> UUID:
        """A plan with so many events."""
        plan = LibraryPlan([f"t{n}" for n in range(size)])
        for number in range(1, events):
            _happened(plan, number)
            if number % 1_000 == 0:
                self.application.save(plan)
        self.application.save(plan)
        return plan.id

    def close(self) -> None:
        """Close the store."""
        self.application.close()


def _happened(plan: LibraryPlan, number: int) -> None:
    task_id = f"t{number % len(plan.status)}"
    match number % 3:
        case 0:
            scorer = {"kind": "model", "name": "judge", "version": "3"}
            plan.score(task_id=task_id, score=0.9, kind="output", scorer=scorer)
        case 1:
            plan.move(task_id=task_id, old="done", new="failed", cause="scored")
        case _:
            plan.fire(task_id=task_id, rolling_confidence=0.6, threshold=0.72)


class JsonPlan:
    """A plan in a JSON file, written anew and waited for with `fsync` at each change."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._changes = 0
        self._plan = {
            "goal": "Move billing",
            "threshold": 0.72,
            "tasks": [
                {
                    "id": f"t{n}",
                    "title": f"Migrate part {n}",
                    "status": "pending",
                    "prompt_score": None,
                    "output_score": None,
                    "metadata": {},
                }
                for n in range(size)
            ],
        }
        self.change()

    def change(self) -> None:
        """Change one task, and write the whole plan."""
        self._changes += 1
        tasks: Any = self._plan["tasks"]
        task = tasks[self._changes % len(tasks)]
        task["status"], task["output_score"] = "done", self._changes * 1e-7
        beside = self._path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(self._plan, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)

    def read(self) -> Any:
        """Read the whole plan."""
        return json.loads(self._path.read_bytes())
