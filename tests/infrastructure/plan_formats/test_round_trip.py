"""A plan written as a checklist is the same plan when it is read back."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plangate.application.importing.building import build_plan
from plangate.domain import commands
from plangate.domain.decisions import grant
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.plan_formats.own_checklist import write_checklist
from plangate.infrastructure.plan_formats.reading import plan_from_markdown
from tests.support.properties import repeatable

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

# Markdown has no control characters but line breaks and tabs, and ends lines in one way.
LETTERS = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t`*_[]<>&#\\-~|\"'")
MARKUP = st.sampled_from(
    ["`", "``", "[x](y)", "- [ ] a", "\n", "* b", "&amp;", "<b>", "# ", "> ", "```\n", "    ", "\\"]
)
TEXTS = st.lists(st.one_of(st.text(LETTERS, max_size=8), MARKUP), max_size=6).map("".join)
FILLED = TEXTS.filter(lambda text: bool(text.strip()))
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12
).filter(lambda text: bool(text.strip()))
SCORES = st.none() | st.floats(0, 1)
JSON = st.dictionaries(
    NAMES, st.none() | st.integers(-9, 9) | TEXTS | st.lists(TEXTS, max_size=2), max_size=2
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    ids = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    tasks = [
        commands.NewTask(
            id=own,
            title=draw(FILLED),
            description=draw(TEXTS),
            depends_on=tuple(draw(st.lists(st.sampled_from(ids[:n]), unique=True)) if n else ()),
            priority=draw(st.none() | st.integers(-1000, 1000)),
            labels=tuple(draw(st.lists(NAMES, max_size=2, unique=True))),
            metadata=draw(JSON),
        )
        for n, own in enumerate(ids)
    ]
    created = commands.CreatePlan(
        goal=draw(FILLED),
        tasks=tuple(tasks),
        policy=draw(st.sampled_from([Policy(), Policy(confidence_threshold=0.5)])),
        priority=draw(st.integers(-3, 3)),
        labels=tuple(draw(st.lists(NAMES, max_size=2, unique=True))),
        metadata=draw(JSON),
    )
    plan = done(Plan(draw(NAMES)), created)
    for own in ids:
        prompt, output = draw(SCORES), draw(SCORES)
        if prompt is not None or output is not None:
            plan = done(
                plan,
                commands.UpdateScores(
                    task_id=own, prompt_score=prompt, output_score=output, mark_done=False
                ),
            )
    for own in ids:
        status = draw(st.sampled_from(TaskStatus))
        plan = done(plan, commands.MarkTask(task_id=own, status=status))
        if status is TaskStatus.PENDING and draw(st.booleans()):
            plan = done(plan, commands.DeferTask(task_id=own, reason=draw(FILLED)))
    return plan


def done(plan: Plan, command: commands.PlanCommand) -> Plan:
    return grant(plan, command, NOW)[1]


def facts(plan: Plan) -> dict[str, Any]:
    return {
        "plan": (plan.plan_id, plan.goal, plan.priority, plan.labels, plan.metadata, plan.policy),
        "tasks": [
            {
                "id": task.id,
                "title": task.title,
                "description": task.description or "",
                "depends_on": task.depends_on,
                "priority": task.priority,
                "labels": task.labels,
                "metadata": task.metadata,
                "status": task.status,
                "scores": (task.prompt_score, task.output_score),
                "deferred": task.deferred and task.deferred.reason,
            }
            for task in plan
        ],
    }


@repeatable
@given(plans())
def test_a_plan_comes_back_from_its_checklist_as_it_was(plan: Plan) -> None:
    text = write_checklist(plan, NOW)
    read = plan_from_markdown(text)
    (listed,) = read.lists
    built = build_plan(listed, listed.plan_id, {}, "read back", NOW)
    assert read.problems == ()
    assert list(built.not_carried) == []
    assert facts(built.plan) == facts(plan)
    assert write_checklist(built.plan, NOW).split("\n\n", 2)[0] == text.split("\n\n", 2)[0]
