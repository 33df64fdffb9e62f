"""Ways past the gate by the policy: a gate that cannot fire, or a weaker one later."""

from tests.support.gaming.player import CHAIN, FIVE, HIGH, LOW, Gaming, K, N, W, plant

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
