"""Ways past the gate by the judging: scores asked for again, retracted, or one's own."""

from typing import Any

from tests.support.gaming.player import HIGH, LOW, OTHER, Gaming, K, N, W, plant

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
