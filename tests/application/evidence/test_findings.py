"""Findings: honest work gives no warning, and each thing that deserves a second look is found."""

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plangate.application.evidence import finding as one_finding
from plangate.application.evidence import findings as all_findings
from plangate.application.evidence.finding import Finding, FindingKind, Severity
from plangate.application.evidence.findings import FindingsReport
from plangate.application.evidence.findings_config import Names
from plangate.application.evidence.review import PlanReview
from plangate.application.evidence.same_work import FailedWork
from plangate.application.plan_log import Step
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, PlanNotFound
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import evolve
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Outcome, Scorer, ScorerKind
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.clocks import registry_on
from tests.support.examples import (
    DONE,
    FAILED,
    MARKED,
    OUTPUT,
    PLAN,
    STRANGER,
    A,
    created,
    moved,
    retracted,
    scored,
    turned_out,
)
from tests.support.model.histories import recorded
from tests.support.model.honest_work import JUDGE, WELL_FOUNDED, honest_plan
from tests.support.real_judgements import RealTrace, on_real_judgements
from tests.support.soak import short_and_long

WARNING, NOTICE = Severity.WARNING, Severity.NOTICE
TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


@pytest.fixture
def plan(registry: PlanRegistry) -> str:
    """A plan whose task a is in progress, taken by ada."""
    registry.create("Move billing", TASKS, plan_id="p")
    registry.next_task("p", worker="ada")
    return "p"


def only(report: FindingsReport) -> Finding:
    (finding,) = report.findings
    assert report.finding_count == 1
    assert report.by_kind == {finding.kind: 1}
    assert report.by_severity == {finding.severity: 1}
    return finding


def shown(finding: Finding) -> tuple[FindingKind, Severity, str | None, tuple[str, ...]]:
    return finding.kind, finding.severity, finding.task_id, finding.event_ids


def fail(registry: PlanRegistry, score: float = 0.1, task: str = "a", **facts: Any) -> str:
    """A failing judgement of task a; answers its event's id."""
    before = registry.get_status("p").version
    registry.score_output("p", task, score, **(WELL_FOUNDED | facts))
    return f"p@{before + 1}"


succeed = fail


@short_and_long("stores", 12, 1_500)
def test_honest_work_gives_no_warning(stores: int) -> None:
    events = 0
    for seed in range(stores):
        chance = random.Random(seed)
        with registry_on(memory_event_store()) as registry:
            for number in range(3):
                honest_plan(registry, f"p{number}", chance)
            report = registry.evidence.findings()
            assert [one for one in report.findings if one.severity is WARNING] == []
            assert WARNING not in report.by_severity
            events += report.events
    assert events > stores * 30


@on_real_judgements
def test_real_judgements_give_no_warning(registry: PlanRegistry, trace: RealTrace) -> None:
    for line in trace.path.read_text("utf-8").splitlines():
        command = json.loads(line)
        plan_id = None if command["op"] == "create" else command.pop("plan_id")
        registry.execute(plan_id, command)

    report = registry.evidence.findings()

    assert (report.plans, report.events, report.by_severity) == (trace.plans, trace.events, {})


# --- each thing that is found, alone and among honest work ---


@dataclass(frozen=True)
class Planted:
    """Work on the plan `p`, and the expected finding."""

    do: Callable[[PlanRegistry], object]
    kind: FindingKind
    severity: Severity
    task_id: str | None
    events: tuple[str, ...]
    beside: tuple[FindingKind, ...] = ()


def _rescore(registry: PlanRegistry) -> None:
    fail(registry, 0.4)
    fail(registry, 0.6)
    succeed(registry, 0.9)


def _shop_for_a_judge(registry: PlanRegistry) -> None:
    fail(registry)
    succeed(registry, 0.9, scorer={"kind": "human", "name": "cleo"})


def _rescore_without_settling(registry: PlanRegistry) -> None:
    fail(registry)
    succeed(registry, 0.9, mark_done=False)


def _rescore_namelessly(registry: PlanRegistry) -> None:
    fail(registry)
    succeed(registry, 0.9, scorer=None)


def _mark_done(registry: PlanRegistry, reason: str | None = None) -> None:
    fail(registry)
    registry.mark_task("p", "a", "done", reason=reason)


def _mark_done_unsettled(registry: PlanRegistry) -> None:
    fail(registry, mark_done=False)
    registry.mark_task("p", "a", "done")


def _lower_the_threshold(registry: PlanRegistry) -> None:
    fail(registry, 0.6)
    again = [{"title": "a "}, {"title": "B"}]
    registry.create("move  Billing", again, plan_id="q", confidence_threshold=0.5)
    task = registry.get_status("q").tasks[0].id
    registry.score_output("q", task, 0.6, **WELL_FOUNDED)
    registry.score_output("q", task, 0.7, **WELL_FOUNDED)


PLANTED = {
    "the same judge asked until it passed": Planted(
        _rescore, FindingKind.RESCORED_UNTIL_PASSED, WARNING, "a", ("p@3", "p@6", "p@8")
    ),
    "another judge asked": Planted(
        _shop_for_a_judge, FindingKind.RESCORED_UNTIL_PASSED, NOTICE, "a", ("p@3", "p@6")
    ),
    "asked again without settling": Planted(
        _rescore_without_settling, FindingKind.RESCORED_UNTIL_PASSED, WARNING, "a", ("p@3", "p@6")
    ),
    "asked again, without naming the judge": Planted(
        _rescore_namelessly, FindingKind.RESCORED_UNTIL_PASSED, WARNING, "a", ("p@3", "p@6")
    ),
    "marked done after a low score": Planted(
        _mark_done, FindingKind.DONE_BY_HAND, WARNING, "a", ("p@3", "p@6")
    ),
    "marked done for a reason": Planted(
        lambda r: _mark_done(r, "I looked."), FindingKind.DONE_BY_HAND, NOTICE, "a", ("p@3", "p@6")
    ),
    "marked done after a low score that settled nothing": Planted(
        _mark_done_unsettled, FindingKind.DONE_BY_HAND, WARNING, "a", ("p@3", "p@6")
    ),
    "judged by its worker": Planted(
        lambda r: succeed(r, 0.9, scorer={"kind": "model", "name": "ada"}),
        *(FindingKind.OWN_WORK, WARNING, "a", ("p@3",)),
    ),
    "judged by the one who recorded it, with no claim": Planted(
        lambda r: succeed(r, 0.9, "b", scorer={"kind": "model", "name": "x"}, actor="x"),
        *(FindingKind.OWN_WORK, NOTICE, "b", ("p@3",)),
    ),
    "no grounds": Planted(
        lambda r: r.update("p", "a", prompt_score=0.9, output_score=0.9, rationale=" \n"),
        *(FindingKind.UNSUPPORTED, NOTICE, "a", ("p@3", "p@4")),
    ),
    "no grounds for several tasks": Planted(
        lambda r: [r.score_prompt("p", task, 0.9, evidence={}) for task in "ab"],
        *(FindingKind.UNSUPPORTED, NOTICE, None, ("p@3", "p@4")),
    ),
    "another version of the judge": Planted(
        lambda r: [succeed(r, 0.9, "b", scorer=JUDGE | {"version": v}) for v in "2223"],
        *(FindingKind.SCORER_CHANGED, NOTICE, "b", ("p@3", "p@7")),
    ),
    "a lower threshold": Planted(
        _lower_the_threshold,
        *(FindingKind.THRESHOLD_LOWERED, WARNING, None, ("p@3", "q@1", "q@2")),
    ),
    "rejected although it passed": Planted(
        lambda r: [
            succeed(r, 0.9),
            r.record_outcome("p", "a", Outcome.ACCEPTED, source="ci"),
            r.record_outcome("p", "a", Outcome.REJECTED, source="ci"),
        ],
        *(FindingKind.OUTCOME_CONTRADICTS, WARNING, "a", ("p@3", "p@6")),
    ),
    "accepted although it failed, and late": Planted(
        lambda r: [
            fail(r),
            r.revise("p", "no more", [{"op": "drop", "task_id": "a"}]),
            r.record_outcome("p", "a", Outcome.ACCEPTED, source="review"),
        ],
        *(FindingKind.OUTCOME_CONTRADICTS, NOTICE, "a", ("p@3", "p@8")),
        beside=(FindingKind.LOW_SCORE_REMOVED,),
    ),
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.usefixtures("plan")
def test_exactly_the_planted_findings_are_found(
    registry: PlanRegistry, planted: Planted, seed: int
) -> None:
    chance = random.Random(seed)
    honest_plan(registry, "before", chance)
    planted.do(registry)
    honest_plan(registry, "after", chance)

    everything = registry.evidence.findings().findings
    found = [one for one in everything if one.plan_id in {"p", "q"}]
    assert [one.severity for one in everything if one not in found and one.severity != NOTICE] == []
    assert sorted(one.kind for one in found) == sorted([planted.kind, *planted.beside])
    (finding,) = [one for one in found if one.kind is planted.kind]

    assert shown(finding)[:2] == (planted.kind, planted.severity)
    assert finding.event_ids == planted.events
    assert finding.event_count == len(planted.events)
    if planted.kind is FindingKind.THRESHOLD_LOWERED:
        assert finding.plan_id == "q"
        assert "confidence_threshold 0.72 → 0.5) and passed with 0.600" in finding.sentence
    else:
        assert (finding.plan_id, finding.task_id) == ("p", planted.task_id)
    assert registry.evidence.findings(finding.plan_id).findings == tuple(found)


# --- what is not a finding ---


def _again_after(registry: PlanRegistry, what: str) -> None:
    registry.score_output("p", "a", 0.1, **WELL_FOUNDED)
    _CLEARING[what](registry)


_CLEARING: dict[str, Callable[[PlanRegistry], object]] = {
    "retry": lambda r: r.retry("p", "a", "Once more."),
    "status": lambda r: r.mark_task("p", "a", "in_progress"),
    "change": lambda r: r.revise(
        "p", "It was not clear.", [{"op": "change", "task_id": "a", "title": "A, in words"}]
    ),
    "retraction": lambda r: r.retract_score("p", "p@3", "It was the wrong file."),
}


@pytest.mark.parametrize("what", _CLEARING)
@pytest.mark.usefixtures("plan")
def test_a_pass_after_a_new_start_without_a_claim_or_a_withdrawal_is_a_notice(
    registry: PlanRegistry, what: str
) -> None:
    _again_after(registry, what)
    registry.score_output("p", "a", 0.9, **WELL_FOUNDED)

    retracted = what == "retraction"
    kind = FindingKind.LOW_RETRACTED if retracted else FindingKind.RESCORED_UNTIL_PASSED
    finding = only(registry.evidence.findings())
    assert (finding.kind, finding.severity) == (kind, NOTICE)


@pytest.mark.parametrize("what", ["retry", "change"])
@pytest.mark.usefixtures("plan")
def test_a_judgement_after_a_new_claim_is_not_rescoring(registry: PlanRegistry, what: str) -> None:
    _again_after(registry, what)
    registry.claim_task("p", "a", worker="ada")
    registry.score_output("p", "a", 0.9, **WELL_FOUNDED)

    assert registry.evidence.findings().findings == ()


def test_of_several_judges_the_score_that_counts_is_named(registry: PlanRegistry) -> None:
    policy = {"judges": "mean", "min_judges": 2, "confidence_threshold": 0.6}
    registry.create("g", [{"id": "a", "title": "A"}], plan_id="several", policy=policy)
    for name, score in (("ann", 0.5), ("bob", 0.62), ("cyd", 0.74)):
        scorer = {"kind": "model", "name": name}
        registry.score_output("several", "a", score, scorer=scorer, rationale="Read it.")

    (found,) = registry.evidence.findings().findings
    assert found.kind == "rescored_until_passed"
    assert found.sentence.endswith("in between: 0.560, then 0.620")


@pytest.mark.parametrize("what", _CLEARING)
@pytest.mark.usefixtures("plan")
def test_a_mark_by_hand_after_it_is_not_judged(registry: PlanRegistry, what: str) -> None:
    _again_after(registry, what)
    registry.mark_task("p", "a", "done")

    found = {one.kind: one.severity for one in registry.evidence.findings().findings}
    low_retracted = {FindingKind.LOW_RETRACTED: NOTICE} if what == "retraction" else {}
    assert found == {FindingKind.DONE_UNJUDGED: NOTICE} | low_retracted


@pytest.mark.usefixtures("plan")
def test_a_scorer_who_records_a_workers_score_is_not_a_finding(registry: PlanRegistry) -> None:
    succeed(registry, 0.9, actor="judge")

    assert registry.evidence.findings().findings == ()


@pytest.mark.usefixtures("plan")
def test_two_judges_of_different_kinds_of_score_may_differ_in_version(
    registry: PlanRegistry,
) -> None:
    registry.score_prompt("p", "a", 0.9, **(WELL_FOUNDED | {"scorer": JUDGE | {"version": "1"}}))
    succeed(registry, 0.9)
    succeed(registry, 0.9, scorer={"kind": "model", "name": "judge"})

    assert registry.evidence.findings().findings == ()


@pytest.mark.usefixtures("plan")
def test_grounds_that_were_erased_are_not_missed(registry: PlanRegistry) -> None:
    succeed(registry, 0.9)
    registry.erase("p")
    assert registry.evidence.findings().findings == ()

    succeed(registry, 0.9, rationale=None)
    assert only(registry.evidence.findings()).event_count == 1


@pytest.mark.parametrize(
    "goal, threshold, score, kinds",
    [
        ("x", 0.5, 0.6, []),
        ("", 0.72, 0.9, [FindingKind.PLANNED_UNTIL_PASSED]),
        ("", 0.5, 0.9, [FindingKind.THRESHOLD_LOWERED]),
        ("", 0.8, 0.5, []),
    ],
)
@pytest.mark.usefixtures("plan")
def test_other_work_gives_no_finding_and_a_pass_that_needed_no_lower_threshold_is_a_notice(
    registry: PlanRegistry, goal: str, threshold: float, score: float, kinds: list[FindingKind]
) -> None:
    fail(registry, 0.6)
    registry.create(f"Move billing{goal}", TASKS, plan_id="q", confidence_threshold=threshold)
    registry.score_output("q", "a", score, **WELL_FOUNDED)

    found = registry.evidence.findings().findings
    assert [(one.kind, one.severity, one.plan_id) for one in found] == [
        (kind, NOTICE, "q") for kind in kinds
    ]


@pytest.mark.usefixtures("plan")
def test_a_lower_threshold_before_the_failure_or_of_erased_work_is_not_a_finding(
    registry: PlanRegistry,
) -> None:
    registry.create("Move billing", TASKS, plan_id="q", confidence_threshold=0.5)
    fail(registry, 0.6)
    registry.score_output("q", "a", 0.6, **WELL_FOUNDED)
    assert registry.evidence.findings().findings == ()

    registry.create("Move billing", TASKS, plan_id="r", confidence_threshold=0.4)
    registry.score_output("r", "a", 0.6, **WELL_FOUNDED)
    assert only(registry.evidence.findings()).plan_id == "r"
    registry.erase("p")
    assert registry.evidence.findings().findings == ()


@pytest.mark.usefixtures("plan")
def test_the_strictest_failure_counts(registry: PlanRegistry) -> None:
    for plan_id, threshold, score in (("p", 0.72, 0.6), ("q", 0.3, 0.1), ("r", 0.5, 0.6)):
        if plan_id != "p":
            registry.create("Move billing", TASKS, plan_id=plan_id, confidence_threshold=threshold)
        registry.score_output(plan_id, "a", score, **WELL_FOUNDED)

    found = registry.evidence.findings().findings
    assert {one.kind for one in found} == {FindingKind.THRESHOLD_LOWERED}
    assert [one.event_ids for one in found if one.plan_id == "r"] == [("p@3", "r@1", "r@2")]


@pytest.mark.usefixtures("plan")
def test_an_outcome_of_unscored_work_contradicts_nothing(registry: PlanRegistry) -> None:
    registry.record_outcome("p", "a", Outcome.REJECTED, source="ci")
    registry.revise("p", "no more", [{"op": "drop", "task_id": "a"}])
    registry.record_outcome("p", "a", Outcome.ACCEPTED, source="ci")

    assert registry.evidence.findings().findings == ()


# --- what the sentences say ---


def _sentences(registry: PlanRegistry) -> list[str]:
    return [one.sentence for one in registry.evidence.findings().findings]


FIVE = [{"id": task, "title": task} for task in "abcde"]


def test_dropping_a_low_score_says_what_was_dropped_and_what_it_did(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    registry.score_output("five", "a", 0.2, **WELL_FOUNDED)
    registry.score_output("five", "b", 0.9, **WELL_FOUNDED)
    registry.revise("five", "x", [{"op": "drop", "task_id": "a"}])

    (sentence,) = _sentences(registry)
    assert sentence == (
        "the gate opened without a better score: a (0.200) was dropped, and the rolling "
        "confidence rose from 0.578 to 0.900; the threshold is 0.720"
    )


@pytest.mark.parametrize(
    "dropped, added, same",
    [("Why? Why?", "why why", True), ("???", "???", True), ("???", "!!", False)],
)
def test_an_added_task_is_a_dropped_one_if_their_titles_are_the_same_text(
    registry: PlanRegistry, dropped: str, added: str, *, same: bool
) -> None:
    registry.create("Questions", [{"id": "a", "title": dropped}, *FIVE[1:]], plan_id="five")
    registry.score_output("five", "a", 0.2, **WELL_FOUNDED)
    task = {"id": "again", "title": added}
    changes: list[dict[str, Any]] = [
        {"op": "drop", "task_id": "a"},
        {"op": "add", "task": task},
    ]
    registry.revise("five", "x", changes)
    registry.score_output("five", "again", 0.9, **WELL_FOUNDED)

    found = {one.kind for one in registry.evidence.findings().findings}
    assert (FindingKind.RESCORED_UNTIL_PASSED in found) is same


def test_scores_outside_the_range_are_named_as_given(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    for task, score in (("a", 2), ("b", 3)):
        registry.score_output("five", task, score, **WELL_FOUNDED)

    assert _sentences(registry) == [
        "2 scores are outside the range, and counted otherwise than given: 2 as 1, 3 as 1"
    ]


def test_a_rounding_error_above_the_range_is_a_notice(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    registry.score_output("five", "a", 1.0000001, **WELL_FOUNDED)

    assert only(registry.evidence.findings()).severity is NOTICE


def test_a_retracted_score_outside_the_range_gives_no_finding(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    registry.score_output("five", "a", 4, **(WELL_FOUNDED | {"mark_done": False}))
    registry.retract_score("five", "five@2", "The scale was missing.")

    assert registry.evidence.findings().findings == ()


def test_a_judge_that_fails_is_counted(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    registry.score_output("five", "a", 1.0, **(WELL_FOUNDED | {"scorer": None}))
    for task in "bcd":
        registry.record_scoring_failure("five", task, "output", "judge out of quota")

    assert _sentences(registry) == ["the judge failed 3 of 4 times"]


def test_a_chain_that_waits_for_evidence_names_the_task_that_blocks_it(
    registry: PlanRegistry,
) -> None:
    chain: list[dict[str, Any]] = [
        {"id": "a", "title": "a"},
        {"id": "b", "title": "b", "depends_on": ["a"]},
    ]
    registry.create("Two steps", chain, plan_id="two", policy={"min_scored": 2})

    (sentence,) = _sentences(registry)
    assert sentence == (
        "its gate cannot fire while a fails: 2 scored tasks are needed, and only 1 can be scored "
        "then (scarce_evidence is wait)"
    )


def test_marking_a_whole_plan_done_is_one_finding(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    for task in "abcde":
        registry.mark_task("five", task, "done")

    assert _sentences(registry) == [
        "5 tasks are done by hand, without output scores that count: a, b, c, d, e"
    ]


def test_a_task_that_is_judged_or_undone_after_all_gives_no_finding(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    for task in "ab":
        registry.mark_task("five", task, "done")
    registry.score_output("five", "a", 0.9, **WELL_FOUNDED)
    registry.mark_task("five", "b", "pending")

    assert registry.evidence.findings().findings == ()


def test_a_program_that_sends_its_own_scores_gives_no_finding(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    program: dict[str, Any] = {
        "scorer": {"kind": "code", "name": "ci"},
        "actor": "ci",
        "rationale": "All green.",
    }
    registry.score_output("five", "a", 0.9, **program)

    assert registry.evidence.findings().findings == ()


def test_a_passing_task_that_is_marked_done_gives_no_finding(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    registry.score_output("five", "a", 0.9, **(WELL_FOUNDED | {"mark_done": False}))
    registry.mark_task("five", "a", "done")

    assert registry.evidence.findings().findings == ()


def test_a_program_that_scores_its_own_work_is_a_notice(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    registry.claim_task("five", "a", worker="ci")
    registry.score_output("five", "a", 0.9, scorer={"kind": "code", "name": "CI"}, rationale="Ok.")

    assert shown(only(registry.evidence.findings()))[:2] == (FindingKind.OWN_WORK, NOTICE)


def test_a_claim_without_a_worker_is_of_another_worker(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    registry.claim_task("five", "a", worker="ada")
    registry.release("five", "a")
    registry.claim_task("five", "a")
    registry.score_output("five", "a", 0.9, scorer={"kind": "human", "name": "ada"}, rationale="x")

    assert "works on this plan too" in only(registry.evidence.findings()).sentence


@pytest.mark.parametrize("depends_on", [["a"], ["a", "b"]])
def test_a_gate_with_enough_tasks_beside_a_chain_can_fire(
    registry: PlanRegistry, depends_on: list[str]
) -> None:
    tasks: list[dict[str, Any]] = [
        *({"id": task, "title": task} for task in "ab"),
        {"id": "c", "title": "c", "depends_on": ["a"]},
        {"id": "d", "title": "d", "depends_on": ["c", *depends_on]},
        *({"id": task, "title": task} for task in "ef"),
    ]
    registry.create("Six steps", tasks, plan_id="six", policy={"min_scored": 3})

    assert registry.evidence.findings().findings == ()


def test_revisions_that_remove_no_low_score_give_no_finding(registry: PlanRegistry) -> None:
    registry.create("Five independent steps", FIVE, plan_id="five")
    for task, score in {"a": 0.9, "b": 0.9, "c": 0.1, "d": 0.1}.items():
        registry.score_output("five", task, score, **WELL_FOUNDED)
    registry.revise("five", "x", [{"op": "drop", "task_id": "a"}])
    registry.revise("five", "x", [{"op": "move", "task_id": "c", "before": "b"}])
    new = {"id": "f", "title": "f"}
    registry.revise("five", "x", [{"op": "replace", "task_id": "c", "by": new}])

    assert registry.evidence.findings().findings == ()


def test_failures_are_kept_under_a_few_policies(registry: PlanRegistry) -> None:
    for number in range(10):
        threshold = 0.5 + number / 100
        registry.create("Two", TASKS, plan_id=f"p{number}", confidence_threshold=threshold)
        registry.score_output(f"p{number}", "a", 0.1, **WELL_FOUNDED)
    registry.create("Two", TASKS, plan_id="q", confidence_threshold=0.3)

    assert only(registry.evidence.findings()).event_ids == ("p7@2", "q@1")


def test_an_exit_threshold_may_be_weaker(registry: PlanRegistry) -> None:
    for plan_id, exit_threshold in {"p": 0.9, "q": 0.8}.items():
        policy = {"exit_threshold": exit_threshold}
        registry.create("Two steps", TASKS, plan_id=plan_id, policy=policy)
        registry.score_output(plan_id, "a", 0.1, **WELL_FOUNDED)

    assert only(registry.evidence.findings()).sentence == (
        "the work of plan p, which failed, was planned again under a weaker policy "
        "(exit_threshold 0.9 → 0.8)"
    )


def test_a_better_score_after_more_evidence_is_not_planning_until_it_passes(
    registry: PlanRegistry,
) -> None:
    """A plan that failed itself is judged by its own history."""
    for plan_id in ("p", "q"):
        registry.create("Two steps", TASKS, plan_id=plan_id)
        registry.score_output(plan_id, "a", 0.1, **WELL_FOUNDED)

    assert registry.evidence.findings().findings == ()


# --- the report ---


@pytest.mark.usefixtures("plan")
def test_findings_come_in_the_order_of_the_log(registry: PlanRegistry) -> None:
    registry.create("Other", TASKS, plan_id="0")
    registry.score_output("0", "a", 0.9)
    fail(registry, rationale=None)
    succeed(registry, 0.9)
    registry.record_outcome("p", "a", Outcome.REJECTED, source="ci")

    report = registry.evidence.findings()

    kinds = [(finding.plan_id, finding.kind) for finding in report.findings]
    assert kinds == [
        ("p", FindingKind.UNSUPPORTED),
        ("p", FindingKind.RESCORED_UNTIL_PASSED),
        ("p", FindingKind.OUTCOME_CONTRADICTS),
        ("0", FindingKind.UNSUPPORTED),
    ]
    assert (report.plans, report.events) == (2, 11)
    assert registry.evidence.findings(["0", "p"]) == registry.evidence.findings() == report


@pytest.mark.usefixtures("plan")
def test_only_so_many_are_listed_and_named_but_all_are_counted(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(all_findings, "MAX_LISTED", 1)
    monkeypatch.setattr(one_finding, "MAX_EVENTS", 2)
    for _ in range(7):
        fail(registry, rationale=None)
    succeed(registry, 0.9)

    report = registry.evidence.findings()

    assert report.finding_count == 2
    assert report.by_kind == {FindingKind.RESCORED_UNTIL_PASSED: 1, FindingKind.UNSUPPORTED: 1}
    (listed,) = report.findings
    assert (listed.event_count, len(listed.event_ids)) == (7, 2)


@pytest.mark.usefixtures("plan")
def test_many_scores_are_shortened(registry: PlanRegistry) -> None:
    for _ in range(7):
        fail(registry)
    succeed(registry, 0.9)

    sentence = only(registry.evidence.findings()).sentence

    assert sentence.endswith("0.100, 0.100, 0.100, 0.100, 0.100 and 2 more, then 0.900")


@pytest.mark.usefixtures("plan")
def test_progress_is_reported_and_an_unknown_plan_is_refused(registry: PlanRegistry) -> None:
    heard: list[tuple[int, int]] = []
    registry.evidence.findings(progress=lambda done, everything: heard.append((done, everything)))
    assert heard[-1] == (2, 2)
    registry.evidence.findings(
        "p", progress=lambda done, everything: heard.append((done, everything))
    )
    assert heard[-1] == (2, 2)
    with pytest.raises(PlanNotFound):
        registry.evidence.findings("nowhere")
    with pytest.raises(InvalidInput):
        registry.evidence.findings(7)  # type: ignore[arg-type]


# --- histories that no command wrote ---


def test_facts_about_a_task_that_never_was_are_passed_over(registry: PlanRegistry) -> None:
    events: list[PlanEvent] = [
        created(A),
        scored(STRANGER, rationale="It was read.", scorer=Scorer(kind=ScorerKind.CODE, name="x")),
        moved(STRANGER, FAILED, DONE, MARKED),
        retracted(STRANGER),
        turned_out(STRANGER, Outcome.REJECTED),
    ]
    registry._store.append(recorded(Plan(PLAN), events).events)

    assert registry.evidence.findings().findings == ()


def test_without_positions_thresholds_are_not_compared() -> None:
    failed = FailedWork()
    for threshold in (0.72, 0.5):
        policy = Policy(confidence_threshold=threshold)
        review = PlanReview(PLAN, failed, Names({}))
        before = Plan(PLAN)
        grounds = {"rationale": "It was read."}
        work = recorded(before, [created(A, policy=policy), scored(A, OUTPUT, 0.6, **grounds)])
        for entry in work.events:
            after = evolve(before, entry.event)
            review.add(Step(before, entry, after))
            before = after
        assert review.finish() == []


def test_an_unreadable_plan_is_named_and_reviewed_up_to_the_bad_event(tmp_path: Path) -> None:
    database = tmp_path / "plans.db"
    with connect(database) as registry:
        for plan_id in ("p", "q", "r"):
            registry.create("Move billing", TASKS, plan_id=plan_id)
            registry.score_output(plan_id, "a", 0.9)
            registry.pause(plan_id, "lunch")
    with closing(sqlite3.connect(database)) as file:
        broken = "UPDATE stored_events SET state = '{' WHERE originator_id = ?"
        file.execute(f"{broken} AND originator_version = 4", ["p"])
        file.execute(f"{broken} AND originator_version = 1", ["q"])
        file.execute("DELETE FROM stored_events WHERE originator_id = 'r' AND originator_version=1")
        file.commit()
    with connect(database) as registry:
        everything = registry.evidence.findings()
        some = registry.evidence.findings(["r", "q", "p"])
        assert registry.evidence.findings("p").findings == everything.findings

    assert [finding.event_ids for finding in everything.findings] == [("p@2",)]
    assert [(one.plan_id, one.version) for one in everything.unreadable] == [("p", 4), ("q", 1)]
    assert some.findings == everything.findings
    assert [(one.plan_id, one.version) for one in some.unreadable] == [
        ("p", 4),
        ("q", 1),
        ("r", 1),
    ]
