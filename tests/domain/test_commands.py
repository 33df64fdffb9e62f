"""The shape of each command, and the bound of each field."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from plangate.domain.commands import (
    CreatePlan,
    NewTask,
    PlanCommand,
    ScoreOutput,
    ScorePrompt,
    UpdateScores,
)
from plangate.domain.vocabulary import MAX_TASKS
from tests.support.examples import (
    EVERY_COMMAND,
    GOAL,
    OUTPUT,
    USUAL,
    A,
    create,
    delete,
    mark,
    record_failure,
    retract,
    score_output,
    score_prompt,
    update,
)

TASK = NewTask(id=A, title="Do it")
JUDGING = [score_prompt(), score_output(), update()]


def remade(command: BaseModel, **fields: object) -> Any:
    """The same command with other fields, read as from a caller."""
    said = {name: getattr(command, name) for name in command.model_fields_set}
    return type(command).model_validate(said | fields)


def refused(command: BaseModel, **fields: object) -> list[tuple[object, ...]]:
    """Where the wrong things stand."""
    with pytest.raises(ValidationError) as caught:
        remade(command, **fields)
    return [error["loc"] for error in caught.value.errors()]


def test_there_is_an_example_of_every_command() -> None:
    assert {type(command) for command in EVERY_COMMAND} == set(get_args(PlanCommand))


@pytest.mark.parametrize(
    "command", [*EVERY_COMMAND, TASK], ids=lambda command: type(command).__name__
)
def test_no_command_has_unknown_fields_or_changes(command: BaseModel) -> None:
    assert remade(command) == command
    assert refused(command, colour="red") == [("colour",)]
    with pytest.raises(ValidationError, match=r"frozen|no field"):
        command.task_id = "other"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "command, field, most",
    [
        (create(), "goal", 4_000),
        (TASK, "id", 200),
        (TASK, "title", 500),
        (TASK, "description", 20_000),
        (score_prompt(), "task_id", 200),
        (score_prompt(), "rationale", 20_000),
        (score_output(), "task_id", 200),
        (score_output(), "rationale", 20_000),
        (update(), "task_id", 200),
        (update(), "rationale", 20_000),
        (record_failure(), "task_id", 200),
        (record_failure(), "reason", 20_000),
        (retract(), "event_id", 20_000),
        (retract(), "reason", 20_000),
        (mark(), "task_id", 200),
        (mark(), "reason", 20_000),
        (delete(), "reason", 20_000),
    ],
)
def test_text_is_bounded(command: BaseModel, field: str, most: int) -> None:
    assert getattr(remade(command, **{field: "x" * most}), field) == "x" * most
    assert refused(command, **{field: "x" * (most + 1)}) == [(field,)]
    assert refused(command, **{field: "a\0"}) == [(field,)]
    assert refused(command, **{field: 7}) == [(field,)]


@pytest.mark.parametrize(
    "command, field",
    [
        (create(), "goal"),
        (TASK, "id"),
        (TASK, "title"),
        (score_prompt(), "task_id"),
        (record_failure(), "reason"),
        (retract(), "reason"),
        (mark(), "reason"),
        (delete(), "reason"),
    ],
)
@pytest.mark.parametrize("blank", ["", "  "])
def test_what_must_say_something_says_something(command: BaseModel, field: str, blank: str) -> None:
    assert refused(command, **{field: blank}) == [(field,)]


def test_a_description_and_a_rationale_may_be_empty() -> None:
    assert not remade(TASK, description="").description
    assert not remade(score_prompt(), rationale="").rationale


@pytest.mark.parametrize(
    "command, field",
    [(create(), "metadata"), (TASK, "metadata"), *((command, "evidence") for command in JUDGING)],
)
def test_metadata_and_evidence_are_json_objects(command: BaseModel, field: str) -> None:
    value = {"links": [1, None, {"deep": True}]}

    assert getattr(remade(command, **{field: value}), field) == value
    assert getattr(remade(command, **{field: {}}), field) == {}
    outlandish: list[object] = [[], "text", {1: 2}, {"a": float("nan")}, {"a": "x" * 65_536}]
    for wrong in outlandish:
        assert refused(command, **{field: wrong}) == [(field,)]


@pytest.mark.parametrize("command", [*JUDGING, record_failure()])
def test_a_scorer_is_bounded(command: BaseModel) -> None:
    judge = {"kind": "human", "name": "Ada", "version": None}

    assert remade(command, scorer=judge).scorer.judge.model_dump() == judge
    assert refused(command, scorer={"kind": "human", "name": "x" * 201}) == [("scorer",)]
    assert refused(command, scorer={"kind": "ghost", "name": "x"}) == [("scorer", "kind")]


@pytest.mark.parametrize(
    "command, field",
    [
        (score_prompt(), "score"),
        (score_output(), "score"),
        (update(), "prompt_score"),
        (update(), "output_score"),
    ],
)
def test_a_score_is_any_finite_number(command: BaseModel, field: str) -> None:
    for number in (0.0, 1.0, -1, 85, 0.5):
        assert getattr(remade(command, **{field: number}), field) == number
    for wrong in (float("nan"), float("inf"), float("-inf"), True, False, "0.5", [0.5]):
        assert refused(command, **{field: wrong}) == [(field,)]


@pytest.mark.parametrize("command", [score_output(), update()])
def test_mark_done_is_true_unless_it_is_said_to_be_false(command: BaseModel) -> None:
    assert remade(command).mark_done is True
    assert remade(command, mark_done=False).mark_done is False
    for wrong in ("yes", 1, 0, None):
        assert refused(command, mark_done=wrong) == [("mark_done",)]


def test_a_prompt_score_settles_nothing_and_cannot_be_asked_to() -> None:
    assert refused(score_prompt(), mark_done=True) == [("mark_done",)]


@pytest.mark.parametrize("made", [ScorePrompt, ScoreOutput])
def test_a_score_must_be_given(made: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="score\n  Field required"):
        made.model_validate({"task_id": A})


def test_an_update_holds_a_score_of_either_kind() -> None:
    assert update(prompt=None).prompt_score is None
    assert update(output=None).output_score is None
    assert update(prompt=0.0, output=None).prompt_score == 0.0
    with pytest.raises(ValidationError, match="give prompt_score, output_score or both"):
        UpdateScores(task_id=A)


def test_statuses_and_kinds_are_those_that_are_known() -> None:
    assert remade(mark(), status="in_progress").status == "in_progress"
    assert refused(mark(), status="finished") == [("status",)]
    assert remade(record_failure(), kind="output").kind is OUTPUT
    assert refused(record_failure(), kind="both") == [("kind",)]


def test_a_plan_has_between_one_and_ten_thousand_tasks() -> None:
    def planned(count: int) -> CreatePlan:
        tasks = tuple(NewTask(id=str(index), title="x") for index in range(count))
        return CreatePlan(goal=GOAL, tasks=tasks, policy=USUAL)

    assert len(planned(1).tasks) == 1
    assert len(planned(MAX_TASKS).tasks) == 10_000
    for count in (0, MAX_TASKS + 1):
        with pytest.raises(ValidationError, match="tasks"):
            planned(count)


def test_what_was_handed_in_does_not_come_back_in_the_refusal() -> None:
    """It may be long, and it may be secret."""
    with pytest.raises(ValidationError) as caught:
        remade(score_prompt(), rationale=["hunter2"])

    assert "hunter2" not in str(caught.value)


def test_what_a_task_leaves_out_is_empty() -> None:
    assert (TASK.description, TASK.metadata) == ("", {})
    assert create().metadata == {}


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda command: type(command).__name__)
def test_the_op_is_required_in_json(command: BaseModel) -> None:
    fields = type(command).model_fields
    op = ["op"] if "op" in fields else []
    needed = [name for name, field in fields.items() if field.is_required()]
    assert type(command).model_json_schema().get("required", []) == [*op, *needed]
