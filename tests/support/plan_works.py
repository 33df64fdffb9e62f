"""Work on plans for processes: what they find is who they are, or how they fail."""

import os
import signal
from pathlib import Path

from plangate.application.event_store import EventStore


class Refusal(Exception):
    """An error whose arguments are not those that it was made with."""

    def __init__(self, plan_id: str, *, code: int) -> None:
        super().__init__(f"{plan_id} is refused with {code}")
        self.code = code


class PlansSeen:
    """The plans in order, and the processes that added them."""

    passes = 1

    def __init__(self) -> None:
        self.plan_ids: list[str] = []
        self.processes: set[int] = set()

    def add(self, _store: EventStore, plan_id: str) -> None:
        self.plan_ids.append(plan_id)
        self.processes.add(os.getpid())

    def extend(self, part: "PlansSeen") -> None:
        self.plan_ids += part.plan_ids
        self.processes |= part.processes


class Failing(PlansSeen):
    """Fails at one plan."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    def add(self, store: EventStore, plan_id: str) -> None:
        if plan_id == self._at:
            raise Refusal(plan_id, code=7)
        super().add(store, plan_id)


class Killed(PlansSeen):
    """Kills every process but the one that it began in."""

    def __init__(self) -> None:
        super().__init__()
        self._home = os.getpid()

    def add(self, store: EventStore, plan_id: str) -> None:
        if os.getpid() != self._home:
            os.kill(os.getpid(), signal.SIGTERM)
        super().add(store, plan_id)


class Holding(PlansSeen):
    """Holds a pipe open, by name, for as long as a process lives."""

    def __init__(self, pipe: Path) -> None:
        super().__init__()
        self._pipe = pipe

    def add(self, store: EventStore, plan_id: str) -> None:
        super().add(store, plan_id)
        os.write(os.open(self._pipe, os.O_WRONLY), b".")
