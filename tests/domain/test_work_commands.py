"""The commands about work and the plan itself: their shapes and bounds."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from plangate.domain.commands import (
    AddTask,
    Change,
    ChangeTask,
    DropTask,
    MoveTask,
    ReplaceTask,
    RevisePlan,
    SplitTask,
)
from tests.support.examples import (
    APPROVE,
    ARCHIVE,
    PAUSE,
    RESTORE,
    RESUME,
    WHY,
    A,
    B,
    C,
    D,
    E,
    claim_next,
    create,
    mark,
    new,
    release,
    renew,
    retry,
    revise,
    score_output,
    score_prompt,
    update,
)

WITH_A_REASON = [retry(), APPROVE, revise(), PAUSE, RESUME, ARCHIVE, RESTORE]
WITH_A_TOKEN = [score_prompt(), score_output(), update(), mark(), release(), renew()]
CHANGE = ChangeTask(task_id=A, title="Better")
EVERY_CHANGE: list[Change] = [
    AddTask(task=new(D)),
    CHANGE,
    MoveTask(task_id=A),
    DropTask(task_id=A),
    SplitTask(task_id=A, into=(new(D), new(E))),
    ReplaceTask(task_id=A, by=new(D)),
]
PLACED = [AddTask(task=new(D)), MoveTask(task_id=A)]


def by_name(command: object) -> str:
    return type(command).__name__


def remade(command: BaseModel, **fields: object) -> Any:
    """The same command with other fields, read as from a caller."""
    said = {name: getattr(command, name) for name in command.model_fields_set}
    return type(command).model_validate(said | fields)


def refused(command: BaseModel, **fields: object) -> list[tuple[object, ...]]:
    """Where the wrong things stand."""
    with pytest.raises(ValidationError) as caught:
        remade(command, **fields)
    return [error["loc"] for error in caught.value.errors()]


# --- reasons, tokens, workers, leases ------------------------------------------


@pytest.mark.parametrize("command", WITH_A_REASON, ids=by_name)
def test_what_is_decided_about_a_plan_has_a_reason(command: BaseModel) -> None:
    assert remade(command, reason="x" * 20_000).reason == "x" * 20_000
    for wrong in ("x" * 20_001, "", " \n", "a\0", None, 7):
        assert refused(command, reason=wrong) == [("reason",)]
    with pytest.raises(ValidationError, match="reason\n  Field required"):
        type(command).model_validate(command.model_dump(exclude={"reason"}))


def test_a_task_is_given_back_with_a_reason_or_without() -> None:
    assert release().reason is None
    assert release(reason=WHY).reason == WHY
    assert refused(release(), reason=" ") == [("reason",)]


@pytest.mark.parametrize("command", WITH_A_TOKEN, ids=by_name)
def test_a_command_may_name_the_claim_it_acts_under(command: BaseModel) -> None:
    assert remade(command, token=1).token == 1
    for wrong in (0, -1, True, "1", 1.0):
        assert refused(command, token=wrong) == [("token",)]


@pytest.mark.parametrize("command", WITH_A_TOKEN[:-1], ids=by_name)
def test_a_token_may_be_left_out(command: BaseModel) -> None:
    assert remade(command).token is None
    assert remade(command, token=None).token is None


def test_a_heartbeat_has_a_token() -> None:
    assert refused(renew(), token=None) == [("token",)]
    with pytest.raises(ValidationError, match="token\n  Field required"):
        type(renew()).model_validate({"task_id": A})


def test_a_claim_may_name_a_worker_a_lease_and_a_task() -> None:
    bare = type(claim_next())()
    assert (bare.worker, bare.lease, bare.task_id) == (None, None, None)

    full = claim_next("x" * 200, 60, A)
    assert (full.worker, full.lease, full.task_id) == ("x" * 200, 60.0, A)
    for field in ("worker", "task_id"):
        for wrong in ("x" * 201, "", " ", "a\n", 7):
            assert refused(claim_next(), **{field: wrong}) == [(field,)]


@pytest.mark.parametrize("command", [claim_next(), renew()], ids=by_name)
def test_a_lease_is_bounded(command: BaseModel) -> None:
    assert remade(command, lease=0.001).lease == 0.001
    assert remade(command, lease=2_592_000).lease == 2_592_000.0
    for wrong in (0, -1, 2_592_000.001, float("nan"), float("inf"), True, "60"):
        assert refused(command, lease=wrong) == [("lease",)]


@pytest.mark.parametrize("command", [renew(), release(), retry(), *EVERY_CHANGE[1:]], ids=by_name)
def test_a_task_is_named_by_an_identifier(command: BaseModel) -> None:
    assert remade(command, task_id="x" * 200).task_id == "x" * 200
    for wrong in ("x" * 201, "", " ", "a\n", 7, None):
        assert refused(command, task_id=wrong) == [("task_id",)]


# --- priority, labels, dependencies --------------------------------------------


@pytest.mark.parametrize("command", [create(), new(A), CHANGE], ids=by_name)
def test_priority_and_labels_are_bounded(command: BaseModel) -> None:
    assert remade(command, priority=-1_000, labels=["a", "b"]).labels == ("a", "b")
    for wrong in (1_001, -1_001, True, "1", 1.0):
        assert refused(command, priority=wrong) == [("priority",)]
    assert refused(command, labels=["a", "a"]) == [("labels",)]
    assert refused(command, labels=["a", " "]) == [("labels", 1)]
    assert refused(command, labels=list(map(str, range(51)))) == [("labels",)]


@pytest.mark.parametrize("command", [new(A), CHANGE], ids=by_name)
def test_dependencies_are_different_identifiers(command: BaseModel) -> None:
    assert remade(command, depends_on=[B, C]).depends_on == (B, C)
    assert refused(command, depends_on=[B, B]) == [("depends_on",)]
    assert refused(command, depends_on=[B, ""]) == [("depends_on", 1)]


def test_priority_and_labels_may_be_left_out() -> None:
    assert (create().priority, create().labels) == (0, ())
    assert (new(A).priority, new(A).labels, new(A).depends_on) == (None, (), ())


# --- revisions -----------------------------------------------------------------


def test_there_is_an_example_of_every_change() -> None:
    assert {type(change) for change in EVERY_CHANGE} == set(get_args(Change))


@pytest.mark.parametrize("change", EVERY_CHANGE, ids=by_name)
def test_no_change_has_unknown_fields_or_changes(change: Change) -> None:
    assert remade(change) == change
    assert refused(change, colour="red") == [("colour",)]
    with pytest.raises(ValidationError, match="frozen"):
        setattr(change, "op", "other")  # noqa: B010  (the type checker knows that it cannot be)


@pytest.mark.parametrize("change", EVERY_CHANGE, ids=by_name)
def test_a_change_is_recognised_by_what_it_is_called(change: Change) -> None:
    said = change.model_dump(exclude_defaults=True, exclude_none=True)
    command = RevisePlan.model_validate({"reason": WHY, "changes": [{"op": change.op} | said]})

    assert command.changes == (change,)


def test_changes_are_called_by_short_verbs() -> None:
    called = [change.op for change in EVERY_CHANGE]

    assert called == ["add", "change", "move", "drop", "split", "replace"]
    with pytest.raises(ValidationError, match="does not match any of the expected tags"):
        RevisePlan.model_validate({"reason": WHY, "changes": [{"op": "erase", "task_id": A}]})


def test_a_revision_holds_between_one_and_a_thousand_changes() -> None:
    assert len(remade(revise(), changes=[CHANGE] * 1_000).changes) == 1_000
    for count in (0, 1_001):
        assert refused(revise(), changes=[CHANGE] * count) == [("changes",)]


def test_a_task_is_split_into_between_two_and_a_thousand() -> None:
    whole = EVERY_CHANGE[4]
    parts = [new(str(number)) for number in range(1_001)]

    assert len(remade(whole, into=parts[:2]).into) == 2
    assert len(remade(whole, into=parts[:1_000]).into) == 1_000
    for count in (0, 1, 1_001):
        assert refused(whole, into=parts[:count]) == [("into",)]


@pytest.mark.parametrize("change", PLACED, ids=by_name)
def test_a_task_goes_before_another_or_after_one_and_not_both(change: Change) -> None:
    bare = remade(change)
    assert (bare.before, bare.after) == (None, None)
    assert remade(change, before=B).before == remade(change, after=B).after == B
    for side in ("before", "after"):
        assert refused(change, **{side: ""}) == [(side,)]
    with pytest.raises(ValidationError, match="give before or after, not both"):
        remade(change, before=B, after=C)


@pytest.mark.parametrize(
    "field, most", [("title", 500), ("description", 20_000)], ids=["title", "description"]
)
def test_what_a_change_says_is_bounded_as_in_a_new_task(field: str, most: int) -> None:
    assert getattr(remade(CHANGE, **{field: "x" * most}), field) == "x" * most
    for wrong in ("x" * (most + 1), "a\0", 7):
        assert refused(CHANGE, **{field: wrong}) == [(field,)]
    assert refused(CHANGE, title=" ") == [("title",)]


def test_the_metadata_of_a_change_is_a_json_object() -> None:
    assert remade(CHANGE, metadata={"size": 3}).metadata == {"size": 3}
    outlandish: list[object] = [[], "text", {1: 2}, {"a": float("nan")}, {"a": "x" * 65_536}]
    for wrong in outlandish:
        assert refused(CHANGE, metadata=wrong) == [("metadata",)]


def test_what_a_change_leaves_out_is_not_said() -> None:
    bare = ChangeTask(task_id=A)

    assert bare.model_dump(exclude_none=True) == {"op": "change", "task_id": A}
