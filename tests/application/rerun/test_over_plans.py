"""However plans are shared out, the result is the same, in the same order."""

import pickle
import random
from collections.abc import Callable, Generator, Iterable
from math import ceil

import pytest

from plangate.application.event_store import EventStore
from plangate.application.plan_log import every_plan
from plangate.application.progress import no_progress
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.replay import check
from plangate.application.replay.queries import ReplayQueries
from plangate.application.rerun import over_plans
from plangate.application.rerun.over_plans import PlanSlice, Work, add_plans
from plangate.application.results import Result
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.examples import HAS_PAUSED, MORNING
from tests.support.model.random_work import RandomWork
from tests.support.plan_works import Failing, PlansSeen, Refusal
from tests.support.stores import plant

QUESTIONS: dict[str, Callable[[ReplayQueries], Result]] = {
    "what_if": lambda replay: replay.what_if(policy="steady"),
    "what_if for some": lambda replay: replay.what_if(policy={"exit_threshold": 0.7}),
    "what_if with a ladder": lambda replay: replay.what_if(policy="steady", ladder=True),
    "sweep": lambda replay: replay.sweep({"decay": [0.5, 0.9], "exit_threshold": [0.7, 1.0]}),
    "check": lambda replay: replay.check(),
}


class Sharing:
    """What processes do, in this one: everything they would exchange is pickled."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.slices: list[PlanSlice] = []

    def __call__(
        self, work: Work, slices: Iterable[PlanSlice]
    ) -> Generator[tuple[PlanSlice, Work | None], None, None]:
        begun = pickle.dumps(work)
        for plans in slices:
            self.slices.append(plans)
            part: Work = pickle.loads(begun)  # noqa: S301
            try:
                for plan_id in plans.plan_ids:
                    part.add(self._store, plan_id)
            except Refusal:
                yield plans, None
            else:
                yield plans, pickle.loads(pickle.dumps(part))  # noqa: S301


@pytest.fixture(autouse=True)
def _share_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_plans, "SHARED_FROM", 0)
    monkeypatch.setattr(over_plans, "_PLANS_AT_ONCE", 3)


@pytest.fixture
def store() -> EventStore:
    """Plans of random work: one misses an event, one has an event that the rules do not give."""
    store = memory_event_store()
    RandomWork(registry_on(store), random.Random(3)).go_on(200)
    for plan_id, beyond in (("p4", 2), ("p6", 1)):
        version = store.read(plan_id)[-1].envelope.version + beyond
        envelope = Envelope(plan_id=plan_id, version=version, recorded_at=MORNING)
        plant(store, [RecordedEvent(HAS_PAUSED, envelope)])
    return store


def ids(store: EventStore) -> list[str]:
    return [plan_id for _, plan_id in every_plan(store)]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_parts_add_up_to_the_whole(
    store: EventStore, question: Callable[[ReplayQueries], Result]
) -> None:
    sharing = Sharing(store)

    shared = question(ReplayQueries(store, sharing))

    assert shared.model_dump_json() == question(ReplayQueries(store)).model_dump_json()
    assert len(sharing.slices) > 3


def test_mismatches_are_listed_up_to_the_bound_and_all_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = memory_event_store()
    plant(
        store,
        [
            RecordedEvent(
                HAS_PAUSED, Envelope(plan_id=f"p{number}", version=2, recorded_at=MORNING)
            )
            for number in range(8)
        ],
    )
    monkeypatch.setattr(check, "MAX_LISTED", 4)
    parts = [check.Check() for _ in range(4)]
    for number in range(8):
        parts[number // 2].add(store, f"p{number}")
    for part in parts[1:]:
        parts[0].extend(part)

    report = parts[0].report()

    assert (report.plans, report.mismatch_count) == (8, 8)
    assert [wrong.event_id for wrong in report.mismatches] == [f"p{n}@1" for n in range(4)]


def test_what_a_plan_raises_elsewhere_is_raised_here(store: EventStore) -> None:
    seen = Failing(at="p5")

    with pytest.raises(Refusal) as raised:
        add_plans(seen, store, Sharing(store), None, no_progress)

    assert raised.value.code == 7
    assert seen.plan_ids == ids(store)[: ids(store).index("p5")]


def test_progress_grows_up_to_the_end(store: EventStore) -> None:
    reports: list[tuple[int, int]] = []

    add_plans(PlansSeen(), store, Sharing(store), None, lambda *report: reports.append(report))

    last = store.last_position()
    assert reports == sorted(reports)
    assert reports[-1] == (last, last)
    assert len(reports) == ceil(len(ids(store)) / 3) + 1


def test_progress_must_be_a_function(store: EventStore) -> None:
    with pytest.raises(InvalidInput, match="progress"):
        add_plans(PlansSeen(), store, Sharing(store), None, 3)  # type: ignore[arg-type]


def test_few_plans_go_at_once_where_they_are_large_or_decided_often(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharing = Sharing(store)
    monkeypatch.setattr(over_plans, "_EVENTS_AT_ONCE", 1)
    ReplayQueries(store, sharing).check()
    assert {len(plans.plan_ids) for plans in sharing.slices} == {1}

    sharing.slices.clear()
    monkeypatch.setattr(over_plans, "_EVENTS_AT_ONCE", 10_000)
    ReplayQueries(store, sharing).sweep({"decay": [0.1, 0.2, 0.3]})
    assert {len(plans.plan_ids) for plans in sharing.slices} == {1}


def test_named_plans_and_small_logs_are_not_shared_out(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharing = Sharing(store)
    assert ReplayQueries(store, sharing).check(["p1", "p2"]).plans == 2
    monkeypatch.setattr(over_plans, "SHARED_FROM", store.last_position() + 1)
    assert ReplayQueries(store, sharing).check().plans == len(ids(store))
    assert sharing.slices == []

    ReplayQueries(store, sharing).sweep({"decay": [0.1, 0.2]})
    assert sharing.slices


def test_an_empty_log_has_nothing_to_share_out() -> None:
    store = memory_event_store()
    assert ReplayQueries(store, Sharing(store)).check().plans == 0


def test_what_no_process_answers_is_done_here(store: EventStore) -> None:
    def silent(
        work: Work,  # noqa: ARG001
        slices: Iterable[PlanSlice],
    ) -> Generator[tuple[PlanSlice, Work | None], None, None]:
        yield from ((plans, None) for plans in slices)

    assert ReplayQueries(store, silent).check() == ReplayQueries(store).check()
