"""Shares of results at which a gate is tripped: counted by work, with their intervals."""

from plangate.application.evidence.statistics import ShareCounts
from plangate.infrastructure.statistics.shares import shares

HAVING, AMONG = [1, 0, 2, 3] * 6, [2, 1, 2, 4] * 6


def test_a_share_is_the_ratio_of_its_sums_inside_its_interval() -> None:
    whole, none, few = shares(
        [
            ShareCounts(HAVING, AMONG),
            ShareCounts([0] * 24, [0] * 24),
            ShareCounts([1] * 5 + [0] * 19, [2] * 5 + [0] * 19),
        ],
        resamples=500,
        seed=3,
    )
    assert (whole.value, whole.cases, whole.plans) == (36 / 54, 54, 24)
    assert whole.low is not None
    assert whole.high is not None
    assert 0.5 < whole.low < 36 / 54 < whole.high < 0.85
    assert (none.value, none.cases) == (None, 0)
    assert few.value is None
    assert few.reason == "not enough outcomes: 10 of 20 outcomes, 5 of 10 plans"


def test_the_same_seed_gives_the_same_interval() -> None:
    first, again, other = (
        shares([ShareCounts(HAVING, AMONG)], resamples=500, seed=seed) for seed in (3, 3, 4)
    )
    assert first == again != other
