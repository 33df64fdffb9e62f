"""A host: it keeps reviews, and scores a plan's tasks by them."""

from plangate import PlanRegistry, Verdict

LEASE = 60


class Reviews:
    """The reviews of one plan's tasks."""

    def __init__(self, registry: PlanRegistry, plan_id: str) -> None:
        self._registry = registry
        self._plan_id = plan_id

    def take(self, worker: str) -> str | None:
        """The task that a worker is to do next."""
        task = self._registry.next_task(self._plan_id, worker=worker, lease=LEASE)
        return None if task is None else task.id

    def review(self, task_id: str, stars: int) -> bool:
        """Record a review; whether the plan needs no change."""
        self._registry.score_output(self._plan_id, task_id, stars, scale=(1, 5))
        return self._registry.gate(self._plan_id).verdict is not Verdict.REPLAN
