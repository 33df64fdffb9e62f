"""Random commands, each with what the naive model makes of it."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from plangate.domain.commands import (
    AddTask,
    ApproveGate,
    ArchivePlan,
    Change,
    ChangeTask,
    ClaimNextTask,
    ClaimTask,
    DeferTask,
    DeletePlan,
    DropTask,
    ErasePlan,
    MarkTask,
    MoveTask,
    NewTask,
    PausePlan,
    PlanCommand,
    RecordOutcome,
    RecordScoringFailure,
    ReleaseTask,
    RenewLease,
    ReplaceTask,
    RestorePlan,
    ResumePlan,
    RetractScore,
    RetryTask,
    RevisePlan,
    ScoreOutput,
    ScorePrompt,
    SplitTask,
    UndeferTask,
    UpdateScores,
)
from plangate.domain.vocabulary import Outcome, ScoreKind, TaskStatus
from tests.support.clocks import DAWN
from tests.support.model.naive import NaivePlan

CommandAndModel = tuple[PlanCommand, Callable[[], object]]

WHY = "because"
SCALES: tuple[tuple[float, float] | None, ...] = (
    None,
    None,
    None,
    (1.0, 5.0),
    (-1.0, 1.0),
    (0.0, 100.0),
)
JUDGES: tuple[tuple[str | None, str], ...] = (
    (None, "unnamed"),
    ("code:lint", "lint"),
    ("ann@1", "ann"),
    ("ann@2", "ann"),
    ("human:ann", "Ann herself"),
)
"""Scorers as they are given, each with the judge that it is: its version does not matter."""

TASKS = ("a", "b", "c", "d", "e", "f", "g", "h")


def random_command(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    """A command that may be granted or refused, and the model's answer to it."""
    make, _ = chance.choices(_COMMANDS, weights=_WEIGHTS)[0]
    return make(chance, naive)


def _score(chance: random.Random) -> float:
    odd = [0.0, -0.0, 0.5, 0.72, 1.0, -3.0, 85.0]
    return chance.choice(odd) if chance.random() < 0.3 else chance.random()


def _task(chance: random.Random, naive: NaivePlan) -> str:
    if chance.random() < 0.08:
        return chance.choice(["nobody", *naive.gone])
    return chance.choice(naive.tasks).id


def _token(chance: random.Random, naive: NaivePlan) -> int | None:
    tokens = [task.token for task in naive.tasks if task.token] or [naive.version]
    return chance.choice([None, None, chance.choice(tokens), chance.randint(1, naive.version)])


def _score_prompt(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, score, token = _task(chance, naive), _score(chance), _token(chance, naive)
    scale, (scorer, judge) = chance.choice(SCALES), chance.choice(JUDGES)
    given = {"task_id": task, "score": score, "token": token, "scale": scale, "scorer": scorer}
    command = ScorePrompt.model_validate(given)
    return command, lambda: naive.score_prompt(task, score, token, scale, judge)


def _score_output(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, score, token = _task(chance, naive), _score(chance), _token(chance, naive)
    done, scale = chance.random() < 0.8, chance.choice(SCALES)
    scorer, judge = chance.choice(JUDGES)
    given = {"task_id": task, "score": score, "token": token, "scale": scale, "scorer": scorer}
    command = ScoreOutput.model_validate(given | {"mark_done": done})
    return command, lambda: naive.score_output(task, score, token, scale, judge, mark_done=done)


def _update(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, prompt, output = _task(chance, naive), _score(chance), _score(chance)
    scorer, judge = chance.choice(JUDGES)
    given = {"task_id": task, "prompt_score": prompt, "output_score": output, "scorer": scorer}
    return UpdateScores.model_validate(given), lambda: naive.update(task, prompt, output, judge)


def _fail(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, kind = _task(chance, naive), chance.choice(list(ScoreKind))
    command = RecordScoringFailure(task_id=task, kind=kind, reason=WHY)
    return command, lambda: naive.record_scoring_failure(task)


def _turn_out(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, outcome = _task(chance, naive), chance.choice(list(Outcome))
    command = RecordOutcome(task_id=task, outcome=outcome, source=chance.choice(["ci", "review"]))
    return command, lambda: naive.record_outcome(task)


def _retract(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    version = naive.version - chance.randint(0, 6)
    command = RetractScore(event_id=f"{naive.plan_id}@{version}", reason=WHY)
    return command, lambda: naive.retract_score(version)


def _mark(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, status, token = _task(chance, naive), chance.choice([*TaskStatus]), _token(chance, naive)
    command = MarkTask(task_id=task, status=status, token=token)
    return command, lambda: naive.mark_task(task, status.value, token)


def _claim(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    lease = chance.choice([None, 1.0, 5.0, 30.0])
    return ClaimNextTask(worker="w", lease=lease), lambda: naive.next_task(lease)


def _claim_task(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, lease = _task(chance, naive), chance.choice([None, 1.0, 5.0, 30.0])
    command = ClaimTask(task_id=task, worker="w", lease=lease)
    return command, lambda: naive.claim_task(task, lease)


def _defer(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, wait = _task(chance, naive), chance.choice([None, -1.0, 0.0, 1.0, 5.0, 30.0])
    until = None if wait is None else DAWN + timedelta(seconds=naive.now + wait)
    command = DeferTask(task_id=task, reason=WHY, until=until)
    return command, lambda: naive.defer_task(task, wait)


def _undefer(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task = _task(chance, naive)
    return UndeferTask(task_id=task), lambda: naive.undefer_task(task)


def _heartbeat(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, token = _task(chance, naive), _token(chance, naive) or 1
    lease = chance.choice([None, None, 10.0])
    command = RenewLease(task_id=task, token=token, lease=lease)
    return command, lambda: naive.heartbeat(task, token, lease)


def _release(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task, token = _task(chance, naive), _token(chance, naive)
    return ReleaseTask(task_id=task, token=token), lambda: naive.release(task, token)


def _retry(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    task = _task(chance, naive)
    return RetryTask(task_id=task, reason=WHY), lambda: naive.retry(task)


def _approve(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    some = list(dict.fromkeys([_task(chance, naive), _task(chance, naive)]))
    accept = chance.choice([None, "passing", "passing", some])
    command = ApproveGate.model_validate({"reason": WHY, "accept": accept})
    return command, lambda: naive.approve(accept)


def _revise(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    pairs = [_some_change(chance, naive) for _ in range(chance.choice([1, 1, 2, 3]))]
    command = RevisePlan(reason=WHY, changes=tuple(change for change, _ in pairs))
    return command, lambda: naive.revise([plain for _, plain in pairs])


def _lifecycle(chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    commands: list[CommandAndModel] = [
        (PausePlan(reason=WHY), naive.pause),
        (ResumePlan(reason=WHY), naive.resume),
        (ArchivePlan(reason=WHY), naive.archive),
        (RestorePlan(reason=WHY), naive.restore),
        (RestorePlan(reason=WHY), naive.restore),
    ]
    return chance.choice(commands)


def _delete(_chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    return DeletePlan(), naive.delete


def _erase(_chance: random.Random, naive: NaivePlan) -> CommandAndModel:
    return ErasePlan(), naive.erase


def _some_change(chance: random.Random, naive: NaivePlan) -> tuple[Change, dict[str, Any]]:
    task, other = _task(chance, naive), _task(chance, naive)
    fresh = _fresh(chance, naive)
    on = tuple({_task(chance, naive) for _ in range(chance.choice([0, 0, 1, 2]))})
    match chance.choice(["add", "change", "move", "drop", "split", "replace"]):
        case "add":
            before, after = chance.choice([(None, None), (other, None), (None, other)])
            new = NewTask(id=fresh, title=fresh, depends_on=on)
            plain = {"op": "add", "id": fresh, "depends_on": on, "before": before, "after": after}
            return AddTask(task=new, before=before, after=after), plain
        case "change":
            given = chance.choice([None, on])
            change = ChangeTask(task_id=task, depends_on=given)
            return change, {"op": "change", "task_id": task, "depends_on": given}
        case "move":
            plain = {"op": "move", "task_id": task, "after": other}
            return MoveTask(task_id=task, after=other), plain
        case "drop":
            return DropTask(task_id=task), {"op": "drop", "task_id": task}
        case "split":
            ids = [fresh, f"{fresh}+"]
            into = tuple(NewTask(id=part, title=part) for part in ids)
            return SplitTask(task_id=task, into=into), {"op": "split", "task_id": task, "into": ids}
        case _:
            by = NewTask(id=fresh, title=fresh)
            plain = {"op": "replace", "task_id": task, "by": fresh}
            return ReplaceTask(task_id=task, by=by), plain


def _fresh(chance: random.Random, naive: NaivePlan) -> str:
    if chance.random() < 0.1:
        return _task(chance, naive)
    return f"n{naive.version}.{chance.randint(0, 99)}"


_COMMANDS = [
    (_score_prompt, 4),
    (_score_output, 9),
    (_update, 3),
    (_fail, 1),
    (_retract, 2),
    (_turn_out, 1),
    (_mark, 2),
    (_claim, 6),
    (_heartbeat, 2),
    (_release, 1),
    (_retry, 3),
    (_approve, 2),
    (_claim_task, 2),
    (_defer, 2),
    (_undefer, 1),
    (_revise, 3),
    (_lifecycle, 1.5),
    (_delete, 0.15),
    (_erase, 0.15),
]
_WEIGHTS = [weight for _, weight in _COMMANDS]
