"""Ways past the gate by the work: done without a judgement, dropped, out of order."""

from tests.support.gaming.player import CHAIN, HIGH, LOW, Gaming, K, N, W, plant

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
