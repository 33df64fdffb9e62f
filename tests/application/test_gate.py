"""One verdict: what `gate` answers in every state of a plan, and that all answers agree."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from plangate.application.gate_decision import GateDecision
from plangate.application.registry import PlanRegistry
from plangate.application.results import Evidence
from plangate.domain.errors import InvalidInput, PlanGone, PlanNotFound, VersionMismatch
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import DAWN, registry_on

TASKS = [{"id": task_id, "title": task_id.upper()} for task_id in "abc"]
CHAIN = [TASKS[0], TASKS[1] | {"depends_on": ["a"]}, TASKS[2] | {"depends_on": ["b"]}]
HOUR = timedelta(hours=1)
AT_DAWN = "2026-01-01 08:00:00 UTC"


class Times:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = DAWN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Times:
    return Times()


@pytest.fixture
def registry(clock: Times) -> PlanRegistry:
    return registry_on(memory_event_store(), clock)


def create(registry: PlanRegistry, tasks: object = TASKS, **policy: object) -> None:
    registry.create("g", tasks, plan_id="p", policy=policy)  # type: ignore[call-overload]


def deleted(registry: PlanRegistry) -> None:
    create(registry)
    registry.delete("p")


def archived(registry: PlanRegistry) -> None:
    create(registry)
    registry.pause("p", "r")
    registry.archive("p", "r")


def paused(registry: PlanRegistry) -> None:
    create(registry)
    registry.score_output("p", "a", 0.1)
    registry.pause("p", "r")


def held(registry: PlanRegistry) -> None:
    create(registry, gate="hold")
    registry.score_output("p", "a", 0.1)


def advised(registry: PlanRegistry) -> None:
    create(registry)
    registry.score_output("p", "a", 0.1)
    registry.score_output("p", "b", 0.9)


def recovered(registry: PlanRegistry) -> None:
    create(registry)
    registry.score_output("p", "a", 0.1)
    registry.score_output("p", "a", 0.9)


def exhausted(registry: PlanRegistry) -> None:
    create(registry, max_replans=0)
    registry.score_output("p", "a", 0.1)
    registry.retry("p", "a", "r")


def complete(registry: PlanRegistry) -> None:
    create(registry)
    for task_id in "abc":
        registry.mark_task("p", task_id, "done")


def new(registry: PlanRegistry) -> None:
    create(registry)


def low_without_a_replan(registry: PlanRegistry) -> None:
    create(registry, consecutive_lows=2)
    registry.score_output("p", "a", 0.1)


def in_progress(registry: PlanRegistry) -> None:
    create(registry, CHAIN)
    registry.next_task("p", worker="w7", lease=60)


def in_review(registry: PlanRegistry) -> None:
    create(registry, CHAIN)
    registry.defer_task("p", "a", "in review", until=DAWN + HOUR)


def stuck(registry: PlanRegistry) -> None:
    create(registry, [*CHAIN, {"id": "d", "title": "D"}])
    registry.mark_task("p", "a", "failed")
    registry.mark_task("p", "d", "replanning")


def unsettled(registry: PlanRegistry) -> None:
    create(registry, CHAIN, prompt_weight=1.0, output_weight=0.0, decay=1e-3)
    registry.score_prompt("p", "a", 0.9)
    registry.score_prompt("p", "c", 0.1)
    registry.score_output("p", "a", 0.5)
    registry.approve("p", "r")


UNTIL_THEN = "until then no task is handed out"
UNCLEAR = "low prompt scores of tasks to come keep the confidence down: say better what to do"
HIGH = "the rolling confidence 0.900 is not below 0.720"
LOW = "the rolling confidence 0.100 is below 0.720"
NEXT_B = "take the next task with next_task: 'b'"
A_IS_LOW = (
    "retry or revise what did not pass: 'a'",
    "or accept it: approve with accept, or mark_task with status done: 'a'",
)
EVERY = pytest.mark.parametrize(
    "lead, verdict, may_continue, reason, advice",
    [
        (
            deleted,
            Verdict.DELETED,
            False,
            "The plan was deleted.",
            ("nothing: the plan was deleted, only its history can be read",),
        ),
        (
            archived,
            Verdict.ARCHIVED,
            False,
            "The plan is archived.",
            ("restore the plan to go on with it",),
        ),
        (
            paused,
            Verdict.PAUSED,
            False,
            "The plan is paused.",
            ("resume the plan to hand out work again",),
        ),
        (
            held,
            Verdict.REPLAN,
            False,
            f"A replan is due since {AT_DAWN}: {LOW}.",
            (
                "a replan is due: revise, retry or approve; until then no task is handed out",
                *A_IS_LOW,
            ),
        ),
        (
            advised,
            Verdict.REPLAN,
            True,
            f"A replan is due since {AT_DAWN}: the rolling confidence 0.532 is below 0.720.",
            (
                "a replan is due: revise, retry or approve; work may go on meanwhile",
                "accept what passes by itself: approve with accept \"passing\": 'b'",
                *A_IS_LOW,
                "take the next task with next_task: 'c'",
            ),
        ),
        (
            recovered,
            Verdict.REPLAN,
            True,
            f"A replan is due since {AT_DAWN}, although by now {HIGH}.",
            ("a replan is due: revise, retry or approve; work may go on meanwhile", NEXT_B),
        ),
        (
            exhausted,
            Verdict.BLOCKED,
            False,
            "The replans are used up: 1 without an approval, 0 allowed.",
            (f"the replans are used up, 1 without an approval: approve; {UNTIL_THEN}",),
        ),
        (complete, Verdict.COMPLETE, False, "Every task is done.", ("nothing is left to do",)),
        (
            new,
            Verdict.GO,
            True,
            "The task 'a' can be taken.",
            ("take the next task with next_task: 'a'",),
        ),
        (
            low_without_a_replan,
            Verdict.GO,
            True,
            f"The task 'b' can be taken, although {LOW}: no replan is due.",
            (*A_IS_LOW, NEXT_B),
        ),
        (
            in_progress,
            Verdict.WAIT,
            False,
            "No task can be taken now: 1 in progress, 2 waiting for others.",
            ("score or release what is in progress: 'a' by w7 until 2026-01-01 08:01:00 UTC",),
        ),
        (
            in_review,
            Verdict.WAIT,
            False,
            "No task can be taken now: 1 deferred, 2 waiting for others.",
            ("undefer_task what can go on: 'a' until 2026-01-01 09:00:00 UTC",),
        ),
        (
            stuck,
            Verdict.BLOCKED,
            False,
            "No task can be taken: 1 failed, 1 replanning, 2 waiting for others.",
            (
                "retry or revise what did not pass: 'a', 'd'",
                "or accept it: approve with accept, or mark_task with status done: 'a', 'd'",
            ),
        ),
        (
            unsettled,
            Verdict.BLOCKED,
            False,
            "No task can be taken: 1 replanning, 2 waiting for others.",
            (
                "accept what passes by itself: approve with accept \"passing\": 'a'",
                f"{UNCLEAR}, and score_prompt again: 'c'",
            ),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)


@EVERY
def test_every_state_has_its_verdict_its_reason_and_what_leads_on(
    registry: PlanRegistry,
    lead: Callable[[PlanRegistry], None],
    verdict: Verdict,
    may_continue: object,
    reason: str,
    advice: tuple[str, ...],
) -> None:
    lead(registry)

    decision = registry.gate("p")

    assert (decision.verdict, decision.may_continue) == (verdict, may_continue)
    assert (decision.reason, decision.advice) == (reason, advice)


@EVERY
def test_status_list_and_views_agree_with_the_gate(
    registry: PlanRegistry,
    lead: Callable[[PlanRegistry], None],
    verdict: Verdict,
    may_continue: object,
    reason: str,
    advice: tuple[str, ...],
) -> None:
    del may_continue, reason, advice
    lead(registry)
    registry.create("g", TASKS, plan_id="other", priority=-1)
    decision = registry.gate("p")
    if verdict is Verdict.DELETED:
        assert registry.list_plans(verdict=verdict).plans == ()
        assert registry.views.plans(verdict=verdict).plans == ()
        with pytest.raises(PlanGone):
            registry.get_status("p")
        return

    status = registry.get_status("p")
    (listed,) = [s for s in registry.list_plans(verdict=verdict).plans if s.plan_id == "p"]
    (row,) = [r for r in registry.views.plans(verdict=verdict).plans if r.plan_id == "p"]

    assert status == listed
    for answer in (status, row):
        assert (answer.verdict, answer.may_continue) == (verdict, decision.may_continue)
    assert (status.evidence, status.advice) == (decision.evidence, decision.advice)
    assert decision.evidence.model_dump(exclude={"tasks"}).items() <= row.model_dump().items()
    assert (row.changes_at, row.task_count) == (decision.changes_at, decision.evidence.tasks)
    for other in set(Verdict) - {verdict}:
        assert "p" not in [s.plan_id for s in registry.list_plans(verdict=other).plans]
        assert "p" not in [r.plan_id for r in registry.views.plans(verdict=other).plans]


def test_a_decision_names_what_it_was_made_of(registry: PlanRegistry, clock: Times) -> None:
    create(registry)
    clock.now += HOUR
    registry.score_output("p", "a", 0.5)
    clock.now += HOUR
    registry.score_output("p", "b", 0.1)
    registry.create("g", TASKS, plan_id="q")

    assert registry.gate("p") == GateDecision(
        plan_id="p",
        verdict=Verdict.REPLAN,
        may_continue=True,
        reason="A replan is due since 2026-01-01 09:00:00 UTC: the rolling confidence 0.284 is "
        "below 0.720.",
        advice=registry.get_status("p").advice,
        rolling_confidence=(0.5 * 0.85 + 0.1) / 1.85,
        threshold=0.72,
        evidence=Evidence(
            scored=2, tasks=3, scoring_failed=0, clamped=0, done_unscored=0, awaits_judges=0
        ),
        replan_due=True,
        due_since=DAWN + HOUR,
        changes_at=None,
        version=7,
        position=8,
    )


@pytest.mark.parametrize(
    "score, compared",
    [
        (0.72, "although by now the rolling confidence 0.720 is not below 0.720"),
        (0.71999, "the rolling confidence 0.71999 is below 0.72000"),
    ],
)
def test_a_reason_has_the_decimals_that_distinguish_confidence_and_threshold(
    registry: PlanRegistry, score: float, compared: str
) -> None:
    create(registry)
    registry.score_output("p", "a", 0.1)
    registry.score_output("p", "a", score)

    assert registry.gate("p").reason.endswith(f"{compared}.")


def test_an_answer_to_the_replan_leaves_none_due(registry: PlanRegistry) -> None:
    held(registry)
    registry.approve("p", "r")

    decision = registry.gate("p")

    assert (decision.replan_due, decision.due_since) == (False, None)


def test_a_plan_that_never_was_has_no_gate(registry: PlanRegistry) -> None:
    with pytest.raises(PlanNotFound):
        registry.gate("p")
    with pytest.raises(InvalidInput):
        registry.gate("")


def test_a_lease_that_ends_changes_the_verdict_without_an_event(
    registry: PlanRegistry, clock: Times
) -> None:
    in_progress(registry)
    assert registry.gate("p").changes_at == DAWN + timedelta(seconds=60)
    (row,) = registry.views.plans(verdict="wait").plans
    assert (row.may_continue, row.next_task_id) == (False, None)

    clock.now += timedelta(seconds=60)

    assert registry.gate("p").verdict is Verdict.GO
    assert registry.get_status("p").verdict is Verdict.GO
    assert registry.graph("p").ready == ("a",)
    assert registry.list_plans(verdict="wait").plans == ()
    assert registry.views.plans(verdict="wait").plans == ()
    (row,) = registry.views.plans(verdict="go").plans
    assert (row.may_continue, row.next_task_id, row.changes_at) == (True, "a", None)
    assert registry.history.last_position() == 2
    task = registry.next_task("p")
    assert task is not None
    assert task.id == "a"


def test_a_row_of_a_plan_that_went_on_is_as_of_its_own_version(
    registry: PlanRegistry, clock: Times
) -> None:
    in_progress(registry)
    registry.views.plans()
    registry.views._follower.require = lambda *_: None  # type: ignore[method-assign]
    registry.score_output("p", "a", 0.9)

    clock.now += timedelta(seconds=60)

    (row,) = registry.views.plans().plans
    assert (row.version, row.verdict, row.next_task_id) == (2, Verdict.GO, "a")


def test_next_task_takes_a_task_only_at_the_version_it_was_decided_for(
    registry: PlanRegistry,
) -> None:
    create(registry)
    version = registry.gate("p").version
    registry.score_output("p", "a", 0.1)

    with pytest.raises(VersionMismatch, match="is at version 4, not 1"):
        registry.next_task("p", if_version=version)

    task = registry.next_task("p", if_version=registry.gate("p").version)
    assert task is not None
    with pytest.raises(InvalidInput, match="if_version"):
        registry.next_task(if_version=1)


def test_under_its_key_the_claim_of_a_version_is_the_same_claim_later(
    registry: PlanRegistry,
) -> None:
    create(registry)
    first = registry.next_task("p", if_version=1, idempotency_key="k")
    assert registry.next_task("p", if_version=1, idempotency_key="k") == first


@pytest.mark.parametrize(
    "numbers, sentence",
    [
        ((0, 5, 0, 0, 0, 0), "no evidence yet"),
        ((1, 5, 3, 0, 0, 0), "1 of 5 tasks scored, the judge failed on 3"),
        ((1, 1, 0, 0, 0, 0), "1 of 1 task scored"),
        ((2, 3, 0, 1, 0, 0), "2 of 3 tasks scored, 1 score was outside the scale and clamped"),
        ((2, 3, 0, 2, 0, 0), "2 of 3 tasks scored, 2 scores were outside the scale and clamped"),
        ((0, 5, 0, 0, 5, 0), "no evidence yet, 5 done without an output score that counts"),
        ((1, 5, 0, 0, 0, 2), "1 of 5 tasks scored, 2 wait for more judges"),
    ],
)
def test_evidence_is_a_sentence_too(numbers: tuple[int, ...], sentence: str) -> None:
    fields = ("scored", "tasks", "scoring_failed", "clamped", "done_unscored", "awaits_judges")
    assert Evidence.model_validate(dict(zip(fields, numbers, strict=True))).sentence == sentence


def test_evidence_counts_what_stands(registry: PlanRegistry) -> None:
    create(registry)
    registry.score_output("p", "a", 7)
    registry.record_scoring_failure("p", "a", "output", "out of quota")
    registry.record_scoring_failure("p", "b", "output", "out of quota")
    registry.mark_task("p", "c", "done")
    evidence = registry.gate("p").evidence
    assert evidence.model_dump() == {
        "scored": 1,
        "tasks": 3,
        "scoring_failed": 2,
        "clamped": 1,
        "done_unscored": 1,
        "awaits_judges": 0,
    }

    registry.score_output("p", "a", 0.9)

    evidence = registry.gate("p").evidence
    assert (evidence.scoring_failed, evidence.clamped) == (1, 0)


def test_a_due_replan_is_not_measured_by_a_plan_without_scores(registry: PlanRegistry) -> None:
    registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
    registry.score_output("p", "a", 0.1)
    registry.retract_score("p", "p@2", "the wrong task")

    assert registry.gate("p").reason.endswith(", although by now no score counts.")
