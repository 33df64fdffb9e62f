"""What each tool does, and what its answer says first."""

import pytest

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.domain.events import TaskScored
from plangate.infrastructure.mcp.server import TOOLS
from tests.support.agents.agent import Agent, with_agent

TASKS = [{"id": "a", "title": "Lexer"}, {"id": "b", "title": "Grammar", "depends_on": ["a"]}]


async def planned(agent: Agent, **more: object) -> None:
    await agent("plan_register", goal="Build a parser", tasks=TASKS, plan_id="p", **more)


def test_there_are_at_most_ten_tools_with_hints_and_schemas() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        tools = (await agent.client.list_tools()).tools
        assert [tool.name for tool in tools] == list(TOOLS)
        assert len(tools) <= 10
        for tool in tools:
            assert tool.description
            assert tool.input_schema["additionalProperties"] is False
            assert tool.output_schema
            assert tool.annotations
            assert tool.annotations.open_world_hint is False
        records = {tool.name for tool in tools if not tool.annotations.read_only_hint}  # type: ignore[union-attr]
        overrides = {tool.name for tool in tools if tool.annotations.destructive_hint}  # type: ignore[union-attr]
        assert records == {f"plan_{op}" for op in ("register", "next", "update", "revise", "mark")}
        assert overrides == {"plan_revise", "plan_mark"}

    with_agent(test)


def test_the_instructions_are_short_and_name_the_tools_of_the_loop() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        said = agent.client.instructions or ""
        assert len(said.split()) < 200
        for tool in ("plan_register", "plan_next", "plan_update", "plan_revise", "plan_status"):
            assert tool in said

    with_agent(test)


def test_every_answer_begins_with_the_verdict_and_why() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent)
        for tool in ("plan_next", "plan_status", "plan_history", "plan_explain"):
            assert list(await agent(tool, plan_id="p"))[:2] == ["verdict", "why"]

    with_agent(test)


def test_a_plan_is_registered_from_tasks() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        answer = await agent("plan_register", goal="g", tasks=["One", "Two"], policy="steady")
        plan = await registry.get(answer["plan_id"])
        assert [task.title for task in plan] == ["One", "Two"]
        assert plan.policy.consecutive_lows > 1
        assert answer["task_count"] == 2
        assert [task["task_id"] for task in answer["tasks"]] == list(plan.order)

    with_agent(test)


def test_a_plan_is_registered_from_the_open_items_of_a_checklist() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        checklist = (
            "# Plan\n\n- [x] Begun\n- [ ] Lexer\n  - [ ] Numbers\n  - [-] Names\n\n"
            "```\n- [ ] an example\n```\n\n1. [ ] Grammar\n2. [ ] Docs\n"
        )
        answer = await agent("plan_register", goal="g", checklist=checklist)
        tasks = {task.title: task for task in await registry.get(answer["plan_id"])}
        assert tasks.keys() == {"Lexer", "Numbers", "Grammar", "Docs"}
        assert tasks["Lexer"].depends_on == (tasks["Numbers"].id,)
        assert tasks["Docs"].depends_on == (tasks["Grammar"].id,)

        refused = await agent.refused("plan_register", goal="g", checklist="nothing")
        assert refused["problems"][0]["field"] == "checklist"

    with_agent(test)


def test_a_task_is_handed_out_with_the_token_for_its_score() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await planned(agent)
        answer = await agent("plan_next", plan_id="p", worker="w", lease=60)
        assert (answer["verdict"], answer["task"]["task_id"]) == ("go", "a")
        assert f"token {answer['task']['token']}" in answer["next"][0]
        assert answer["task"]["lease_until"]

        renewed = await agent(
            "plan_next", plan_id="p", task_id="a", token=answer["task"]["token"], lease=600
        )
        assert renewed["task"]["lease_until"] > answer["task"]["lease_until"]
        assert (await registry.get_status("p")).tasks[0].claim

    with_agent(test)


def test_a_given_task_is_handed_out_or_refused_with_the_reason() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent)
        refused = await agent.refused("plan_next", plan_id="p", task_id="b")
        assert refused["error"] == "TaskNotReady"
        assert "'a'" in refused["message"]
        assert (await agent("plan_next", plan_id="p", task_id="a"))["task"]["task_id"] == "a"

    with_agent(test)


def test_without_a_task_the_verdict_says_why() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent)
        await agent("plan_next", plan_id="p", worker="other")
        others_work = await agent("plan_next", plan_id="p")
        assert others_work["verdict"] == "wait"
        assert "1 in progress" in others_work["why"]
        assert "'a' by other" in others_work["next"][0]

        await agent("plan_mark", plan_id="p", task_id="a", status="failed")
        blocked = await agent("plan_next", plan_id="p")
        assert blocked["verdict"] == "blocked"
        assert "1 failed" in blocked["why"]
        assert "plan_revise" in blocked["next"][0]

        for task_id in "ab":
            await agent("plan_mark", plan_id="p", task_id=task_id, status="done")
        complete = await agent("plan_next", plan_id="p")
        assert complete["verdict"] == "complete"
        assert not any("task" in answer for answer in (others_work, blocked, complete))

    with_agent(test)


def test_a_plan_that_is_held_hands_out_nothing_and_says_so() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent, policy={"gate": "hold"})
        await agent.work("p", 0.2)
        held = await agent("plan_next", plan_id="p")
        assert (held["verdict"], "task" in held) == ("replan", False)
        assert "no task is handed out" in held["next"][0]

        await agent("plan_revise", plan_id="p", op="pause", reason="lunch")
        assert (await agent("plan_next", plan_id="p"))["verdict"] == "paused"
        assert (await agent.refused("plan_next", plan_id="p", task_id="a"))["error"] == "PlanHeld"

    with_agent(test)


def test_a_task_in_spite_of_a_due_replan_says_both() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await agent("plan_register", goal="g", tasks=["One", "Two"], plan_id="p")
        await agent.work("p", 0.2)
        answer = await agent("plan_next", plan_id="p")
        assert answer["verdict"] == "replan"
        assert answer["task"]["title"] == "Two"
        assert "A replan is due" in answer["why"]
        assert "plan_revise" in answer["next"][0]

    with_agent(test)


def test_the_next_task_of_all_plans_may_be_chosen_by_labels() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        assert (await agent("plan_next"))["verdict"] == "wait"
        await agent("plan_register", goal="g", tasks=["One"], labels=["ui"], plan_id="ui")
        none = await agent("plan_next", labels=["db"])
        assert "with 'db'" in none["why"]
        assert (await agent("plan_next", labels=["ui"]))["plan_id"] == "ui"

    with_agent(test)


def test_both_scores_are_recorded_at_once_with_who_and_why() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await planned(agent)
        answer = await agent(
            "plan_update",
            plan_id="p",
            task_id="a",
            prompt_score=4,
            output_score=5,
            scale=[1, 5],
            scorer="human:ana@2",
            rationale="tests pass",
            evidence={"tests": 12},
        )
        assert answer["task"]["status"] == "done"
        assert answer["recorded"]
        scores = [
            one.event for one in await registry.history.of("p") if isinstance(one.event, TaskScored)
        ]
        assert [one.score for one in scores] == [0.75, 1.0]
        assert {one.rationale for one in scores} == {"tests pass"}
        assert {one.scorer and one.scorer.name for one in scores} == {"ana"}

    with_agent(test)


def test_a_judge_that_failed_is_recorded_and_scores_nothing() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await planned(agent)
        answer = await agent(
            "plan_update", plan_id="p", task_id="a", kind="output", reason="judge timed out"
        )
        assert answer["evidence"] == "no evidence yet, the judge failed on 1"
        assert (await registry.get_status("p")).tasks[0].confidence is None

    with_agent(test)


def test_a_score_outside_the_scale_is_clamped_with_a_warning_or_refused_with_the_range() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent)
        answer = await agent("plan_update", plan_id="p", task_id="a", output_score=1.5)
        assert "1.5" in answer["warnings"][0]

        strict = {"policy": {"out_of_range": "refuse"}, "goal": "g", "tasks": ["One"]}
        plan = await agent("plan_register", **strict)
        one = plan["tasks"][0]["task_id"]
        refused = await agent.refused(
            "plan_update", plan_id=plan["plan_id"], task_id=one, output_score=1.5
        )
        assert refused["error"] == "InvalidScore"
        assert "from 0" in refused["accepted"]

    with_agent(test)


def test_a_replan_is_answered_by_a_revision_a_retry_or_an_approval() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await planned(agent)
        assert (await agent.work("p", 0.3))["verdict"] == "replan"
        changes = [
            {"op": "split", "task_id": "a", "into": ["Numbers", {"title": "Names"}]},
            {"op": "add", "task": {"id": "c", "title": "Tests"}, "before": "b"},
        ]
        answer = await agent("plan_revise", plan_id="p", op="revise", reason="r", changes=changes)
        assert answer["verdict"] == "go"
        assert [task["title"] for task in answer["tasks"]] == [
            *("Numbers", "Names", "Tests", "Grammar")
        ]

        assert (await agent.work("p", 0.1))["verdict"] == "replan"
        task_id = (await registry.get_status("p")).tasks[0].id
        retried = await agent("plan_revise", plan_id="p", op="retry", reason="r", task_id=task_id)
        assert retried["verdict"] != "replan"

        await agent.work("p", 0.1)
        approved = await agent(
            "plan_revise", plan_id="p", op="approve", reason="good enough", accept=[task_id]
        )
        assert approved["verdict"] != "replan"

    with_agent(test)


def test_a_plan_is_held_and_let_go_on() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent)
        verdicts = [
            (await agent("plan_revise", plan_id="p", op=op, reason="r"))["verdict"]
            for op in ("pause", "resume", "archive", "restore")
        ]
        assert verdicts == ["paused", "go", "archived", "go"]

    with_agent(test)


def test_a_task_is_marked_released_and_deferred() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent)
        token = (await agent("plan_next", plan_id="p"))["task"]["token"]
        released = await agent("plan_mark", plan_id="p", task_id="a", op="release", token=token)
        assert released["task"]["status"] == "pending"
        deferred = await agent(
            "plan_mark",
            plan_id="p",
            task_id="a",
            op="defer_task",
            reason="waits for legal",
            until="2999-01-01T00:00:00Z",
        )
        assert deferred["verdict"] == "wait"
        assert "plan_mark with op undefer_task" in deferred["next"][0]
        assert (await agent("plan_mark", plan_id="p", task_id="a", op="undefer_task"))["recorded"]
        again = await agent("plan_mark", plan_id="p", task_id="a", status="pending")
        assert again["recorded"] is False

    with_agent(test)


def test_a_status_is_brief_or_has_all_tasks_page_by_page() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        titles = [f"Task {number}" for number in range(30)]
        await agent("plan_register", goal="g", tasks=titles, plan_id="p")
        await agent.work("p", 0.9, 0.2)
        brief = await agent("plan_status", plan_id="p")
        assert brief["tasks_by_status"] == {"done": 1, "replanning": 1, "pending": 28}
        assert [task["title"] for task in brief["tasks"]] == ["Task 1"]

        found = list[str]()
        page: dict[str, object] = {}
        while page.get("next_after") or not found:
            page = await agent(
                "plan_status",
                plan_id="p",
                detail="full",
                **({"after": page["next_after"]} if page else {}),
            )
            found += [task["title"] for task in page["tasks"]]  # type: ignore[attr-defined]
        assert found == titles

        failed = await agent("plan_status", plan_id="p", detail="full", status="replanning")
        assert [task["title"] for task in failed["tasks"]] == ["Task 1"]

    with_agent(test)


def test_plans_are_listed_by_verdict_text_and_labels() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent)
        await agent("plan_register", goal="Other", tasks=["One"], plan_id="q", labels=["ui"])
        await agent.work("q", 0.1)
        listed = (await agent("plan_list"))["plans"]
        assert [(one["plan_id"], one["verdict"]) for one in listed] == [
            ("p", "go"),
            ("q", "replan"),
        ]
        for filters in ({"verdict": "replan"}, {"text": "other"}, {"labels": ["ui"]}):
            assert [one["plan_id"] for one in (await agent("plan_list", **filters))["plans"]] == [
                "q"
            ]
        first = await agent("plan_list", limit=1, order="newest")
        assert [one["plan_id"] for one in first["plans"]] == ["q"]
        then = await agent("plan_list", limit=1, order="newest", after=first["next_after"])
        assert [one["plan_id"] for one in then["plans"]] == ["p"]
        assert "next_after" not in then

    with_agent(test)


def test_the_history_has_the_newest_events_first_and_pages_to_the_oldest() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await planned(agent)
        await agent.work("p", 0.3, scorer="judge", rationale="wrong")
        versions = list[int]()
        page = await agent("plan_history", plan_id="p", limit=2)
        assert page["events"][0]["kind"] == "replan-triggered"
        while True:
            versions += [event["version"] for event in page["events"]]
            if "next_before" not in page:
                break
            page = await agent("plan_history", plan_id="p", limit=2, before=page["next_before"])
        assert versions == list(range((await registry.get_status("p")).version, 0, -1))

        scored = await agent("plan_history", plan_id="p", kind="task-scored", detail="full")
        (event,) = scored["events"]
        assert (event["by"], event["why"], event["event"]["score"]) == ("judge", "wrong", 0.3)
        of_b = (await agent("plan_history", plan_id="p", task="b"))["events"]
        assert [event["kind"] for event in of_b] == ["plan-created"]

        await registry.delete("p")
        assert (await agent("plan_history", plan_id="p"))["verdict"] == "deleted"

    with_agent(test)


def test_an_explanation_names_the_costly_tasks_and_the_score_that_would_flip_the_gate() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        titles = [f"Task {number}" for number in range(5)]
        await agent("plan_register", goal="g", tasks=titles, plan_id="p")
        await agent.work("p", 0.9, 0.9, 0.2, 0.9, 0.9)
        brief = await agent("plan_explain", plan_id="p", since=3)
        assert brief["parts"][0]["title"] == "Task 2"
        assert len(brief["parts"]) == 3
        assert brief["flip"]
        assert brief["moves"]
        full = await agent("plan_explain", plan_id="p", detail="full", version=brief["version"])
        assert len(full["parts"]) == 5
        total = sum(part["contribution"] for part in full["parts"])
        assert total == pytest.approx(full["rolling_confidence"], abs=1e-3)

    with_agent(test)


def test_another_policy_is_tried_and_nothing_is_recorded() -> None:
    async def test(agent: Agent, registry: AsyncPlanRegistry) -> None:
        await planned(agent)
        await agent.work("p", 0.3)
        before = await registry.history.last_position()
        answer = await agent("plan_whatif", policy="steady")
        assert answer["why"].startswith("1 of 1 plans")
        assert answer["compared"][0]["recorded"]["replans"] == 1
        assert answer["compared"][0]["replayed"]["replans"] == 0
        named = await agent("plan_whatif", policy={"confidence_threshold": 0.1}, plan_ids=["p"])
        assert named["changed"] == 1
        assert await registry.history.last_position() == before

    with_agent(test)


def test_a_plan_without_evidence_has_no_confidence() -> None:
    async def test(agent: Agent, _: AsyncPlanRegistry) -> None:
        await planned(agent)
        (listed,) = (await agent("plan_list"))["plans"]
        (event,) = (await agent("plan_history", plan_id="p"))["events"]
        explained = await agent("plan_explain", plan_id="p")
        tried = await agent("plan_whatif", plan_ids=["p"], policy={"decay": 1.0})
        for answer in (listed, event, explained, *(one["recorded"] for one in tried["compared"])):
            assert "rolling_confidence" not in answer

    with_agent(test)
