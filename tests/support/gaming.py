"""Ways to get work past the gate, each played on a registry, and the finding that names it.

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


# --- done without judgement ---


@plant("all tasks marked done", K.DONE_UNJUDGED, W)
def _(game: Gaming) -> None:
    game.plan()
    for task in "abcde":
        game.mark(task, "done")


@plant("marked done, and what waits for it is taken", K.DONE_UNJUDGED, W)
def _(game: Gaming) -> None:
    game.plan(CHAIN)
    game.mark("a", "done")
    game.claim("b")


@plant("marked done, and what waits for it is scored", K.DONE_UNJUDGED, W)
def _(game: Gaming) -> None:
    game.plan(CHAIN)
    game.mark("a", "done")
    game.score("b", HIGH)


@plant("one task marked done", K.DONE_UNJUDGED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.mark("a", "done")


@plant("marked done after its instruction was scored", K.DONE_UNJUDGED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.prompt("a", HIGH)
    game.mark("a", "done")


@plant("accepted without a score", K.DONE_UNJUDGED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.mark("a", "failed")
    game.registry.approve("five", "It will do.", accept=["a"])


@plant("another attempt marked done", K.DONE_UNJUDGED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.retry("a")
    game.mark("a", "done")


@plant("taken again and marked done", K.DONE_UNJUDGED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.retry("a")
    game.claim("a")
    game.mark("a", "done")


@plant("done by a score that was retracted", K.DONE_UNJUDGED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.retract(game.score("a", HIGH))


# --- done although it failed ---


@plant("marked done after a low score", K.DONE_BY_HAND, W)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.mark("a", "done")


@plant("marked done after a low score that settled nothing", K.DONE_BY_HAND, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW, mark_done=False)
    game.mark("a", "done", "I looked at it.")


@plant("accepted after a low score", K.DONE_BY_HAND, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.registry.approve("five", "It will do.", accept=["a"])


@plant("marked done first, scored low later", K.DONE_BY_HAND, N, "steady")
def _(game: Gaming) -> None:
    game.plan()
    game.mark("a", "done")
    game.score("a", LOW, mark_done=False)


# --- a low score dropped, replaced, split or moved ---


def _low_and_high(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.score("b", 0.75)


@plant("the low task dropped", K.LOW_SCORE_REMOVED, W)
def _(game: Gaming) -> None:
    _low_and_high(game)
    game.revise({"op": "drop", "task_id": "a"})


@plant("the only scored task dropped", K.LOW_SCORE_REMOVED, W)
def _(game: Gaming) -> None:
    game.plan()
    game.score("c", LOW)
    game.revise({"op": "drop", "task_id": "c"})


@plant("the low task replaced", K.LOW_SCORE_REMOVED, N)
def _(game: Gaming) -> None:
    _low_and_high(game)
    game.revise({"op": "replace", "task_id": "a", "by": {"id": "a2", "title": "Easier"}})


@plant("the low task split", K.LOW_SCORE_REMOVED, N)
def _(game: Gaming) -> None:
    _low_and_high(game)
    parts = [{"id": "a1", "title": "One half"}, {"id": "a2", "title": "The other"}]
    game.revise({"op": "split", "task_id": "a", "into": parts})


@plant("the low task moved to where it weighs less", K.LOW_SCORE_REMOVED, W, "classic")
def _(game: Gaming) -> None:
    game.plan()
    for task in "abc":
        game.score(task, HIGH)
    game.score("e", LOW)
    game.revise({"op": "move", "task_id": "e", "before": "a"})


@plant("a good task moved to where it weighs more", K.LOW_SCORE_REMOVED, W, "classic")
def _(game: Gaming) -> None:
    game.plan()
    for task in "abc":
        game.score(task, HIGH)
    game.score("e", LOW)
    game.revise({"op": "move", "task_id": "a", "after": "e"})


@plant("the low tasks dropped one by one", K.LOW_SCORE_REMOVED, W)
def _(game: Gaming) -> None:
    game.plan()
    for task, score in {"a": LOW, "b": LOW, "c": LOW, "d": 0.75}.items():
        game.score(task, score)
    for task in "abc":
        game.revise({"op": "drop", "task_id": task})


@plant("a task dropped because its instruction was scored low", K.LOW_SCORE_REMOVED, W)
def _(game: Gaming) -> None:
    game.plan()
    game.prompt("a", LOW)
    game.revise({"op": "drop", "task_id": "a"})


@plant("a failed task dropped while the gate is open", K.LOW_SCORE_REMOVED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    for task in "bcde":
        game.score(task, 1.0)
    game.revise({"op": "drop", "task_id": "a"})


# --- outside the range ---


@plant("scores from 1 to 5", K.OUT_OF_RANGE, W)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", 2)
    game.score("b", 3)


@plant("scores from 0 to 100 of instructions", K.OUT_OF_RANGE, W)
def _(game: Gaming) -> None:
    game.plan()
    game.prompt("a", 40)


@plant("a score above the scale that was stated", K.OUT_OF_RANGE, W)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", 7, scale=(1, 5))


@plant("both scores of an update", K.OUT_OF_RANGE, W)
def _(game: Gaming) -> None:
    game.plan()
    game.registry.update("five", "a", prompt_score=3, output_score=4, rationale="It was read.")


@plant("a score below the range", K.OUT_OF_RANGE, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", -1)


# --- a judge that fails often ---


def _failures(game: Gaming, tasks: str, **options: Any) -> None:
    for task in tasks:
        game.registry.record_scoring_failure("five", task, "output", "out of quota", **options)


@plant("the judge fails on three of four", K.SCORER_FAILS, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", 1.0, scorer=None)
    _failures(game, "bcd")


@plant("one of two judges fails each time", K.SCORER_FAILS, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", HIGH)
    _failures(game, "bc", scorer=OTHER)


@plant("a judge fails on one task until it passes", K.SCORER_FAILS, N)
def _(game: Gaming) -> None:
    game.plan()
    _failures(game, "aaaa", scorer={"kind": "model", "name": "Judge"})
    game.score("a", HIGH)


# --- a gate that cannot fire ---


@plant("a threshold of 0", K.GATE_CANNOT_FIRE, W)
def _(game: Gaming) -> None:
    game.plan(confidence_threshold=0.0)


@plant("a threshold of 0.01", K.GATE_CANNOT_FIRE, N)
def _(game: Gaming) -> None:
    game.plan(confidence_threshold=0.01)


@plant("more lows in a row than tasks", K.GATE_CANNOT_FIRE, N)
def _(game: Gaming) -> None:
    game.plan(consecutive_lows=50)


@plant("results that count for nothing", K.GATE_CANNOT_FIRE, N)
def _(game: Gaming) -> None:
    game.plan(prompt_weight=1.0, output_weight=0.0)


@plant("more scored tasks than tasks", K.GATE_CANNOT_FIRE, N)
def _(game: Gaming) -> None:
    game.plan(min_scored=100, scarce_evidence="wait")


@plant("a chain that waits for evidence", K.GATE_CANNOT_FIRE, N)
def _(game: Gaming) -> None:
    game.plan(CHAIN, min_scored=4, scarce_evidence="wait")


@plant("revised into a chain that waits for evidence", K.GATE_CANNOT_FIRE, N)
def _(game: Gaming) -> None:
    game.plan(min_scored=3, scarce_evidence="wait")
    game.revise(*({"op": "change", "task_id": t, "depends_on": ["a"]} for t in "bcde"))


# --- out of order ---


@plant("scored before what it waits for", K.OUT_OF_ORDER, N)
def _(game: Gaming) -> None:
    game.plan(CHAIN)
    game.score("c", HIGH)


@plant("marked done before what it waits for", K.OUT_OF_ORDER, N)
def _(game: Gaming) -> None:
    game.plan(CHAIN)
    game.mark("c", "done", "It is there.")


@plant("updated before what it waits for", K.OUT_OF_ORDER, N)
def _(game: Gaming) -> None:
    game.plan(CHAIN)
    game.registry.update("five", "d", prompt_score=HIGH, output_score=HIGH, rationale="Read.")


@plant("what waits for a failed task waits no longer", K.OUT_OF_ORDER, N)
def _(game: Gaming) -> None:
    game.plan(CHAIN)
    game.score("a", LOW)
    game.revise({"op": "change", "task_id": "b", "depends_on": []})


# --- over and over ---


@plant("retried over and over", K.REPLANNED_REPEATEDLY, N)
def _(game: Gaming) -> None:
    game.plan()
    for _ in range(3):
        game.score("a", LOW)
        game.retry("a")
        game.claim("a")


@plant("changed over and over", K.REPLANNED_REPEATEDLY, N)
def _(game: Gaming) -> None:
    game.plan()
    for text in "xyz":
        game.score("a", LOW)
        game.revise({"op": "change", "task_id": "a", "description": text})


@plant("made pending over and over", K.REPLANNED_REPEATEDLY, N)
def _(game: Gaming) -> None:
    game.plan()
    for _ in range(3):
        game.score("a", LOW)
        game.mark("a", "pending")


@plant("replaced over and over", K.REPLANNED_REPEATEDLY, N)
def _(game: Gaming) -> None:
    game.plan()
    for task, new in (("a", "a1"), ("a1", "a2"), ("a2", "a3")):
        game.score(task, LOW)
        game.revise({"op": "replace", "task_id": task, "by": {"id": new, "title": f"Try {new}"}})


@plant("approved over and over", K.REPLANNED_REPEATEDLY, N, "classic")
def _(game: Gaming) -> None:
    game.plan()
    for _ in range(3):
        game.score("a", LOW)
        game.registry.approve("five", "Never mind.")


# --- the same work under a weaker policy ---


@plant("a lower threshold", K.THRESHOLD_LOWERED, W)
def _(game: Gaming) -> None:
    game.fail(confidence_threshold=0.9, exit_threshold=0.9)
    game.plan(confidence_threshold=0.6, exit_threshold=0.6)
    game.score("a", 0.7)


@plant("a lower threshold that was not needed", K.THRESHOLD_LOWERED, N)
def _(game: Gaming) -> None:
    game.fail(confidence_threshold=0.9, exit_threshold=0.9)
    game.plan(confidence_threshold=0.6, exit_threshold=0.6)
    game.score("a", HIGH)


@plant("more evidence asked for", K.GATE_WEAKENED, W)
def _(game: Gaming) -> None:
    game.fail(min_scored=1, consecutive_lows=1)
    game.plan(min_scored=5, consecutive_lows=1, scarce_evidence="wait")
    game.score("a", LOW)


@plant("more lows in a row asked for", K.GATE_WEAKENED, W)
def _(game: Gaming) -> None:
    game.fail(min_scored=1, consecutive_lows=1)
    game.plan(min_scored=1, consecutive_lows=3)
    game.score("a", LOW)
    game.claim("b")


@plant("advice instead of a hold", K.GATE_WEAKENED, W)
def _(game: Gaming) -> None:
    game.fail(gate="hold", min_scored=1, consecutive_lows=1)
    game.plan(gate="advise", min_scored=1, consecutive_lows=1)
    game.score("a", LOW)
    game.claim("b")


@plant("any number of replans", K.GATE_WEAKENED, W)
def _(game: Gaming) -> None:
    game.fail(max_replans=0, min_scored=1, consecutive_lows=1)
    game.plan(max_replans=9, min_scored=1, consecutive_lows=1)
    game.score("a", LOW)
    game.claim("b")


@plant("an output that weighs less", K.GATE_WEAKENED, W)
def _(game: Gaming) -> None:
    game.fail()
    game.plan(prompt_weight=0.9, output_weight=0.1)
    game.prompt("a", 1.0)
    game.score("a", LOW)


@plant("earlier lows that weigh less", K.GATE_WEAKENED, W)
def _(game: Gaming) -> None:
    game.fail(decay=1.0, min_scored=1, consecutive_lows=1)
    game.plan(decay=0.1, min_scored=1, consecutive_lows=1)
    game.prompt("a", LOW)
    game.score("b", 0.8)


@plant("scores that are clamped instead of refused", K.GATE_WEAKENED, N)
def _(game: Gaming) -> None:
    game.fail(out_of_range="refuse")
    game.plan(out_of_range="clamp")


@plant("attempts that begin without their low scores", K.GATE_WEAKENED, N)
def _(game: Gaming) -> None:
    game.fail(attempt_scores="keep")
    game.plan(attempt_scores="reset")


@plant("one replan a trip", K.GATE_WEAKENED, N)
def _(game: Gaming) -> None:
    game.fail(latch=False)
    game.plan(latch=True)


# --- scored by the worker ---


@plant("under the worker's name", K.OWN_WORK, W)
def _(game: Gaming) -> None:
    game.plan()
    game.claim("a", "agent-7")
    game.score("a", HIGH, scorer={"kind": "model", "name": "agent-7"})


@plant("in other capitals and punctuation", K.OWN_WORK, W)
def _(game: Gaming) -> None:
    game.plan()
    game.claim("a", "agent-7")
    game.score("a", HIGH, scorer={"kind": "model", "name": " Agent_7."})


@plant("the instruction, with a space in the name", K.OWN_WORK, W)
def _(game: Gaming) -> None:
    game.plan()
    game.claim("a", "agent-7")
    game.prompt("a", HIGH, scorer={"kind": "model", "name": "agent 7"})


@plant("after giving the task back", K.OWN_WORK, W)
def _(game: Gaming) -> None:
    game.plan()
    game.claim("a", "agent-7")
    game.registry.release("five", "a")
    game.score("a", HIGH, scorer={"kind": "model", "name": "AGENT-7"})


@plant("after a replacement", K.OWN_WORK, W)
def _(game: Gaming) -> None:
    game.plan()
    game.claim("a", "agent-7")
    game.revise({"op": "replace", "task_id": "a", "by": {"id": "a2", "title": "Easier"}})
    game.score("a2", HIGH, scorer={"kind": "model", "name": "agent-7"})


@plant("by the actor who is the worker", K.OWN_WORK, N)
def _(game: Gaming) -> None:
    game.plan()
    game.claim("a", "agent-7")
    game.score("a", HIGH, scorer=None, actor="Agent 7")


@plant("by a worker of the plan, on a task that was not taken", K.OWN_WORK, N)
def _(game: Gaming) -> None:
    game.plan()
    game.claim("a", "agent-7")
    game.score("b", HIGH, scorer={"kind": "model", "name": "agent7"})


# --- asked again until it passes ---


@plant("scored again", K.RESCORED_UNTIL_PASSED, W)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.score("a", HIGH)


@plant("scored again by a judge in other capitals", K.RESCORED_UNTIL_PASSED, W)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.score("a", HIGH, scorer={"kind": "model", "name": "Judge"})


@plant("scored again by another scorer", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.score("a", HIGH, scorer=OTHER)


@plant("scored without settling until it passes", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW, mark_done=False)
    game.score("a", LOW, mark_done=False)
    game.score("a", HIGH)


@plant("retried and scored at once", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.retry("a")
    game.score("a", HIGH)


@plant("made pending and scored at once", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.mark("a", "pending")
    game.score("a", HIGH, scorer=OTHER)


@plant("given back and scored at once", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.claim("a")
    game.score("a", LOW, mark_done=False)
    game.registry.release("five", "a")
    game.score("a", HIGH)


@plant("replaced and scored at once", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.revise({"op": "replace", "task_id": "a", "by": {"id": "a2", "title": "The same"}})
    game.score("a2", HIGH)


@plant("dropped, added and scored at once", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.revise({"op": "drop", "task_id": "a"})
    game.revise({"op": "add", "task": {"id": "z", "title": "step A!"}})
    game.score("z", HIGH)


@plant("changed and updated at once", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", LOW)
    game.revise({"op": "change", "task_id": "a", "description": "Now it is clear."})
    game.registry.update("five", "a", prompt_score=1.0, output_score=HIGH, rationale="Read.")


@plant("the instruction scored until the output passes", K.RESCORED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan(confidence_threshold=0.72)
    game.prompt("a", LOW)
    game.score("a", 0.7)
    game.prompt("a", 1.0)


# --- lows retracted ---


@plant("each low retracted", K.LOW_RETRACTED, W)
def _(game: Gaming) -> None:
    game.plan()
    for _ in range(2):
        game.retract(game.score("a", LOW))
    game.score("a", HIGH)


@plant("the lows of several tasks retracted", K.LOW_RETRACTED, W)
def _(game: Gaming) -> None:
    game.plan()
    for task in "ab":
        game.retract(game.score(task, LOW))
        game.score(task, HIGH)


@plant("one low retracted", K.LOW_RETRACTED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.retract(game.score("a", LOW))
    game.score("a", HIGH)


@plant("a second opinion retracted", K.LOW_RETRACTED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.score("a", HIGH)
    game.retract(game.score("a", LOW))


@plant("a low of an instruction retracted", K.LOW_RETRACTED, N)
def _(game: Gaming) -> None:
    game.plan()
    game.retract(game.prompt("a", LOW))


# --- planned again until it passes ---


def _pass(game: Gaming) -> None:
    for task in "abcde":
        game.score(task, HIGH)


@plant("the same work planned again", K.PLANNED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.fail()
    game.plan()
    _pass(game)


@plant("after the work was marked failed", K.PLANNED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.plan(FIVE, "first")
    game.registry.mark_task("first", "a", "failed")
    game.plan()
    _pass(game)


@plant("in other words that mean nothing", K.PLANNED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.fail(goal="five STEPS!")
    game.plan([task | {"title": f"{task['title'].upper()}."} for task in reversed(FIVE)])
    _pass(game)


@plant("after deleting the plan that failed", K.PLANNED_UNTIL_PASSED, N)
def _(game: Gaming) -> None:
    game.fail("first")
    game.registry.delete("first")
    game.fail("second")
    game.plan()
    game.score("a", HIGH)
