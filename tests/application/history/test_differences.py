"""Two tellings of one command, held side by side event by event."""

from collections.abc import Sequence

import pytest

from plangate.application.history.differences import Pair, differences, differing
from plangate.domain.events import PlanEvent
from tests.support import examples as say
from tests.support.examples import FAILED, A, B, planned

SCORED, MOVED, REPLAN = say.scored(A), say.moved(A, new=say.REPLANNING), say.replan(A)


@pytest.mark.parametrize(
    "recorded, decided, expected",
    [
        ([], [], []),
        ([SCORED, MOVED, REPLAN], [SCORED, MOVED, REPLAN], []),
        ([SCORED, MOVED, REPLAN], [SCORED, REPLAN], [(MOVED, None)]),
        ([SCORED, REPLAN], [SCORED, MOVED, REPLAN], [(None, MOVED)]),
        ([SCORED, MOVED], [SCORED, MOVED, REPLAN], [(None, REPLAN)]),
        (
            [SCORED, MOVED, REPLAN],
            [SCORED, say.moved(A, new=FAILED)],
            [(MOVED, say.moved(A, new=FAILED)), (REPLAN, None)],
        ),
        ([say.moved(B)], [say.moved(A)], [(say.moved(B), say.moved(A))]),
        ([SCORED, SCORED], [SCORED, REPLAN], [(SCORED, REPLAN)]),
    ],
)
def test_one_event_too_many_or_too_few_is_one_difference(
    recorded: Sequence[PlanEvent], decided: Sequence[PlanEvent], expected: list[Pair]
) -> None:
    assert list(differences(recorded, decided)) == expected


@pytest.mark.parametrize(
    "recorded, decided, fields",
    [
        (say.replan(A, 0.5), say.replan(A, 0.5 + 1e-12), ()),
        (say.replan(A, 0.5), say.replan(A, 0.5 + 3e-12), ("rolling_confidence",)),
        (say.replan(A, 0.5, 0.7), say.replan(B, 0.5, 0.8), ("task_id", "threshold")),
        (say.moved(A, reason=None), say.moved(A, reason="words"), ()),
        (say.moved(A, reason="these"), say.moved(A, reason="others"), ("reason",)),
        (say.changed(A), say.changed(A, description=""), ()),
        (say.added(planned(A)), say.added(planned(B)), ("task",)),
    ],
)
def test_figures_differ_beyond_the_tolerance_and_erased_words_from_nothing(
    recorded: PlanEvent, decided: PlanEvent, fields: tuple[str, ...]
) -> None:
    assert differing(recorded, decided) == fields
