"""Take a sample of one plan, event by event.

A claim counts as work on a task: outputs with no claim between them are the same work, so
two judges who scored them can be compared.
"""

import math
from typing import Final

from plangate.application.evidence.distributions.padding import Padding
from plangate.application.evidence.distributions.plan_sample import (
    NOTABLE,
    ActorDeeds,
    JudgeOfKind,
    PlanSample,
    ScoresInPlan,
    SharedWork,
)
from plangate.application.evidence.findings_config import Names
from plangate.application.plan_log import Step
from plangate.domain import events
from plangate.domain.confidence import TOLERANCE
from plangate.domain.judging import UNNAMED, JudgeKey, judge_key
from plangate.domain.vocabulary import ScoreKind, Scorer, StatusCause, TaskStatus

BIN: Final = 0.1
"""How wide the bins around the threshold are."""

_MOST_JUDGES: Final = 12
"""So many judges of one work are compared with each other."""


class Sampler:
    """Watches one plan."""

    def __init__(self, plan_id: str, names: Names) -> None:
        self._sample = PlanSample(plan_id)
        self._names = names
        self._padding = Padding()
        self._works: dict[tuple[str, ScoreKind], dict[JudgeOfKind, tuple[float, str]]] = {}

    def add(self, step: Step) -> None:  # noqa: C901, PLR0912  (a branch an event)
        """Look at the plan's next event."""
        event = step.recorded.event
        match event:
            case events.PlanCreated():
                self._sample.created = event
                self._sample.created_at = step.recorded.envelope.position
                self._padding.created(event)
            case events.TaskScored():
                self._scored(step, event)
                self._padding.scored(step, event)
            case events.ScoreRetracted():
                self._retracted(step, event)
            case events.TaskStatusChanged():
                if event.cause is StatusCause.CLAIMED:
                    self._end(event.task_id, ScoreKind.OUTPUT)
                if event.new is TaskStatus.FAILED:
                    self._fail(step)
            case events.AttemptStarted() | events.TaskChanged():
                for kind in ScoreKind:
                    self._end(event.task_id, kind)
            case events.ReplanTriggered():
                self._fail(step)
                self._padding.fired(event)
            case events.PlanRevised():
                self._padding.revised(step)
            case events.TaskAdded():
                self._padding.added(step, event)
            case events.GateApproved():
                self._deeds(step).approved.add(step.event_id, None)
            case _:
                pass
        if step.before.replan_due and not step.after.replan_due:
            self._deeds(step).answers += 1

    def finish(self) -> PlanSample:
        """The sample of the whole plan."""
        for task_id, kind in list(self._works):
            self._end(task_id, kind)
        for shared in self._sample.shared.values():
            shared.higher.sort()
            shared.lower.sort()
        self._sample.added = self._padding.finish()
        return self._sample

    def _scored(self, step: Step, event: events.TaskScored) -> None:
        judge = JudgeOfKind(self._key(event.scorer), event.kind)
        scores = self._sample.judges.get(judge)
        if scores is None:
            scores = self._sample.judges[judge] = ScoresInPlan(judge_key(event.scorer), event.score)
        scores.count += 1
        scores.total += event.score
        scores.hundredths[round(event.score * 100)] += 1
        event_id = step.event_id
        scores.shown_by.add(event_id, event.task_id)
        version = None if event.scorer is None else event.scorer.version
        first, _ = scores.versions.get(version, (event_id, event_id))
        scores.versions[version] = first, event_id
        self._deeds(step).scores += 1
        self._works.setdefault((event.task_id, event.kind), {})[judge] = event.score, event_id
        if event.kind is ScoreKind.OUTPUT:
            beyond = event.score - step.after.policy.confidence_threshold + TOLERANCE
            number = math.floor(beyond / BIN) + 2
            if 0 <= number < len(scores.near):
                scores.near[number] += 1
            if number == 2:  # noqa: PLR2004  (the first bin above)
                scores.just_above.add(event_id, event.task_id)

    def _retracted(self, step: Step, event: events.ScoreRetracted) -> None:
        self._deeds(step).retracted.add(step.event_id, event.task_id)
        work = self._works.get((event.task_id, event.kind), {})
        for judge, (_, event_id) in list(work.items()):
            if event_id == event.event_id:
                del work[judge]

    def _end(self, task_id: str, kind: ScoreKind) -> None:
        """Compare the judges who scored the same work."""
        work = self._works.pop((task_id, kind), {})
        if len(work) < 2:  # noqa: PLR2004  (nothing to compare)
            return
        judged = sorted(work.items(), key=lambda one: str(one[0].key))[:_MOST_JUDGES]
        for place, (judge, (score, event_id)) in enumerate(judged):
            for other, (other_score, other_id) in judged[place + 1 :]:
                shared = self._sample.shared.setdefault((judge, other), SharedWork())
                shared.total += score - other_score
                shared.count += 1
                if abs(score - other_score) >= NOTABLE - TOLERANCE:
                    shown_by = shared.higher if score > other_score else shared.lower
                    shown_by.add(event_id, task_id)
                    shown_by.add(other_id, task_id)

    def _fail(self, step: Step) -> None:
        if self._sample.failed_at is None:
            self._sample.failed_at = step.recorded.envelope.position

    def _deeds(self, step: Step) -> ActorDeeds:
        actor = step.recorded.envelope.actor
        key = None if actor is None else self._names.key(actor)
        deeds = self._sample.actors.get(key)
        if deeds is None:
            deeds = self._sample.actors[key] = ActorDeeds(actor)
        return deeds

    def _key(self, scorer: Scorer | None) -> JudgeKey:
        return UNNAMED if scorer is None else JudgeKey(scorer.kind, self._names.key(scorer.name))
