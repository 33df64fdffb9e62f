"""Commands without a key of their own are recorded once, and their keys hold none of their text."""

from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from plangate.application.commands import validated
from plangate.application.idempotency import ERASABLE_ARGUMENTS, digest_without_text
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain.errors import InvalidInput, TaskNotFound
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import Erasable
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup, restore_backup

CREATE: Final = {"op": "create", "goal": "g", "tasks": [{"id": "a", "title": "A"}], "plan_id": "p"}


def scored(rationale: str, **more: Any) -> dict[str, Any]:
    return {
        "op": "score_prompt",
        "plan_id": "p",
        "task_id": "a",
        "score": 0.5,
        "rationale": rationale,
        **more,
    }


def apply(registry: PlanRegistry, *lines: dict[str, Any], name: str | None = None) -> list[str]:
    """Execute all in one run; the answer is their keys."""
    run, keys = registry.repeatable_run(name), []
    for number, line in enumerate(lines):
        command = {k: v for k, v in line.items() if k != "plan_id" or line["op"] == "create"}
        plan_id = None if line["op"] == "create" else line["plan_id"]
        key, _ = run.execute(plan_id, validated(command), idempotency_key=f"former-{number}")
        keys.append(key)
    return keys


def events(registry: PlanRegistry) -> int:
    return registry.history.last_position()


def test_lines_that_differ_in_their_text_are_recorded_and_recognised(
    registry: PlanRegistry,
) -> None:
    lines = (CREATE, scored("one"), scored("two"), scored("one"))
    keys = apply(registry, *lines)
    assert len({*keys}) == events(registry) == 4
    for order in permutations(lines[1:]):
        assert sorted(apply(registry, CREATE, *order)) == sorted(keys)
    assert events(registry) == 4


def test_an_equal_line_inserted_before_another_is_recorded_and_nothing_else(
    registry: PlanRegistry,
) -> None:
    apply(registry, CREATE, scored("one"))
    apply(registry, CREATE, scored("none"), scored("one"), scored("one"))
    assert events(registry) == 4
    apply(registry, CREATE, scored("none"), scored("one"), scored("one"))
    assert events(registry) == 4


def test_after_an_erasure_the_same_file_records_nothing(registry: PlanRegistry) -> None:
    lines = (CREATE, scored("one"), scored("two"))
    apply(registry, *lines)
    registry.erase("p")
    before = events(registry)
    apply(registry, *lines)
    assert events(registry) == before

    apply(registry, *lines, scored("three"))
    apply(registry, CREATE, scored("three"), *lines[1:])
    assert events(registry) == before + 1


def test_plans_without_ids_are_found_again_by_the_ids_that_their_keys_make(
    registry: PlanRegistry,
) -> None:
    drafts = [
        {"op": "create", "goal": goal, "tasks": [{"title": "one"}, {"title": "two"}]}
        for goal in ("a goal", "another goal")
    ]
    apply(registry, *drafts)
    apply(registry, *reversed(drafts))
    assert events(registry) == 2

    (plan_id, *_) = [plan.plan_id for plan in registry.list_plans().plans]
    add = {"op": "revise", "plan_id": plan_id, "reason": "r"}
    adds = [{**add, "changes": [{"op": "add", "task": {"title": t}}]} for t in ("three", "four")]
    keys = apply(registry, *adds)
    assert apply(registry, *reversed(adds)) == keys[::-1]
    assert len(registry.get_status(plan_id).tasks) == 4


def test_a_refused_line_uses_no_key(registry: PlanRegistry) -> None:
    apply(registry, CREATE)
    run = registry.repeatable_run()
    command = {k: v for k, v in scored("one", task_id="b").items() if k != "plan_id"}
    for _ in range(2):
        with pytest.raises(TaskNotFound):
            run.execute("p", validated(command), idempotency_key="former")
    registry.revise("p", "r", [{"op": "add", "task": {"id": "b", "title": "B"}}])
    before = events(registry)
    apply(registry, scored("one", task_id="b"))
    apply(registry, scored("one", task_id="b"))
    assert events(registry) == before + 1


def test_a_key_that_holds_a_digest_of_text_is_recognised(registry: PlanRegistry) -> None:
    registry.execute(None, CREATE, idempotency_key="former-0")
    registry.score_prompt("p", "a", 0.5, rationale="one", idempotency_key="former-1")
    assert apply(registry, CREATE, scored("one")) == ["former-0", "former-1"]
    assert events(registry) == 2


def test_named_runs_have_keys_of_their_own(registry: PlanRegistry) -> None:
    apply(registry, CREATE, scored("one"))
    apply(registry, scored("one"), name="again")
    apply(registry, scored("one"), name="again")
    assert events(registry) == 3


def test_a_key_that_another_process_takes_meanwhile_is_left_to_it(
    registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(registry, CREATE)
    execute = PlanRegistry.execute

    def after_another(self: PlanRegistry, *given: Any, **context: Any) -> Any:
        monkeypatch.setattr(PlanRegistry, "execute", execute)
        apply(self, scored("of another process"))
        return execute(self, *given, **context)

    monkeypatch.setattr(PlanRegistry, "execute", after_another)
    run = registry.repeatable_run()
    command = {k: v for k, v in scored("one").items() if k != "plan_id"}
    key, answer = run.execute("p", validated(command), idempotency_key="former")
    assert isinstance(answer, PlanStatus)
    assert key.endswith("-1")
    assert events(registry) == 3


def test_a_plan_id_that_is_none_is_refused(registry: PlanRegistry) -> None:
    command = {k: v for k, v in scored("one").items() if k != "plan_id"}
    with pytest.raises(InvalidInput, match="plan_id"):
        registry.repeatable_run().execute(None, validated(command), idempotency_key="k")
    with pytest.raises(InvalidInput, match="plan_id"):
        registry.repeatable_run().execute("", validated(command), idempotency_key="k")


# --- what is in a key ---


def test_all_erasable_fields_of_events_are_left_out() -> None:
    found = {
        name
        for event in get_args(get_args(PlanEvent)[0])
        for model in (event, *_inside(event))
        for name, info in model.model_fields.items()
        if any(isinstance(note, Erasable) for note in info.metadata)
    }
    assert found == ERASABLE_ARGUMENTS


def _inside(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for info in model.model_fields.values():
        for part in (info.annotation, *get_args(info.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield part


WITH_TEXT: Final[list[Callable[[str], dict[str, Any]]]] = [
    lambda t: {**CREATE, "goal": t},
    lambda t: {**CREATE, "metadata": {t: [t]}},
    lambda t: {**CREATE, "tasks": [{"id": "a", "title": t, "description": t, "metadata": {t: t}}]},
    lambda t: scored(t, evidence={t: {"score": t}}),
    lambda t: {"op": "update", "task_id": "a", "output_score": 1, "rationale": t},
    lambda t: {"op": "record_scoring_failure", "task_id": "a", "kind": "output", "reason": t},
    lambda t: {"op": "retract_score", "event_id": "p@2", "reason": t},
    lambda t: {
        "op": "record_outcome",
        "task_id": "a",
        "outcome": "accepted",
        "source": "s",
        "note": t,
    },
    lambda t: {"op": "mark_task", "task_id": "a", "status": "done", "reason": t},
    lambda t: {"op": "release", "task_id": "a", "reason": t},
    lambda t: {"op": "defer_task", "task_id": "a", "reason": t},
    lambda t: {"op": "undefer_task", "task_id": "a", "reason": t},
    lambda t: {
        "op": "revise",
        "reason": t,
        "changes": [
            {"op": "add", "task": {"title": t, "description": t}},
            {"op": "change", "task_id": "a", "title": t, "metadata": {t: t}},
            {"op": "split", "task_id": "a", "into": [{"title": t}, {"title": t}]},
            {"op": "replace", "task_id": "a", "by": {"title": t, "metadata": {t: t}}},
        ],
    },
    *(
        lambda t, op=op: {"op": op, "reason": t}
        for op in ("approve", "pause", "resume", "archive", "restore", "delete")
    ),
    lambda t: {"op": "retry", "task_id": "a", "reason": t},
]


@pytest.mark.parametrize("line", WITH_TEXT)
@given(one=st.text("abc ", min_size=1), other=st.text("xyz ", min_size=1))
def test_no_text_changes_a_key(line: Callable[[str], dict[str, Any]], one: str, other: str) -> None:
    keys = set()
    for text in (one, other):
        given_ = line(f"the text {text}")
        plan_id = given_.get("plan_id") if given_["op"] == "create" else given_.pop("plan_id", None)
        assert plan_id in {"p", None}
        keys.add(digest_without_text(validated(given_)))
    assert len(keys) == 1
    assert keys != {None}


def test_numbers_and_ids_change_a_key() -> None:
    texts = [scored("t"), scored("t", score=0.6), scored("t", task_id="b"), scored("t", token=1)]
    commands = [validated({k: v for k, v in one.items() if k != "plan_id"}) for one in texts]
    assert len({digest_without_text(one) for one in commands}) == len(texts)


def test_a_command_without_text_has_no_key_of_its_own() -> None:
    assert digest_without_text(validated({"op": "next_task"})) is None


# --- wherever the plans go ---


def _copied(folder: Path, source: PlanRegistry) -> PlanRegistry:
    target = connect(folder / "copy.db")
    source.bundles.copy_to(target)
    return target


def _restored(folder: Path, source: PlanRegistry) -> PlanRegistry:
    source.bundles.copy_to(target := connect(folder / "whole.db"))
    target.close()
    backup(folder / "backup.db", folder / "whole.db")
    restore_backup(folder / "backup.db", folder / "restored.db")
    return connect(folder / "restored.db")


def _imported(folder: Path, source: PlanRegistry) -> PlanRegistry:
    source.bundles.export(str(folder / "plans.bundle"))
    target = connect("memory:")
    target.bundles.import_bundle(str(folder / "plans.bundle"))
    return target


@pytest.mark.parametrize("carried", [_copied, _restored, _imported])
@pytest.mark.parametrize("erased", [False, True])
def test_what_was_recorded_is_recognised_wherever_it_was_carried(
    tmp_path: Path,
    carried: Callable[[Path, PlanRegistry], PlanRegistry],
    *,
    erased: bool,
) -> None:
    lines = (CREATE, scored("one"), scored("two"), scored("one"))
    loopllm = {
        "plan_id": "l",
        "goal": "Say something",
        "tasks": [{"id": "a", "title": "A title", "prompt_score": 0.5}],
    }
    with connect("memory:") as source:
        apply(source, *lines)
        source.bundles.import_plans(loopllm, "loopllm")
        if erased:
            source.erase("p")
            source.erase("l")
        with carried(tmp_path, source) as target:
            before = events(target)
            apply(target, *lines)
            (again,) = target.bundles.import_plans(loopllm, "loopllm").plans
            assert again.outcome == "already_there"
            assert events(target) == before == events(source)
