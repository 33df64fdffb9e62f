"""What each judge of a plan scored, and whether the gate would have fired for that judge alone.

A judge's score of a task is the newest of its kind and attempt that was not retracted.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from plangate.application.evidence.same_text import text_key
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.rerun.rerun import Rules, fires
from plangate.domain import events
from plangate.domain.confidence import reaches
from plangate.domain.judging import JudgeKey, judge_key
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import ScoreKind

FIRST_ATTEMPT: Final = 1


class Scored(NamedTuple):
    """What is scored: a task in one attempt, by its prompt or its output."""

    task_id: str
    attempt: int
    kind: ScoreKind


class JudgedPlan:
    """One plan, by its judges. `scores` has those of each, in the order of their first one."""

    def __init__(self, history: Sequence[RecordedCommand]) -> None:
        self._history = history
        self._given: dict[int, tuple[JudgeKey, tuple[Scored, ...]]] = {}
        self.plan: Plan = history[-1].after
        self.scores: dict[JudgeKey, dict[Scored, float]] = {}
        newest: dict[tuple[JudgeKey, Scored], dict[str, float]] = {}
        attempts: dict[str, int] = {}
        for index, command in enumerate(history):
            for judge, scored in _follow(command, newest, attempts):
                self._given[index] = judge, (*self._given.get(index, (judge, ()))[1], scored)
        for (judge, scored), scores in newest.items():
            if scores:
                self.scores.setdefault(judge, {})[scored] = next(reversed(scores.values()))

    def is_low(self, score: float) -> bool:
        """Whether a score is below the plan's threshold."""
        return not reaches(score, self.plan.policy.confidence_threshold)

    def fires(
        self, judge: JudgeKey, rules: Rules | None, only: Collection[Scored] | None = None
    ) -> bool:
        """Whether the gate fires under a policy, or the recorded one, with one judge's scores.

        `only` names the scores to go by. Raises `InvalidInput` where the rules do not fit.
        """
        history = list(self._of(judge, only))
        alone = self.plan.policy.min_judges == 1
        as_recorded = rules is None and alone and len(history) == len(self._history)
        return fires(history, None if as_recorded else partial(_for_one, rules))

    def labels(self) -> Mapping[Scored, int]:
        """Labels of what was scored in first attempts, the same in plans of the same work."""
        named = {task.id: task.title and text_key(task.title) for task in self.plan}
        seen: dict[str, int] = {}
        numbers: dict[str, str] = {}
        for task_id, title in named.items():
            name = task_id if title is None else f"={title}"
            seen[name] = seen.get(name, 0) + 1
            numbers[task_id] = f"{seen[name]}{name}"
        return {
            scored: _number(f"{scored.kind}:{numbers[scored.task_id]}")
            for scores in self.scores.values()
            for scored in scores
            if scored.attempt == FIRST_ATTEMPT and scored.task_id in numbers
        }

    def _of(self, judge: JudgeKey, only: Collection[Scored] | None) -> Iterator[RecordedCommand]:
        """The commands without the scores of other judges, and without those not asked for."""
        for index, command in enumerate(self._history):
            by, scored = self._given.get(index, (judge, ()))
            asked = only is None or not scored or any(one in only for one in scored)
            if by == judge and asked:
                yield command


def _follow(
    command: RecordedCommand,
    newest: dict[tuple[JudgeKey, Scored], dict[str, float]],
    attempts: dict[str, int],
) -> Iterator[tuple[JudgeKey, Scored]]:
    """Keep the scores of each judge, and yield what the command scored."""
    for entry in command.events:
        match entry.event:
            case events.TaskScored() as event:
                judge = judge_key(event.scorer)
                scored = Scored(event.task_id, attempts.get(event.task_id, 1), event.kind)
                newest.setdefault((judge, scored), {})[entry.envelope.event_id] = event.score
                yield judge, scored
            case events.ScoreRetracted(event_id=retracted):
                for scores in newest.values():
                    scores.pop(retracted, None)
            case events.AttemptStarted(task_id=task_id, attempt=attempt):
                attempts[task_id] = attempt
            case _:  # leaves the scores as they are
                pass


def _for_one(rules: Rules | None, recorded: Policy) -> Policy:
    """The policy to try, without waiting for more judges than the one that is asked."""
    policy = recorded if rules is None else rules(recorded)
    return policy if policy.min_judges == 1 else policy.model_copy(update={"min_judges": 1})


def _number(label: str) -> int:
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:8])
