"""A player who gets work past the gate on a registry, and the plants it plays.

Every plant works on a plan `five` of five tasks (or one of its own) under the policy that it
is given, with scores far from the threshold of either preset.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from plangate.application.evidence.finding import FindingKind, Severity
from plangate.application.registry import PlanRegistry

W, N = Severity.WARNING, Severity.NOTICE
K = FindingKind
LOW, HIGH = 0.1, 0.95
JUDGE: Final = {"kind": "model", "name": "judge"}
OTHER: Final = {"kind": "human", "name": "cleo"}
FIVE: Final = [{"id": task, "title": f"Step {task}"} for task in "abcde"]
CHAIN: Final = [
    {"id": task, "title": f"Step {task}", "depends_on": [before] if before else []}
    for before, task in zip(["", *"abcd"], "abcde", strict=True)
]


class Gaming:
    """One player: every score has grounds, so that only the game itself is found."""

    def __init__(self, registry: PlanRegistry, policy: str) -> None:
        self.registry = registry
        self.policy = policy

    def plan(self, tasks: Any = FIVE, plan_id: str = "five", **policy: Any) -> None:
        goal = policy.pop("goal", "Five steps")
        self.registry.create(goal, tasks, plan_id=plan_id, policy={"preset": self.policy, **policy})

    def score(self, task: str, score: float, plan_id: str = "five", **options: Any) -> str:
        """Score an output, and return the event's id."""
        version = self.registry.get_status(plan_id).version
        options = {"scorer": JUDGE, "rationale": "It was read.", "actor": "host"} | options
        self.registry.score_output(plan_id, task, score, **options)
        return f"{plan_id}@{version + 1}"

    def prompt(self, task: str, score: float, **options: Any) -> str:
        """Score an instruction, and return the event's id."""
        version = self.registry.get_status("five").version
        options = {"scorer": JUDGE, "rationale": "It was read."} | options
        self.registry.score_prompt("five", task, score, **options)
        return f"five@{version + 1}"

    def claim(self, task: str, worker: str = "ada", **options: Any) -> None:
        self.registry.claim_task("five", task, worker=worker, **({"actor": "host"} | options))

    def mark(self, task: str, status: str, reason: str | None = None) -> None:
        self.registry.mark_task("five", task, status, reason=reason)

    def retry(self, task: str) -> None:
        self.registry.retry("five", task, "Once more.")

    def revise(self, *changes: dict[str, Any]) -> None:
        self.registry.revise("five", "It has to be.", changes)

    def retract(self, event_id: str) -> None:
        self.registry.retract_score("five", event_id, "It was a mistake.")

    def fail(self, plan_id: str = "first", **policy: Any) -> None:
        """Plan the same work before, and fail at it."""
        self.plan(FIVE, plan_id, **policy)
        for task in "abcd":
            self.score(task, LOW, plan_id)


class Plant(NamedTuple):
    """A game, and what names it; `policies` are those under which it can be played."""

    title: str
    kind: FindingKind
    severity: Severity
    play: Callable[[Gaming], object]
    policies: tuple[str, ...] = ("classic", "steady")


PLANTS: Final[list[Plant]] = []


def plant(
    title: str, kind: FindingKind, severity: Severity, *policies: str
) -> Callable[[Callable[[Gaming], object]], Callable[[Gaming], object]]:
    """Add a game."""

    def add(play: Callable[[Gaming], object]) -> Callable[[Gaming], object]:
        PLANTS.append(Plant(title, kind, severity, play, policies or ("classic", "steady")))
        return play

    return add
