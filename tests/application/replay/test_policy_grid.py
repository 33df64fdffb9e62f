"""Grids of policies: which candidates there are, drawn or all, and which are one step apart."""

import pytest

from plangate.application.replay.policy_grid import (
    MAX_POLICIES,
    TO_CHOOSE_FROM,
    Grid,
    candidates_of,
    combinations,
)
from plangate.domain.errors import InvalidInput
from plangate.domain.policy import Policy


def test_candidates_are_whole_policies_on_top_of_the_base() -> None:
    found = candidates_of({"decay": [0.5, 1], "min_scored": [2]}, {"preset": "steady"}, None, 0)

    assert [candidate.changes for candidate in found.policies] == [
        {"decay": 0.5, "min_scored": 2},
        {"decay": 1, "min_scored": 2},
    ]
    assert [candidate.policy.decay for candidate in found.policies] == [0.5, 1.0]
    assert {candidate.policy.confidence_threshold for candidate in found.policies} == {0.5}
    on_own = candidates_of({"decay": [0.5]}, {"latch": True}, None, 0).policies[0]
    assert on_own.policy == Policy(decay=0.5, latch=True)


def test_neighbours_differ_by_one_step_of_one_number() -> None:
    grid: Grid = {"decay": [0.5, 0.7, 0.9], "order": ["plan", "scored"], "min_scored": [1, 5]}

    found = candidates_of(grid, {}, None, 0).policies

    steps = [
        (grid["decay"].index(c.changes["decay"]), c.changes["order"], c.changes["min_scored"] > 1)
        for c in found
    ]
    assert len(found) == 12
    for one, candidate in enumerate(found):
        near = {
            other
            for other in range(12)
            if steps[one][1] == steps[other][1]
            and abs(steps[one][0] - steps[other][0]) + (steps[one][2] != steps[other][2]) == 1
        }
        assert set(candidate.neighbours) == near


def test_a_switch_is_not_a_number() -> None:
    assert [
        c.neighbours for c in candidates_of({"latch": [False, True]}, {}, None, 0).policies
    ] == [
        (),
        (),
    ]


def test_combinations_that_are_not_valid_are_left_out() -> None:
    grid = {"confidence_threshold": [0.5, 0.7], "exit_threshold": [0.6]}

    found = candidates_of(grid, {}, None, 0)

    assert [c.changes["confidence_threshold"] for c in found.policies] == [0.5]
    assert found.policies[0].neighbours == ()
    assert found.unfit == 1
    with pytest.raises(InvalidInput, match="exit_threshold"):
        candidates_of({"confidence_threshold": [0.7], "exit_threshold": [0.6]}, {}, None, 0)


def test_some_are_drawn_by_the_seed() -> None:
    grid = {"min_scored": list(range(1, 1_001)), "consecutive_lows": list(range(1, 1_001))}

    drawn = [
        [tuple(c.changes.values()) for c in candidates_of(grid, {}, 20, seed).policies]
        for seed in (0, 0, 1)
    ]

    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 20
    assert drawn[0] == sorted(drawn[0])


@pytest.mark.parametrize("tries", [3, 4, MAX_POLICIES])
def test_no_more_are_drawn_than_there_are(tries: int) -> None:
    found = candidates_of({"decay": [0.5, 0.7, 0.9]}, {}, tries, 0)
    assert [c.changes["decay"] for c in found.policies] == [0.5, 0.7, 0.9]


def test_a_large_grid_wants_a_number_of_tries() -> None:
    grid = {"min_scored": list(range(1, 1_002))}
    with pytest.raises(InvalidInput, match="1,001 policies; give `tries`"):
        candidates_of(grid, {}, None, 0)
    with pytest.raises(InvalidInput, match="at most 1,000 are tried at once"):
        combinations(grid)
    assert len(candidates_of(grid, {}, 1_000, 0).policies) == 1_000
    with pytest.raises(InvalidInput, match="can be drawn from"):
        candidates_of(dict.fromkeys(("decay", *"abcdef"), range(1_000)), {}, 9, 0)


def test_the_grid_that_is_not_given_is_all_policies() -> None:
    found = candidates_of(TO_CHOOSE_FROM, "steady", None, 0)
    assert (len(found.policies), found.unfit) == (198, 0)
    assert {c.policy.latch for c in found.policies} == {True}
    assert all(
        c.policy.exit_threshold == pytest.approx(c.changes["confidence_threshold"] + 0.05)
        for c in found.policies
    )
