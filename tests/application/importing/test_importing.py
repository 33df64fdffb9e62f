"""Plans of other tools come in once, whole, with everything that does not come along listed."""

from copy import deepcopy
from typing import Any

import pytest

from plangate.application.errors import StoreError
from plangate.application.importing import plan_import, sources
from plangate.application.importing.foreign import LocatedProblem, NotCarried
from plangate.application.importing.results import ImportedPlan, PlansImport
from plangate.application.importing.task_list import plan_id_of
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.bootstrap import connect
from tests.support.bundles import log_of

PARSER: dict[str, Any] = {
    "plan_id": "0a1b2c3d4e5f",
    "goal": "Build a parser",
    "rolling_confidence": 0.7841,
    "confidence_threshold": 0.7,
    "needs_replan": False,
    "replan_count": 0,
    "created_at": 1750000000.5,
    "task_count": 3,
    "tasks": [
        {
            "id": "lexer",
            "title": "Write the lexer",
            "description": "Tokens",
            "status": "done",
            "prompt_score": 0.8,
            "output_score": 0.7,
            "confidence": 0.735,
            "replan_count": 0,
            "metadata": {"model": "small"},
        },
        {
            "id": "grammar",
            "title": "Write the grammar",
            "description": "",
            "status": "in_progress",
            "prompt_score": 0.8259,
            "output_score": None,
            "confidence": 0.8259,
            "replan_count": 0,
            "metadata": {},
        },
        {"id": "tests", "title": "Write tests", "description": "", "status": "pending"},
    ],
}
"""A plan just as loopllm saves it."""

HOUSE: dict[str, Any] = {
    "metadata": {"created": "2025-01-01", "description": "A house"},
    "tasks": [
        {"id": 1, "title": "Dig", "status": "done", "dependencies": [], "priority": "low"},
        {
            "id": 2,
            "title": "Wall",
            "description": "Stone",
            "details": "Two feet thick",
            "testStrategy": "Lean on it",
            "status": "in-progress",
            "dependencies": [1],
            "priority": "high",
            "complexityScore": 7,
            "subtasks": [
                {"id": 1, "title": "Mortar", "status": "done", "dependencies": []},
                {"id": 2, "title": "Stones", "status": "pending", "dependencies": [1]},
                {"id": 3, "title": "Gold", "status": "cancelled"},
            ],
        },
        {"id": 3, "title": "Pool", "status": "cancelled", "subtasks": [{"id": 1, "title": "W"}]},
        {"id": 4, "title": "Roof", "status": "review", "dependencies": [2, 3, "2.1", 2, "9.9"]},
    ],
}
"""A tag just as Task Master keeps it."""


def brought(registry: PlanRegistry, given: Any, kind: str = "loopllm") -> ImportedPlan:
    (plan,) = registry.bundles.import_plans(given, kind).plans
    return plan


def altered(source: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {**deepcopy(source), **facts}


def left(plan: ImportedPlan) -> dict[str, tuple[Any, Any]]:
    return {one.pointer: (one.theirs, one.ours) for one in plan.not_carried}


def refusal(registry: PlanRegistry, given: Any, kind: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        registry.bundles.import_plans(given, kind)
    assert registry.history.last_position() == 0
    return [str(problem) for problem in refused.value.problems]


# --- loopllm ---


def test_an_imported_plan_has_the_scores_and_statuses_of_its_source(registry: PlanRegistry) -> None:
    plan = brought(registry, PARSER)

    status = registry.get_status("0a1b2c3d4e5f")
    assert (plan.outcome, plan.tasks) == ("imported", 3)
    assert (status.goal, status.confidence_threshold) == ("Build a parser", 0.7)
    assert [
        (task.id, task.title, task.status, task.prompt_score, task.output_score)
        for task in status.tasks
    ] == [
        ("lexer", "Write the lexer", "done", 0.8, 0.7),
        ("grammar", "Write the grammar", "in_progress", 0.8259, None),
        ("tests", "Write tests", "pending", None, None),
    ]
    assert (status.tasks[0].description, status.tasks[0].metadata) == ("Tokens", {"model": "small"})
    assert round(status.rolling_confidence, 4) == 0.7841
    assert left(plan) == {"/created_at": (1750000000.5, None)}
    envelopes = [entry.envelope for entry in registry.history.of("0a1b2c3d4e5f")]
    assert {envelope.actor for envelope in envelopes} == {"import:loopllm"}


def test_a_given_actor_is_recorded(registry: PlanRegistry) -> None:
    registry.bundles.import_plans(PARSER, "loopllm", actor="ada", correlation_id="move-1")
    envelope = registry.history.of("0a1b2c3d4e5f")[0].envelope
    assert (envelope.actor, envelope.correlation_id) == ("ada", "move-1")


def test_brought_again_nothing_is_recorded_even_after_work_went_on(registry: PlanRegistry) -> None:
    brought(registry, PARSER)
    registry.score_output("0a1b2c3d4e5f", "tests", 0.9)
    registry.mark_task("0a1b2c3d4e5f", "grammar", "failed")
    before = log_of(registry)
    assert brought(registry, deepcopy(PARSER)).outcome == "already_there"
    registry.delete("0a1b2c3d4e5f")
    assert brought(registry, PARSER).outcome == "already_there"
    assert log_of(registry)[: len(before)] == before


def test_a_plan_whose_id_is_taken_is_left_alone(registry: PlanRegistry) -> None:
    registry.create("Another", [{"title": "A"}], plan_id="0a1b2c3d4e5f")
    assert brought(registry, PARSER).outcome == "taken"
    assert registry.history.last_position() == 1


def test_an_import_that_fails_records_nothing_of_its_plan(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_events: Any, **_options: Any) -> Any:
        raise StoreError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(registry._store, "append", failing)
        with pytest.raises(StoreError):
            brought(registry, PARSER)
    assert registry.history.last_position() == 0
    assert brought(registry, PARSER).outcome == "imported"
    assert registry.get_status("0a1b2c3d4e5f").tasks[1].status is TaskStatus.IN_PROGRESS
    assert brought(registry, PARSER).outcome == "already_there"


def test_differing_confidences_are_both_reported(registry: PlanRegistry) -> None:
    plan = altered(
        PARSER, rolling_confidence=0.9, needs_replan=True, replan_count=2, task_count=9, owner="x"
    )
    plan["tasks"][0] |= {"confidence": 0.5, "replan_count": 2, "updated_at": 1.0}
    came = brought(registry, plan)
    rolling = registry.get_status("0a1b2c3d4e5f").rolling_confidence
    assert left(came) == {
        "/rolling_confidence": (0.9, rolling),
        "/needs_replan": (True, False),
        "/replan_count": (2, 0),
        "/task_count": (9, 3),
        "/created_at": (1750000000.5, None),
        "/owner": ("x", None),
        "/tasks/0/confidence": (0.5, pytest.approx(0.735)),
        "/tasks/0/replan_count": (2, 0),
        "/tasks/0/updated_at": (1.0, None),
    }
    reasons = {one.pointer: one.why for one in came.not_carried}
    assert reasons["/created_at"] == "times here are those of the import"
    assert reasons["/rolling_confidence"] == "it is computed from the scores here"


def test_a_score_of_zero_is_a_score_and_none_is_none(registry: PlanRegistry) -> None:
    plan = altered(PARSER, rolling_confidence=0.735)
    plan["tasks"][1] |= {"prompt_score": 0.0, "confidence": 0.0}
    came = brought(registry, plan)
    status = registry.get_status("0a1b2c3d4e5f")
    assert [task.prompt_score for task in status.tasks] == [0.8, 0.0, None]
    assert left(came)["/rolling_confidence"] == (0.735, status.rolling_confidence)
    assert status.rolling_confidence < 0.735


def test_a_replan_is_due_after_an_import_only_if_the_confidence_is_low(
    registry: PlanRegistry,
) -> None:
    tasks = [
        {"id": "a", "title": "A", "status": "done", "output_score": 0.1},
        {"id": "b", "title": "B", "status": "replanning", "output_score": 1.0},
    ]
    above = {"plan_id": "above", "goal": "G", "confidence_threshold": 0.3, "tasks": tasks}
    below = {"plan_id": "below", "goal": "G", "confidence_threshold": 0.9, "tasks": tasks}
    registry.bundles.import_plans([above, below], "loopllm")
    statuses = [registry.get_status(plan_id) for plan_id in ("above", "below")]
    assert [status.replan_due for status in statuses] == [False, True]
    assert [status.needs_replan for status in statuses] == [False, True]
    assert [task.status for status in statuses for task in status.tasks] == [
        "done",
        "replanning",
    ] * 2


def test_blank_goals_and_titles_become_the_id(registry: PlanRegistry) -> None:
    plan = brought(registry, {"plan_id": "bare", "goal": " ", "tasks": [{"id": 7}]})
    status = registry.get_status("bare")
    assert (status.goal, status.tasks[0].title) == ("bare", "7")
    assert left(plan) == {"/goal": ("", "bare"), "/tasks/0/title": ("", "7")}


def test_a_plan_without_tasks_is_none(registry: PlanRegistry) -> None:
    plan = brought(registry, {"plan_id": "bare", "goal": "G"})
    assert (plan.outcome, list(left(plan))) == ("empty", ["/tasks"])
    assert registry.history.last_position() == 0
    assert registry.bundles.import_plans([], "loopllm").plans == ()


@pytest.mark.parametrize(
    "facts, complaint",
    [
        ({"plan_id": None}, "/plan_id: must be text"),
        ({"plan_id": True}, "/plan_id: must be text"),
        ({"goal": 7}, "/goal: must be text"),
        ({"confidence_threshold": 1.5}, "/confidence_threshold: must be at most 1.0"),
        ({"confidence_threshold": "0.7"}, "/confidence_threshold: must be a number"),
        ({"replan_count": 1.5}, "/replan_count: must be a whole number"),
        ({"tasks": {}}, "/tasks: must be a list"),
        ({"tasks": ["a"]}, "/tasks/0: must be an object"),
        ({"tasks": [{"title": "A"}]}, "/tasks/0/id: is required"),
        (
            {"tasks": [{"id": "a", "status": "finished"}]},
            (
                "/tasks/0/status: must be one of 'pending', 'in_progress', 'done', 'failed' or "
                "'replanning'"
            ),
        ),
        ({"tasks": [{"id": "a", "prompt_score": True}]}, "/tasks/0/prompt_score: must be a number"),
        ({"tasks": [{"id": "a", "output_score": 2}]}, "/tasks/0/output_score: must be at most 1.0"),
        ({"tasks": [{"id": "a"}, {"id": "a"}]}, "/tasks/1/id: 'a' is used twice"),
        ({"tasks": [{"id": "a", "metadata": []}]}, "/tasks/0/metadata: must be a JSON object"),
    ],
)
def test_bad_plans_are_refused_with_their_place_and_nothing_is_recorded(
    registry: PlanRegistry, facts: dict[str, Any], complaint: str
) -> None:
    assert refusal(registry, altered(PARSER, **facts), "loopllm") == [complaint]
    good = altered(PARSER, plan_id="good")
    report = registry.bundles.import_plans([good, altered(PARSER, **facts)], "loopllm")
    assert [plan.outcome for plan in report.plans] == ["imported", "refused"]
    (problem,) = report.plans[1].not_carried
    assert f"{problem.pointer}: {problem.why}" == f"/1{complaint}"


@pytest.mark.parametrize(
    "given, kind, complaint",
    [
        (7, "loopllm", ": must be an object"),
        ({"plan_id": {1, 2}}, "loopllm", "must be JSON: Object of type set is not JSON"),
        ({"plan_id": float("nan")}, "loopllm", "must be JSON: Out of range float"),
        (7, "taskmaster", "must be an object of tags"),
        ({}, "trello", "format: must be one of 'loopllm', 'taskmaster', 'beads', 'spec-kit'"),
        ([], "kiro", "format: kiro is text: read it with plangate.infrastructure.plan_formats"),
        ({"a": {}}, "taskmaster", "/a: it is not a tag: a tag has a list of tasks"),
        ({"": {"tasks": []}}, "taskmaster", "/: must not be empty"),
        (7, "beads", "must be a list of issues"),
        ([7], "beads", "/0: an issue must be an object with an id"),
        ([], "beads", "there is no issue in it"),
        (7, "plan", "must be an object with goal, tasks, "),
        ({"goal": "G"}, "plan", "/tasks: is required"),
    ],
)
def test_invalid_data_is_refused_with_its_json_pointer(
    registry: PlanRegistry, given: Any, kind: str, complaint: str
) -> None:
    (problem,) = refusal(registry, given, kind)
    assert problem.startswith(complaint) or f": {problem}" == complaint


def test_the_second_plan_with_one_id_is_refused(registry: PlanRegistry) -> None:
    report = registry.bundles.import_plans([PARSER, PARSER], "loopllm")
    assert [plan.outcome for plan in report.plans] == ["imported", "refused"]
    (problem,) = report.plans[1].not_carried
    assert (problem.pointer, problem.why) == ("/1/plan_id", "'0a1b2c3d4e5f' is used twice")


# --- Task Master ---


def test_a_tag_is_a_plan_with_its_subtasks_as_tasks(registry: PlanRegistry) -> None:
    plan = brought(registry, {"house": HOUSE}, "taskmaster")

    status = registry.get_status("house")
    assert (plan.outcome, plan.tasks) == ("imported", 5)
    assert (status.goal, status.metadata) == ("Task Master: house", HOUSE["metadata"])
    assert [(t.id, t.title, t.status, t.depends_on, t.priority) for t in status.tasks] == [
        ("1", "Dig", "done", (), -1),
        ("2.1", "Mortar", "done", ("1",), 1),
        ("2.2", "Stones", "pending", ("2.1", "1"), 1),
        ("2", "Wall", "in_progress", ("1", "2.1", "2.2"), 1),
        ("4", "Roof", "pending", ("2", "2.1"), None),
    ]
    wall, roof = status.tasks[3:]
    assert wall.description == "Stone\n\nTwo feet thick\n\nTest strategy: Lean on it"
    assert (wall.metadata, roof.metadata) == (
        {"complexityScore": 7},
        {"taskmaster_status": "review"},
    )
    assert left(plan) == {
        "/house/tasks/1/subtasks/2": ("cancelled", None),
        "/house/tasks/2/subtasks/0": ("pending", None),
        "/house/tasks/2": ("cancelled", None),
        "/house/tasks/3/dependencies": ("9.9", None),
        "/house/tasks/3/status": ("review", "deferred"),
    }
    assert {e.envelope.actor for e in registry.history.of("house")} == {"import:taskmaster"}
    assert brought(registry, {"house": HOUSE}, "taskmaster").outcome == "already_there"


def test_a_file_without_tags_is_the_plan_master(registry: PlanRegistry) -> None:
    report = registry.bundles.import_plans(altered(HOUSE, filter="all"), "taskmaster")
    (plan,) = report.plans
    assert plan.plan_id == "master"
    assert [(one.pointer, one.theirs) for one in report.not_carried] == [("/filter", "all")]
    assert "/tasks/2" in left(plan)


def test_unknown_words_are_listed(registry: PlanRegistry) -> None:
    task = {"id": 1, "title": "A", "status": "someday", "priority": "huge"}
    plan = brought(registry, {"t": {"tasks": [task]}}, "taskmaster")
    assert left(plan) == {
        "/t/tasks/0/priority": ("huge", None),
        "/t/tasks/0/status": ("someday", "pending"),
    }
    assert registry.get_status("t").tasks[0].metadata == {"taskmaster_status": "someday"}


def test_tags_without_anything_to_do_make_no_plan(registry: PlanRegistry) -> None:
    gone = [{"id": 1, "title": "A", "status": "cancelled"}]
    report = registry.bundles.import_plans(
        {"new": {"tasks": []}, "old": {"tasks": gone}}, "taskmaster"
    )
    assert [plan.outcome for plan in report.plans] == ["empty", "empty"]
    assert registry.history.last_position() == 0


def test_progress_is_reported_plan_by_plan(registry: PlanRegistry) -> None:
    reported: list[tuple[int, int]] = []
    plans = [altered(PARSER, plan_id=f"p{n}") for n in range(3)]
    report = registry.bundles.import_plans(
        plans, "loopllm", progress=lambda *how_far: reported.append(how_far)
    )
    assert isinstance(report, PlansImport)
    assert reported == [(0, 3), (1, 3), (2, 3), (3, 3)]


# --- keys ---


def keys_of(registry: PlanRegistry) -> set[str | None]:
    return {entry.envelope.idempotency_key for entry in registry.history.events()}


@pytest.mark.parametrize(
    "kind, source, with_another_text",
    [
        ("loopllm", PARSER, altered(PARSER, goal="Build another parser")),
        ("taskmaster", HOUSE, altered(HOUSE, metadata={"description": "Another house"})),
    ],
)
def test_keys_do_not_depend_on_text_that_may_be_erased(
    registry: PlanRegistry, kind: str, source: Any, with_another_text: Any
) -> None:
    brought(registry, source, kind)
    assert brought(registry, with_another_text, kind).outcome == "already_there"
    with connect("memory:") as other:
        brought(other, with_another_text, kind)
        assert keys_of(other) == keys_of(registry)


def test_an_import_under_the_digest_of_its_source_is_recognised(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sources.digest(PARSER)
    with monkeypatch.context() as earlier:
        earlier.setattr(plan_import, "digest", lambda _given: source)
        assert brought(registry, PARSER).outcome == "imported"
    before = registry.history.last_position()
    assert brought(registry, PARSER).outcome == "already_there"
    assert registry.history.last_position() == before


def test_a_problem_that_keeps_a_value_out_comes_back_whole() -> None:
    for problem in (Problem("/tasks", "why"), LocatedProblem("/tasks", "why", line=3, column=4)):
        assert NotCarried.of(problem).problem == problem


@pytest.mark.parametrize(
    "path, plan_id",
    [
        (None, ""),
        ("billing.md", "billing"),
        ("specs/001-sign-in/tasks.md", "001-sign-in"),
        ("tasks.md", ""),
    ],
)
def test_a_plan_is_named_after_its_file_or_folder(path: str | None, plan_id: str) -> None:
    assert plan_id_of(path) == plan_id
