"""Every answer about another policy says what it assumes, and how much rests on that."""

import pytest

from plangate.application.registry import PlanRegistry
from plangate.application.rerun.assumptions import (
    ASSUMED,
    ASSUMPTIONS,
    rests_on_them,
    states_assumptions,
)


def test_the_assumptions_have_ids_that_stay(registry: PlanRegistry, plan_id: str) -> None:
    assert [one.id for one in ASSUMPTIONS] == ["same_scores", "same_claims", "no_reaction"]
    assert registry.replay.what_if(plan_id, policy="steady").assumptions == ASSUMPTIONS
    assert registry.replay.sweep({"decay": [1.0]}).assumptions == ASSUMPTIONS


@pytest.mark.parametrize(
    "assumed, commands, said",
    [
        (0, 7, "No command comes after a difference, so nothing rests on this."),
        (1, 3, "1 of 3 commands (33%) come after the first difference of their plan: what is"),
        (1_500, 2_000, "1,500 of 2,000 commands (75%) come after"),
    ],
)
def test_how_much_rests_on_them_is_said(assumed: int, commands: int, said: str) -> None:
    assert rests_on_them(assumed, commands).startswith(said)


def test_they_stand_in_help_before_the_example() -> None:
    @states_assumptions
    def question() -> None:
        """Ask.

        Example: ask
        """

    assert question.__doc__ == f"Ask.\n\n{ASSUMED}\n\nExample: ask"


def test_commands_after_the_first_difference_are_counted_by_plan_and_in_all(
    registry: PlanRegistry, plan_id: str
) -> None:
    registry.score_output(plan_id, "a", 0.9)
    registry.score_output(plan_id, "b", 0.6)  # passes at 0.5: the first difference
    registry.score_output(plan_id, "c", 0.9)
    registry.create("g", [{"title": "T"}], plan_id="same")

    answer = registry.replay.what_if(policy={"confidence_threshold": 0.5})

    assert [(plan.plan_id, plan.commands, plan.assumed) for plan in answer.plans] == [
        ("billing", 4, 1),
        ("same", 1, 0),
    ]
    assert (answer.recorded.commands, answer.recorded.assumed) == (5, 0)
    assert (answer.replayed.commands, answer.replayed.assumed) == (5, 1)
    (point,) = registry.replay.sweep({"confidence_threshold": [0.5]}).points
    assert point.totals == answer.replayed
