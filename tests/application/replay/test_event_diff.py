"""Two tellings of one command, held side by side event by event."""

from collections.abc import Sequence

import pytest

from plangate.application.replay.event_diff import differences, differing
from plangate.domain.events import PlanEvent
from tests.support import examples as say
from tests.support.examples import FAILED, A, B, planned

SCORED, MOVED, REPLAN = say.scored(A), say.moved(A, new=say.REPLANNING), say.replan(A)


@pytest.mark.parametrize(
    "recorded, decided, expected",
    [
        ([], [], []),
        ([SCORED, MOVED, REPLAN], [SCORED, MOVED, REPLAN], []),
        ([SCORED, MOVED, REPLAN], [SCORED, REPLAN], [(1, MOVED, None)]),
        ([SCORED, REPLAN], [SCORED, MOVED, REPLAN], [(0, None, MOVED)]),
        ([SCORED, MOVED], [SCORED, MOVED, REPLAN], [(1, None, REPLAN)]),
        ([SCORED], [SCORED, MOVED, REPLAN], [(0, None, MOVED), (0, None, REPLAN)]),
        ([SCORED], [], [(0, SCORED, None)]),
        ([MOVED, SCORED], [REPLAN, MOVED, SCORED], [(0, None, REPLAN)]),
        (
            [SCORED, MOVED, REPLAN],
            [SCORED, say.moved(A, new=FAILED)],
            [(1, MOVED, say.moved(A, new=FAILED)), (2, REPLAN, None)],
        ),
        ([say.moved(B)], [say.moved(A)], [(0, say.moved(B), say.moved(A))]),
        ([SCORED, SCORED], [SCORED, REPLAN], [(1, SCORED, REPLAN)]),
    ],
)
def test_one_event_too_many_or_too_few_is_one_difference(
    recorded: Sequence[PlanEvent],
    decided: Sequence[PlanEvent],
    expected: list[tuple[int, PlanEvent | None, PlanEvent | None]],
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
def test_numbers_differ_beyond_the_tolerance_and_erased_text_never(
    recorded: PlanEvent, decided: PlanEvent, fields: tuple[str, ...]
) -> None:
    assert differing(recorded, decided) == fields
