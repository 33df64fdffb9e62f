"""Plans kept by `eventsource-py`, with aiosqlite."""

from asyncio import Runner
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from eventsource import (
    AggregateRepository,
    AggregateRoot,
    DomainEvent,
    default_registry,
)
from eventsource.adapters.sqlite import SQLiteEventStore
from pydantic import BaseModel

from benchmarks.raw import Command

NAME: Final = "eventsource-py"


class _State(BaseModel):
    scores: dict[str, float] = {}
    status: dict[str, str] = {}


class _Created(DomainEvent):  # type: ignore[misc]
    event_type: str = "Created"
    aggregate_type: str = "Plan"
    tasks: list[str]


class _Scored(DomainEvent):  # type: ignore[misc]
    event_type: str = "Scored"
    aggregate_type: str = "Plan"
    task_id: str
    kind: str
    score: float


class _Moved(DomainEvent):  # type: ignore[misc]
    event_type: str = "Moved"
    aggregate_type: str = "Plan"
    task_id: str
    old: str
    new: str
    cause: str


class _Plan(AggregateRoot[_State]):  # type: ignore[misc]
    aggregate_type = "Plan"

    def _get_initial_state(self) -> _State:
        return _State()

    def _apply(self, event: Any) -> None:
        state: _State = self.state or self._get_initial_state()
        if isinstance(event, _Created):
            state = _State(status=dict.fromkeys(event.tasks, "pending"))
        elif isinstance(event, _Scored):
            scores = state.scores | {event.task_id: event.score}
            state = state.model_copy(update={"scores": scores})
        else:
            status = state.status | {event.task_id: event.new}
            state = state.model_copy(update={"status": status})
        self._state = state

    def happened(self, event: Any, /, **facts: object) -> None:
        version = self.get_next_version()
        self.apply_event(event(aggregate_id=self.aggregate_id, aggregate_version=version, **facts))


for _event in (_Created, _Scored, _Moved):
    default_registry.register(_event)


class AsyncPlans:
    """Plans in a SQLite file, with aggregates as that library's documentation writes them."""

    def __init__(self, path: Path) -> None:
        self._runner = Runner()
        self._store = SQLiteEventStore(str(path))
        self._repository = AggregateRepository(
            event_store=self._store, aggregate_factory=_Plan, aggregate_type="Plan"
        )
        self.written = 0

    def create(self, size: int, events: int = 1) -> UUID:
        """A plan with so many tasks, and so many events."""

        async def saved() -> UUID:
            plan = self._repository.create_new(uuid4())
            plan.happened(_Created, tasks=[f"t{n}" for n in range(size)])
            for number in range(1, events):
                self._happened(plan, number)
            await self._repository.save(plan)
            found: UUID = plan.aggregate_id
            return found

        return self._runner.run(saved())

    def read(self, plan: UUID) -> int:
        """Replay a plan; its version."""
        found: int = self._runner.run(self._repository.load(plan)).version
        return found

    def write(self, plan: UUID, commands: Sequence[Command]) -> None:
        """Handle as many commands, each with as many events as were recorded for it."""

        async def written() -> None:
            for command in commands:
                found = await self._repository.load(plan)
                for number in range(len(command)):
                    self._happened(found, number)
                await self._repository.save(found)

        self._runner.run(written())
        self.written += sum(map(len, commands))

    def _happened(self, plan: Any, number: int) -> None:
        if number % 2:
            plan.happened(_Moved, task_id="t0", old="done", new="failed", cause="scored")
        else:
            plan.happened(_Scored, task_id="t0", kind="output", score=0.9)

    def close(self) -> None:
        """Close the store."""
        self._runner.run(self._store.close())
        self._runner.close()
