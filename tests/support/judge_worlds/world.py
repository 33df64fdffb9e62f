"""A world of plans: how good the work is, how judges see it, and what actors do then."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from plangate.application.evidence.distributions.plan_sample import PlanSample
from plangate.application.evidence.distributions.sampler import Sampler
from plangate.application.evidence.findings_config import Names
from plangate.application.plan_log import next_step
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.domain.event_ids import event_id
from plangate.domain.events import (
    GateApproved,
    PlanCreated,
    PlanEvent,
    PlannedTask,
    PlanRevised,
    ReplanTriggered,
    ScoreRetracted,
    TaskAdded,
    TaskScored,
)
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import ScoreKind, Scorer, ScorerKind
from tests.support.examples import MORNING

THRESHOLD: Final = 0.6


@dataclass(frozen=True)
class SimulatedJudge:
    """How a judge scores work: what it adds, how much it errs, and how it writes that down.

    `drift` is added bit by bit over all plans. `step` is the step of its scale. A judge
    heaps: so large a share of the scores up to 0.1 below the threshold is lifted over it.
    It judges the plans from `since` to `until`.
    """

    name: str
    version: str = "1"
    bias: float = 0.0
    noise: float = 0.08
    drift: float = 0.0
    step: float = 0.01
    heaps: float = 0.0
    always: float | None = None
    since: float = 0.0
    until: float = 1.0
    kind: ScorerKind = ScorerKind.MODEL

    @cached_property
    def scorer(self) -> Scorer:
        return Scorer(kind=self.kind, name=self.name, version=self.version)

    def score(self, work: float, when: float, chance: random.Random) -> float:
        """Its score of work, `when` being how far the world is, from 0 to 1."""
        if self.always is not None:
            return self.always
        seen = work + self.bias + self.drift * when + chance.gauss(0, self.noise)
        if THRESHOLD - 0.1 <= seen < THRESHOLD and chance.random() < self.heaps:
            seen = THRESHOLD + chance.random() * 0.04
        return min(max(round(round(seen / self.step) * self.step, 4), 0.0), 1.0)


@dataclass(frozen=True)
class World:
    """Plans of equal size, one after the other.

    The quality of plans is around `quality`, moved by `trend` from the first to the last.
    Each task is scored by `panel` of the judges. `retracts` and `approves` say how often an
    actor does so, of its scores and of the due replans. `adds` is how often another answer
    to a due replan adds tasks, `padded` how often these are easy.
    """

    judges: tuple[SimulatedJudge, ...]
    plans: int = 60
    tasks: int = 6
    panel: int = 2
    quality: float = 0.72
    spread: float = 0.08
    of_tasks: float = 0.1
    trend: float = 0.0
    retracts: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys(("ada", "bob", "cleo"), 0.03)
    )
    approves: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys(("ada", "bob", "cleo"), 0.3)
    )
    adds: float = 0.5
    padded: float = 0.0

    def samples(self, seed: int) -> Iterator[PlanSample]:
        """A sample of each plan."""
        chance = random.Random(seed)
        for number in range(self.plans):
            yield _PlanHistory(self, number, chance).sample()


class _PlanHistory:
    """The events of one plan, each made where the last one led."""

    def __init__(self, world: World, number: int, chance: random.Random) -> None:
        self._world = world
        self._when = number / max(world.plans - 1, 1)
        self._number = number
        self._chance = chance
        self._plan = Plan(f"p{number}")
        self._sampler = Sampler(self._plan.plan_id, Names({}))
        self._quality = chance.gauss(world.quality + world.trend * self._when, world.spread)
        judges = [one for one in world.judges if one.since <= self._when <= one.until]
        self._judges = chance.sample(judges, min(world.panel, len(judges)))
        self._actor = chance.choice(list(world.retracts))

    def sample(self) -> PlanSample:
        world, chance = self._world, self._chance
        ids = [f"t{n}" for n in range(world.tasks)]
        tasks = tuple(PlannedTask(id=one, title=f"{self._plan.plan_id} {one}") for one in ids)
        policy = Policy(confidence_threshold=THRESHOLD)
        goal = self._plan.plan_id
        self._record(PlanCreated(at=MORNING, goal=goal, tasks=tasks, policy=policy))
        for task_id in ids:
            self._judge(task_id, chance.gauss(self._quality, world.of_tasks))
            if self._plan.replan_due:
                self._answer(task_id)
        return self._sampler.finish()

    def _judge(self, task_id: str, work: float) -> None:
        chance, retracts = self._chance, self._world.retracts
        for judge in self._judges:
            actor = self._actor
            scored = TaskScored.model_construct(  # what is valid here needs no validation
                at=MORNING,
                task_id=task_id,
                kind=ScoreKind.OUTPUT,
                score=judge.score(work, self._when, chance),
                mark_done=True,
                scorer=judge.scorer,
            )
            self._record(scored, actor)
            if chance.random() < retracts[actor]:
                mistaken = event_id(self._plan.plan_id, self._plan.version)
                kind = ScoreKind.OUTPUT
                self._record(
                    ScoreRetracted(at=MORNING, task_id=task_id, kind=kind, event_id=mistaken), actor
                )
                again = replace(judge, heaps=0.0).score(work, self._when, chance)
                self._record(scored.model_copy(update={"score": again}), actor)
        plan = self._plan
        if plan.needs_replan and not plan.replan_due:
            fired = ReplanTriggered(
                at=MORNING,
                task_id=task_id,
                rolling_confidence=plan.rolling_confidence,
                threshold=THRESHOLD,
            )
            self._record(fired)

    def _answer(self, task_id: str) -> None:
        """Approve the gate, or revise the plan; sometimes with more tasks, which are judged."""
        world, chance, actor = self._world, self._chance, self._actor
        if chance.random() < world.approves[actor]:
            self._record(GateApproved(at=MORNING), actor)
            return
        self._record(PlanRevised(at=MORNING), actor)
        if chance.random() >= world.adds:
            return
        padded = chance.random() < world.padded
        added = [f"{task_id}-{n}" for n in range(5 if padded else chance.randint(1, 5))]
        for one in added:
            self._record(TaskAdded(at=MORNING, task=PlannedTask(id=one, title=one)), actor)
        for one in added:
            work = 0.95 if padded else chance.gauss(self._quality, world.of_tasks)
            self._judge(one, work)
            if self._plan.replan_due:
                self._record(GateApproved(at=MORNING), actor)

    def _record(self, event: PlanEvent, actor: str | None = None) -> None:
        version = self._plan.version + 1
        envelope = Envelope(
            plan_id=self._plan.plan_id,
            version=version,
            position=self._number * 1_000 + version,
            recorded_at=MORNING,
            actor=actor,
        )
        step = next_step(self._plan, RecordedEvent(event, envelope))
        self._sampler.add(step)
        self._plan = step.after
