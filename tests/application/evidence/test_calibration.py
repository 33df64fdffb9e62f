"""Which outcomes are compared with which confidence; the statistics have their own tests."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from plangate.application.errors import AnalysisMissing
from plangate.application.evidence.calibration import (
    Calibration,
    Case,
    Reliability,
)
from plangate.application.evidence.estimates import Estimate, too_few
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.memory.keys import MemoryKeyStore
from plangate.infrastructure.sqlite.views import memory_view_store
from tests.support.clocks import counted_ids, registry_on, ticking
from tests.support.ledgers import some_ledger

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
EVEN = {"prompt_weight": 0.5, "output_weight": 0.5, "decay": 0.5}


class Listening:
    """Statistics that keep their input and estimate nothing."""

    resamples = 17

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.seed = -1

    def reliability(self, cases: Sequence[Case], seed: int) -> Reliability:
        self.cases, self.seed = list(cases), seed
        none = Estimate(cases=0, plans=0, reason="not enough outcomes")
        return Reliability(ranking=none, brier=none, base_brier=none, bins=(), thresholds=())


@pytest.fixture
def heard() -> Listening:
    return Listening()


@pytest.fixture
def listening(heard: Listening) -> Iterator[PlanRegistry]:
    """A registry with the plan p, whose statistics keep its input."""
    store = memory_event_store()
    with PlanRegistry(
        store,
        views=memory_view_store(),
        ledger=lambda: some_ledger(store),
        keys=MemoryKeyStore,
        clock=ticking(),
        new_id=counted_ids(),
        statistics=lambda: cast("Any", heard),
    ) as registry:
        registry.create("Move billing", TASKS, plan_id="p", policy=EVEN)
        yield registry


def cases(heard: Listening) -> list[tuple[str, float, bool]]:
    return [(case.plan_id, case.confidence, case.accepted) for case in heard.cases]


def test_an_outcome_goes_with_the_confidence_just_before_it(
    listening: PlanRegistry, heard: Listening
) -> None:
    listening.score_output("p", "a", 0.5)
    listening.score_prompt("p", "a", 1.0)
    listening.record_outcome("p", "a", "accepted", source="ci")
    listening.score_output("p", "a", 0.0)

    result = listening.evidence.calibrate()

    assert cases(heard) == [("p", 0.75, True)]
    assert (result.cases, result.plans, result.accepted, result.rejected) == (1, 1, 1, 0)
    assert (result.confidence, result.resamples, result.seed, heard.seed) == ("task", 17, 0, 0)


def test_the_rolling_confidence_of_that_moment_may_be_asked_for(
    listening: PlanRegistry, heard: Listening
) -> None:
    listening.score_output("p", "a", 0.25)
    listening.score_output("p", "b", 1.0)
    listening.record_outcome("p", "a", "rejected", source="ci")

    result = listening.evidence.calibrate(confidence="rolling", seed=5)

    assert cases(heard) == [("p", (0.25 * 0.5 + 1.0) / 1.5, False)]
    assert (result.confidence, result.seed, heard.seed) == ("rolling", 5, 5)


def test_a_later_outcome_replaces_the_earlier_one_of_its_source(
    listening: PlanRegistry, heard: Listening
) -> None:
    listening.score_output("p", "a", 0.9)
    listening.record_outcome("p", "a", "accepted", source="ci")
    listening.record_outcome("p", "a", "accepted", source="customer")
    listening.score_output("p", "a", 0.4)
    listening.record_outcome("p", "a", "rejected", source="ci")

    result = listening.evidence.calibrate("p")

    assert cases(heard) == [("p", 0.9, True), ("p", 0.4, False)]
    assert result.sources == {"ci": 1, "customer": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"op": "drop", "task_id": "a"},
        {"op": "replace", "task_id": "a", "by": {"id": "c", "title": "C"}},
        {"op": "split", "task_id": "a", "into": [{"id": i, "title": i} for i in "cd"]},
    ],
    ids=lambda change: change["op"],
)
def test_a_task_that_left_the_plan_has_the_confidence_it_left_with(
    listening: PlanRegistry, heard: Listening, change: dict[str, object]
) -> None:
    listening.score_output("p", "a", 0.6)
    listening.revise("p", "It was too wide.", [change])
    listening.record_outcome("p", "a", "rejected", source="ci")
    listening.archive("p", "It is over.")
    listening.record_outcome("p", "b", "accepted", source="ci")
    listening.delete("p")

    result = listening.evidence.calibrate()

    assert cases(heard) == [("p", 0.6, False)]
    assert result.unscored == 1
    assert (
        listening.evidence.calibrate(confidence="rolling").unscored == 2
    )  # nothing is scored any more


def test_plans_can_be_chosen(listening: PlanRegistry, heard: Listening) -> None:
    for plan_id, score in (("q", 0.5), ("r", 0.75)):
        listening.create("Other", TASKS, plan_id=plan_id)
        listening.score_output(plan_id, "a", score)
        listening.record_outcome(plan_id, "a", "accepted", source="ci")
    result: list[tuple[int, int]] = []

    everything = listening.evidence.calibrate(progress=lambda done, of: result.append((done, of)))
    assert cases(heard) == [("q", 0.5, True), ("r", 0.75, True)]
    assert (everything.plans, result[-1][0]) == (2, result[-1][1])

    assert listening.evidence.calibrate(["r"]).plans == 1
    assert cases(heard) == [("r", 0.75, True)]


def test_invalid_options_are_refused(listening: PlanRegistry) -> None:
    with pytest.raises(InvalidInput, match="confidence: must be one of 'task' or 'rolling'"):
        listening.evidence.calibrate(confidence="mean")
    with pytest.raises(InvalidInput, match="seed: must be at least 0"):
        listening.evidence.calibrate(seed=-1)
    with pytest.raises(InvalidInput, match="seed: must be a whole number"):
        listening.evidence.calibrate(seed=True)
    with pytest.raises(PlanNotFound):
        listening.evidence.calibrate("nowhere")


def test_a_registry_without_statistics_refuses() -> None:
    with (
        registry_on(memory_event_store()) as registry,
        pytest.raises(AnalysisMissing, match="without statistics"),
    ):
        registry.evidence.calibrate()


def test_a_plan_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    database = tmp_path / "plans.db"
    with connect(database) as registry:
        for plan_id in ("p", "q"):
            registry.create("Move billing", TASKS, plan_id=plan_id)
            registry.score_output(plan_id, "a", 0.9)
            registry.record_outcome(plan_id, "a", "accepted", source="ci")
            registry.pause(plan_id, "lunch")
    with closing(sqlite3.connect(database)) as file:
        file.execute(
            "UPDATE stored_events SET state = '{' "
            "WHERE originator_id = 'p' AND originator_version = 5"
        )
        file.commit()
    with connect(database) as registry:
        result = registry.evidence.calibrate()

    assert (result.cases, result.plans) == (1, 1)
    assert [(one.plan_id, one.version) for one in result.unreadable] == [("p", 5)]
    assert result.brier.reason == (
        "not enough outcomes: 1 of 20 outcomes, 1 of 10 plans, 0 of 10 of each sort"
    )
    assert Calibration.model_validate_json(result.model_dump_json()) == result


@pytest.mark.parametrize(
    "cases, plans, fewer, said",
    [
        (20, 10, 10, None),
        (19, 10, 10, "19 of 20 outcomes"),
        (20, 9, 10, "9 of 10 plans"),
        (20, 10, 9, "9 of 10 of each sort"),
    ],
)
def test_how_much_is_enough(cases: int, plans: int, fewer: int, said: str | None) -> None:
    assert too_few(cases, plans, fewer) == (said and f"not enough outcomes: {said}")


def test_a_calibration_says_what_it_rests_on_and_how_well_confidence_ranks(
    listening: PlanRegistry,
) -> None:
    none = listening.evidence.calibrate()
    assert none.sentence == (
        "0 outcomes of 0 plans, 0 of them rejected; task confidence. Not enough outcomes."
    )
    ranking = Estimate(value=0.714, low=0.6, high=0.8, cases=1_200, plans=40)
    found = none.model_copy(
        update={"ranking": ranking, "cases": 1_200, "plans": 40, "rejected": 90}
    )
    assert found.sentence == (
        "1,200 outcomes of 40 plans, 90 of them rejected; task confidence. A rejected task had "
        "the lower confidence in 71 % [60, 80] of pairs with an accepted one (chance: 50 %)."
    )
