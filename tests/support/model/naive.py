"""The rules of plangate once more, written as plainly as they can be said.

An independent model for tests: lists, loops and the textbook formula, nothing
of the product's own code. Time is a number of seconds. A refusal is the name
of its error.
"""

import statistics
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

EPSILON = 1e-12


class Refused(Exception):
    """The command is refused; the argument is the name of the error."""


class NaivePolicy(TypedDict):
    """The numbers of the rules."""

    prompt_weight: float
    output_weight: float
    decay: float
    confidence_threshold: float
    out_of_range: str
    gate: str
    attempt_scores: str
    order: str
    min_scored: int
    consecutive_lows: int
    exit_threshold: float | None
    latch: bool
    max_replans: int | None
    scarce_evidence: str
    judges: str
    min_judges: int


@dataclass
class NaiveTask:
    """A task and all its current scores, oldest first: version, score and judge of each."""

    id: str
    depends_on: list[str] = field(default_factory=list)
    status: str = "pending"
    scores: dict[str, list[tuple[int, float, str]]] = field(
        default_factory=lambda: {"prompt": [], "output": []}
    )
    replan_count: int = 0
    attempt: int = 1
    outdated: bool = False
    token: int | None = None
    claimed_at: float = 0.0
    lease_until: float | None = None
    deferred: bool = False
    deferred_until: float | None = None

    def unclaim(self) -> None:
        self.token = self.lease_until = None

    def expired(self, now: float) -> bool:
        over = self.lease_until is not None and self.lease_until <= now
        return self.status == "in_progress" and over

    def waits(self, now: float) -> bool:
        """Whether the task is deferred and its time is not up."""
        return self.deferred and (self.deferred_until is None or self.deferred_until > now)

    def undefer(self) -> None:
        self.deferred, self.deferred_until = False, None


@dataclass
class NaivePlan:
    """A plan that remembers everything in plain lists."""

    plan_id: str
    policy: NaivePolicy
    tasks: list[NaiveTask]
    version: int = 1
    now: float = 0.0
    gone: list[str] = field(default_factory=list)
    replan_count: int = 0
    due: bool = False
    tripped: bool = False
    lows: int = 0
    replans: int = 0
    paused: bool = False
    archived: bool = False
    deleted: bool = False

    def score(self, task: NaiveTask, kind: str) -> float | None:
        """What the judges of a task say together, each by its newest score; None for too few."""
        last_of_each: dict[str, float] = {}
        for _, score, judge in task.scores[kind]:
            last_of_each.pop(judge, None)
            last_of_each[judge] = score
        said = list(last_of_each.values())
        if len(said) < self.policy["min_judges"]:
            return None
        inner = sorted(said)[1:-1] if len(said) > 2 else said
        return {
            "newest": said[-1],
            "mean": statistics.mean(said),
            "median": statistics.median(said),
            "min": min(said),
            "trimmed": statistics.mean(inner),
        }[self.policy["judges"]]

    def last_scored(self, task: NaiveTask) -> int:
        counting = [
            task.scores[kind][-1] for kind in task.scores if self.score(task, kind) is not None
        ]
        return max(version for version, _, _ in counting)

    def awaits_judges(self, task: NaiveTask) -> bool:
        few = task.scores["output"] and self.score(task, "output") is None
        return bool(few) and task.status != "done"

    def confidence(self, task: NaiveTask) -> float | None:
        prompt, output = self.score(task, "prompt"), self.score(task, "output")
        if prompt is None or output is None:
            return output if prompt is None else prompt
        return self.policy["prompt_weight"] * prompt + self.policy["output_weight"] * output

    def rolling(self) -> float:
        tasks = [task for task in self.tasks if self.confidence(task) is not None]
        if self.policy["order"] == "scored":
            tasks.sort(key=self.last_scored)
        scored = [c for c in map(self.confidence, tasks) if c is not None]
        if not scored:
            return 1.0
        weights = [self.policy["decay"] ** (len(scored) - 1 - n) for n in range(len(scored))]
        return sum(w * c for w, c in zip(weights, scored, strict=True)) / sum(weights)

    def needs_replan(self) -> bool:
        return self.rolling() < self.policy["confidence_threshold"] - EPSILON

    def recovered(self) -> bool:
        wanted = self.policy["exit_threshold"]
        if wanted is None:
            wanted = self.policy["confidence_threshold"]
        return self.rolling() >= wanted - EPSILON

    def has_memory(self) -> bool:
        usual = {"min_scored": 1, "consecutive_lows": 1, "exit_threshold": None, "latch": False}
        return any(self.policy[name] != value for name, value in usual.items())  # type: ignore[literal-required]

    def exhausted(self) -> bool:
        allowed = self.policy["max_replans"]
        return allowed is not None and self.replans > allowed

    def held(self) -> bool:
        return self.exhausted() or (self.due and self.policy["gate"] == "hold")

    def ready(self) -> list[str]:
        done = [task.id for task in self.tasks if task.status == "done"]
        return [
            task.id
            for task in self.tasks
            if task.status == "pending"
            and not task.deferred
            and all(on in done for on in task.depends_on)
        ]

    def could_be_taken(self) -> list[str]:
        """The tasks that would be handed out now, one after the other, by an open plan."""
        done = [task.id for task in self.tasks if task.status == "done"]
        free = [
            task
            for task in self.tasks
            if task.expired(self.now) or (task.status == "pending" and not task.waits(self.now))
        ]
        return [task.id for task in free if all(on in done for on in task.depends_on)]

    def verdict(self) -> str:
        for put in ("deleted", "archived", "paused"):
            if getattr(self, put):
                return put
        if self.due:
            return "replan"
        if self.exhausted():
            return "blocked"
        if all(task.status == "done" for task in self.tasks):
            return "complete"
        if self.could_be_taken():
            return "go"
        working = any(t.status == "in_progress" and not t.expired(self.now) for t in self.tasks)
        return "wait" if working or any(t.waits(self.now) for t in self.tasks) else "blocked"

    def may_continue(self) -> bool:
        away = self.deleted or self.archived or self.paused or self.held()
        return not away and bool(self.could_be_taken())

    def state(self) -> str:
        for put in ("deleted", "archived", "paused"):
            if getattr(self, put):
                return put
        statuses = [task.status for task in self.tasks]
        if statuses == ["done"] * len(statuses):
            return "complete"
        if self.ready() and not self.held():
            return "active"
        waiting = "in_progress" in statuses or any(task.deferred for task in self.tasks)
        return "waiting" if waiting else "blocked"

    # --- scores ---

    def score_prompt(
        self,
        task_id: str,
        score: float,
        token: int | None = None,
        scale: tuple[float, float] | None = None,
        judge: str = "unnamed",
    ) -> None:
        task, counts = self._judging(task_id, score, token, scale)
        self._record(task, "prompt", counts, judge)

    def score_output(
        self,
        task_id: str,
        score: float,
        token: int | None = None,
        scale: tuple[float, float] | None = None,
        judge: str = "unnamed",
        *,
        mark_done: bool = True,
    ) -> None:
        task, counts = self._judging(task_id, score, token, scale)
        self._record(task, "output", counts, judge)
        self._settle(task, mark_done=mark_done)

    def update(
        self, task_id: str, prompt_score: float, output_score: float, judge: str = "unnamed"
    ) -> None:
        task, prompt = self._judging(task_id, prompt_score, None)
        _, output = self._judging(task_id, output_score, None)
        self._record(task, "prompt", prompt, judge)
        self._record(task, "output", output, judge)
        self._settle(task, mark_done=True)

    def record_scoring_failure(self, task_id: str) -> None:
        self._find(task_id)
        self.version += 1

    def record_outcome(self, task_id: str) -> None:
        self._alive()
        if task_id not in self.gone and task_id not in [task.id for task in self.tasks]:
            raise Refused("TaskNotFound")
        self.version += 1

    def retract_score(self, version: int) -> None:
        self._open()
        for task in self.tasks:
            for given in task.scores.values():
                for score in given:
                    if score[0] == version:
                        given.remove(score)
                        self.version += 1
                        self.lows *= self.needs_replan()
                        self.tripped &= not self.recovered()
                        return
        raise Refused("ScoreNotFound")

    # --- work ---

    def mark_task(self, task_id: str, status: str, token: int | None = None) -> None:
        task = self._find(task_id)
        self._fence(task, token)
        if task.status != status:
            task.status = status
            task.undefer()
            if status in ("pending", "in_progress"):
                task.unclaim()
            self.version += 1

    def next_task(self, lease: float | None = None) -> str | None:
        self._open()
        if self.paused or self.held():
            raise Refused("PlanHeld")
        self._end_what_is_over()
        if not self.ready():
            return None
        return self._take(self._find(self.ready()[0]), lease)

    def claim_task(self, task_id: str, lease: float | None = None) -> str:
        task = self._find(task_id)
        if self.paused or self.held():
            raise Refused("PlanHeld")
        if task_id not in self.could_be_taken():
            raise Refused("TaskNotReady")
        self._end_what_is_over()
        return self._take(task, lease)

    def defer_task(self, task_id: str, wait: float | None) -> None:
        task = self._find(task_id)
        if task.status != "pending" or (wait is not None and wait <= 0):
            raise Refused("InvalidInput")
        until = None if wait is None else self.now + wait
        if not task.deferred or task.deferred_until != until:
            task.deferred, task.deferred_until = True, until
            self.version += 1

    def undefer_task(self, task_id: str) -> None:
        task = self._find(task_id)
        self.version += task.deferred
        task.undefer()

    def _end_what_is_over(self) -> None:
        for task in self.tasks:
            if task.expired(self.now):
                task.status = "pending"
                task.unclaim()
                self.version += 1
            elif task.deferred and not task.waits(self.now):
                task.undefer()
                self.version += 1

    def _take(self, task: NaiveTask, lease: float | None) -> str:
        self.version += 1
        task.status, task.token, task.claimed_at = "in_progress", self.version, self.now
        task.lease_until = None if lease is None else self.now + lease
        return task.id

    def heartbeat(self, task_id: str, token: int, lease: float | None) -> None:
        task = self._find(task_id)
        self._fence(task, token)
        if task.status != "in_progress":
            raise Refused("ClaimLost")
        if self.awaits_judges(task) and task.lease_until is None:
            return
        if lease is None:
            if task.lease_until is None:
                return
            lease = task.lease_until - task.claimed_at
        task.claimed_at, task.lease_until = self.now, self.now + lease
        self.version += 1

    def release(self, task_id: str, token: int | None) -> None:
        task = self._find(task_id)
        self._fence(task, token)
        if task.status == "in_progress":
            task.status = "pending"
            task.unclaim()
            self.version += 1

    # --- replanning ---

    def retry(self, task_id: str) -> None:
        task = self._find(task_id)
        if task.status not in ("failed", "replanning"):
            raise Refused("InvalidInput")
        self._again(task)

    def approve(self, accept: str | list[str] | None = None) -> None:
        self._open()
        accepted = []
        for task in self.tasks if accept == "passing" else map(self._find, accept or []):
            if accept == "passing":
                if task.status == "replanning" and self._passes(task):
                    accepted.append(task)
            elif task.status in ("failed", "replanning") or (
                task.status == "in_progress" and self.awaits_judges(task)
            ):
                accepted.append(task)
            elif task.status != "done":
                raise Refused("InvalidInput")
        asked = self.due or self.exhausted()
        if not asked and not accepted:
            return
        if asked:
            self._answer()
            self.replans = self.lows = 0
            self.tripped = False
        self.version += 1
        for task in accepted:
            task.status = "done"
            self.version += 1

    def revise(self, changes: list[dict[str, Any]]) -> None:
        self._open()
        tried = replace(self, tasks=[_copy(task) for task in self.tasks], gone=[*self.gone])
        tried.version += 1
        tried._answer()
        for change in changes:
            getattr(tried, f"_{change['op']}")(change)
        tried._sound()
        self.__dict__.update(tried.__dict__)

    def _add(self, change: dict[str, Any]) -> None:
        self._new(change["id"])
        place = len(self.tasks)
        if change.get("before"):
            place = self.tasks.index(self._find(change["before"]))
        elif change.get("after"):
            place = self.tasks.index(self._find(change["after"])) + 1
        self.tasks.insert(place, NaiveTask(change["id"], list(change["depends_on"])))
        self.version += 1

    def _change(self, change: dict[str, Any]) -> None:
        task = self._find(change["task_id"])
        if change["depends_on"] is not None:
            task.depends_on = list(change["depends_on"])
            self.version += 1
        if task.status in ("failed", "replanning"):
            self._again(task)
        elif change["depends_on"] is None:
            raise Refused("InvalidInput")

    def _move(self, change: dict[str, Any]) -> None:
        task, other = self._find(change["task_id"]), self._find(change["after"])
        if task is other:
            raise Refused("InvalidInput")
        self.tasks.remove(task)
        self.tasks.insert(self.tasks.index(other) + 1, task)
        self.version += 1

    def _drop(self, change: dict[str, Any]) -> None:
        self._leave(self._find(change["task_id"]), [])

    def _split(self, change: dict[str, Any]) -> None:
        task = self._find(change["task_id"])
        for new in change["into"]:
            self._new(new)
        self._leave(task, change["into"])

    def _replace(self, change: dict[str, Any]) -> None:
        task = self._find(change["task_id"])
        self._new(change["by"])
        self._leave(task, [change["by"]])

    def _leave(self, task: NaiveTask, heirs: list[str]) -> None:
        place = self.tasks.index(task)
        self.tasks[place : place + 1] = [NaiveTask(heir, [*task.depends_on]) for heir in heirs]
        for other in self.tasks:
            if task.id in other.depends_on:
                where = other.depends_on.index(task.id)
                other.depends_on[where : where + 1] = heirs
        self.gone.append(task.id)
        self.version += 1

    # --- the plan ---

    def pause(self) -> None:
        self._open()
        self.version += not self.paused
        self.paused = True

    def resume(self) -> None:
        self._open()
        self.version += self.paused
        self.paused = False

    def archive(self) -> None:
        self._alive()
        self.version += not self.archived
        self.archived = True

    def restore(self) -> None:
        self._alive()
        self.version += self.archived
        self.archived = False

    def delete(self) -> None:
        self.version += not self.deleted
        self.deleted = True

    def erase(self) -> None:
        self.version += 1

    # --- what they share ---

    def _alive(self) -> None:
        if self.deleted:
            raise Refused("PlanGone")

    def _open(self) -> None:
        self._alive()
        if self.archived:
            raise Refused("PlanHeld")

    def _find(self, task_id: str) -> NaiveTask:
        self._open()
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise Refused("TaskGone" if task_id in self.gone else "TaskNotFound")

    def _new(self, task_id: str) -> None:
        if task_id in self.gone or any(task.id == task_id for task in self.tasks):
            raise Refused("InvalidInput")

    def _sound(self) -> None:
        left = {task.id: set(task.depends_on) for task in self.tasks}
        if not left or any(on not in left for deps in left.values() for on in deps):
            raise Refused("InvalidInput")
        while free := [task_id for task_id, deps in left.items() if not deps]:
            left = {t: deps - set(free) for t, deps in left.items() if t not in free}
        if left:
            raise Refused("InvalidInput")

    def _fence(self, task: NaiveTask, token: int | None) -> None:
        if token is not None and (token != task.token or task.expired(self.now)):
            raise Refused("ClaimLost")

    def _answer(self) -> None:
        if self.due:
            self.due = self.tripped = False
            self.lows = 0

    def _again(self, task: NaiveTask) -> None:
        self._answer()
        self.version += 2
        task.attempt += 1
        task.status = "pending"
        task.unclaim()
        if self.policy["attempt_scores"] == "reset":
            task.scores = {"prompt": [], "output": []}
        else:
            task.outdated = True

    def _passes(self, task: NaiveTask) -> bool:
        confidence = self.confidence(task)
        threshold = self.policy["confidence_threshold"]
        return confidence is not None and confidence >= threshold - EPSILON

    def _judging(
        self,
        task_id: str,
        score: float,
        token: int | None,
        scale: tuple[float, float] | None = None,
    ) -> tuple[NaiveTask, float]:
        task = self._find(task_id)
        self._fence(task, token)
        if scale is not None:
            score = (score - scale[0]) / (scale[1] - scale[0])
        if 0 <= score <= 1:
            return task, score
        if self.policy["out_of_range"] == "refuse":
            raise Refused("InvalidScore")
        return task, 0.0 if score < 0 else 1.0

    def _record(self, task: NaiveTask, kind: str, score: float, judge: str) -> None:
        self.version += 1
        if task.outdated:
            task.scores, task.outdated = {"prompt": [], "output": []}, False
        task.scores[kind].append((self.version, score, judge))
        task.undefer()

    def _settle(self, task: NaiveTask, *, mark_done: bool) -> None:
        if self.score(task, "output") is None:
            if mark_done and task.status == "pending":
                task.status = "in_progress"
                task.unclaim()
                self.version += 1
            elif mark_done:
                task.lease_until = None
            return
        confidence = self.confidence(task)
        assert confidence is not None
        ends_as = task.status
        if mark_done:
            good = confidence >= self.policy["confidence_threshold"] - EPSILON
            ends_as = "done" if good else "failed"
        fires = self._fires(task.id if ends_as == "done" and mark_done else None)
        if fires:
            ends_as = "replanning"
        if ends_as != task.status:
            task.status = ends_as
            self.version += 1
        if fires:
            self.version += 1
            self.replan_count += 1
            self.replans += 1
            self.due = self.tripped = True
            task.replan_count += 1

    def _fires(self, done: str | None) -> bool:
        low = self.needs_replan()
        self.lows = self.lows + 1 if low else 0
        self.tripped &= not self.recovered()
        scored = [task for task in self.tasks if self.confidence(task) is not None]
        if len(scored) < min(self.policy["min_scored"], len(self.tasks)) and (
            self.policy["scarce_evidence"] == "wait" or self._more_can_be_scored(done)
        ):
            return False
        if self.tripped:
            return not self.policy["latch"]
        return self.lows >= self.policy["consecutive_lows"]

    def _more_can_be_scored(self, done: str | None) -> bool:
        finished = [task.id for task in self.tasks if task.status == "done"] + [done]
        return any(
            self.confidence(task) is None
            and (
                task.status == "in_progress"
                or (
                    task.status == "pending"
                    and not task.deferred
                    and all(on in finished for on in task.depends_on)
                )
            )
            for task in self.tasks
        )


def _copy(task: NaiveTask) -> NaiveTask:
    scores = {kind: [*given] for kind, given in task.scores.items()}
    return replace(task, depends_on=[*task.depends_on], scores=scores)
