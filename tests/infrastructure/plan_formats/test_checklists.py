# ruff: noqa: ISC004  (texts of several lines among others)
"""Checklists of spec-kit, Kiro, OpenSpec and by hand: what is ready there is ready here."""

from datetime import UTC, datetime

import pytest

from plangate.application.importing.building import build_plan
from plangate.application.importing.foreign import ForeignPlan
from plangate.domain.plan import Plan
from plangate.infrastructure.plan_formats.reading import plan_from_markdown

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def built(text: str, name: str | None = None) -> tuple[str, ForeignPlan]:
    read = plan_from_markdown(text, name=name)
    (listed,) = read.lists
    return read.format.value, build_plan(listed, listed.plan_id, {}, "imported", NOW)


def ready(plan: Plan) -> list[str]:
    return [task.id for task in plan if plan.is_ready(task)]


SPEC_KIT = {
    "the next phase waits for the one before it": (
        "# Tasks: Login\n\n## Phase 1: Setup\n\n- [x] T001 Create\n- [ ] T002 Initialize\n\n"
        "## Phase 2: Login\n\n- [ ] T003 [P] [US1] Model\n",
        ["T002"],
    ),
    "what may be done in parallel is ready together": (
        "## Phase 1\n- [X] T001 Create\n- [ ] T002 [P] Lint\n"
        "- [ ] T003 [P] Test\n- [ ] T004 Build\n",
        ["T002", "T003"],
    ),
    "a task without [P] waits for those beside it": (
        "- [x] T001 [P] a\n- [ ] T002 [P] b\n- [ ] T003 c\n",
        ["T002"],
    ),
    "ids in bold, and a label of the feature": (
        "- [ ] **T001** [US12] Create `src/a_b.py`\n- [ ] **T002** Next\n",
        ["T001"],
    ),
    "a dependency that is named": (
        "- [ ] T001 One\n- [ ] T002 [P] Two\n- [ ] T003 [P] Three (depends on T002, T001)\n",
        ["T001"],
    ),
    "examples in code and comments are not tasks": (
        "<!--\n- [ ] T900 Sample\n-->\n\n```text\n- [ ] T901 Sample\n```\n\n> - [ ] T902 quoted\n\n"
        "- [ ] T001 Only this\n",
        ["T001"],
    ),
    "one number twice": ("- [x] T001 a\n- [ ] T001 b\n- [ ] T002 c\n", ["T001-2"]),
}

KIRO = {
    "one after the other": (
        "# Implementation Plan\n\n- [x] 1. Set up\n  - Make folders\n"
        "  - _Requirements: 1.1, 2.3_\n\n"
        "- [ ] 2. Models\n- [ ] 3. Last\n",
        ["2"],
    ),
    "parts before their whole": (
        "- [ ] 1. Whole\n  - [ ] 1.1 First part\n  - [ ] 1.2 Second part\n- [ ] 2. Next\n",
        ["1.1"],
    ),
    "parts that stand beside their whole": (
        "- [ ] 1. Whole\n- [x] 1.1 First part\n- [ ] 1.2 Second part\n- [ ] 2. Next\n",
        ["1.2"],
    ),
    "in progress is a hyphen": ("- [-] 1. Under way\n- [ ] 2. Next\n", []),
    "optional tasks are not handed out, and hold nothing": (
        "- [x] 1. Code\n- [ ]* 2. Optional tests\n- [ ] 3. Next\n",
        ["3"],
    ),
    "what may be done in parallel": (
        "- [x] 1. a\n- [ ] 2. (P) b\n- [ ] 3. (P) c\n- [ ] 4. d\n",
        ["2", "3"],
    ),
}

OPENSPEC = {
    "numbered below numbered headings": (
        "## 1. Code\n- [x] 1.1 Schema\n- [ ] 1.2 Route\n\n## 2. Tests\n- [ ] 2.1 Cover\n",
        ["1.2"],
    ),
    "the next section waits": ("## 1. A\n- [ ] 1.1 a\n## 2. B\n- [ ] 2.1 b\n", ["1.1"]),
    "a section that is done": ("## 1. A\n- [x] 1.1 a\n## 2. B\n- [ ] 2.1 b\n", ["2.1"]),
    "parts inside": (
        "## 1. A\n- [ ] 1.1 Whole\n  - [ ] 1.1.1 Part\n- [ ] 1.2 Next\n",
        ["1.1.1"],
    ),
    "headings of the third level": ("### 1. A\n- [ ] 1.1 a\n### 2. B\n- [ ] 2.1 b\n", ["1.1"]),
    "cancelled tasks hold nothing": ("## 1. A\n- [-] 1.1 a\n- [ ] 1.2 b\n", ["1.2"]),
}

BY_HAND = {
    "bullets do not wait for each other": (
        "# Todo\n\n- [ ] Buy milk\n- [ ] Walk\n",
        ["buy-milk", "walk"],
    ),
    "numbers do": ("1. [ ] One\n2. [ ] Two\n", ["one"]),
    "another numbered list begins anew": (
        "1. [ ] One\n2. [ ] Two\n\nText\n\n1. [ ] Three\n2. [ ] Four\n",
        ["one", "three"],
    ),
    "a task waits for those inside it": (
        "- [ ] Whole\n  - [ ] Part\n  - plain\n    - [ ] Deeper\n",
        ["part", "deeper"],
    ),
    "an issue body, with what blocks it": (
        "### Tasks\n- [x] #12\n- [ ] #13\n- [ ] Ship it (blocked by #13)\n- [ ] o/r#4 upstream\n",
        ["#13", "o/r#4"],
    ),
    "what is blocked by something that is not here": ("- [ ] Ship (blocked by #99)\n", []),
    "a box that is not understood counts as open": ("- [?] Odd\n- [] Empty\n", ["odd", "empty"]),
    "marks by hand": ("- [~] Begun\n- [/] Half\n- [>] Later\n- [-] Never\n- [✓] Done\n", []),
    "two tasks with one title": (
        "- [ ] Test\n- [x] Test\n- [ ] 試験\n- [ ] !!!\n",
        ["test", "試験", "line-4"],
    ),
    "stars and pluses, with Windows line ends": ("* [ ] a\r\n+ [ ] b\r\n", ["a", "b"]),
}


@pytest.mark.parametrize(
    "kind, text, expected",
    [
        pytest.param(kind, text, expected, id=f"{kind}: {name}")
        for kind, shapes in (
            ("spec-kit", SPEC_KIT),
            ("kiro", KIRO),
            ("openspec", OPENSPEC),
            ("markdown", BY_HAND),
        )
        for name, (text, expected) in shapes.items()
    ],
)
def test_a_checklist_is_recognised_and_only_what_is_ready_is(
    kind: str, text: str, expected: list[str]
) -> None:
    found, plan = built(text)
    assert (found, ready(plan.plan)) == (kind, expected)


def test_titles_labels_sections_and_descriptions_come_along() -> None:
    _, plan = built(SPEC_KIT["ids in bold, and a label of the feature"][0])
    first = plan.plan.task("T001")
    assert (first.title, first.labels) == ("Create `src/a_b.py`", ("US12",))
    _, plan = built(KIRO["one after the other"][0], "x/.kiro/specs/login/tasks.md")
    assert (plan.plan.plan_id, plan.plan.goal) == ("login", "Implementation Plan: login")
    assert plan.plan.task("1").description == "- Make folders\n- _Requirements: 1.1, 2.3_"
    _, plan = built(OPENSPEC["the next section waits"][0])
    assert plan.plan.task("2.1").metadata == {"section": "2. B"}


def test_problems_have_line_and_column() -> None:
    read = plan_from_markdown("# T\n\n- [ ] a\n  - [?] b\n")
    assert [(one.line, one.column, one.theirs) for one in read.problems] == [(4, 3, "[?]")]
    (nothing,) = plan_from_markdown("# Only prose\n\n- a bullet\n").problems
    assert (nothing.line, nothing.why[:37]) == (1, "there is no list item with a checkbox")


def test_what_people_change_in_a_checklist_of_ours_is_read() -> None:
    text = (
        '---\nplangate: billing\npolicy: {"confidence_threshold": 7}\n---\n\n# Ship\n\n'
        "- [ ] `a` Write\n\n  - priority: high\n  - output score: 7\n  - status: odd\n\n"
        "  ```json\n  7\n  ```\n\n"
        "- [x] A new one\n  - [!] inside\n"
    )
    read = plan_from_markdown(text)
    (listed,) = read.lists
    assert (listed.plan_id, listed.is_named) == ("billing", True)
    assert [(task.id, task.status.value, tuple(task.depends_on)) for task in listed.tasks] == [
        ("a", "pending", ()),
        ("inside", "pending", ()),
        ("a-new-one", "done", ("inside",)),
    ]
    assert [one.why for one in read.problems] == [
        "there is no such status",
        "priority must be a whole number",
        "the metadata is not a JSON object",
        "output score must be a number from 0 to 1",
        "the box is not understood; the task counts as open",
        "the policy is not valid; the plan has the usual one",
    ]


def test_what_looks_like_a_task_and_is_none_is_listed() -> None:
    _, found = built(
        "- [ ] T001 One\n- [ ]T002 Two\n\n-[x] T003 Three\n1.[ ] T004 Four\n\n"
        "```\n-[ ] T005 code\n```\n\n<!--\n-[ ] T006 comment\n-->\n\n> -[ ] T007 quoted\n\n"
        "- [x](link.md) and [ ] in a text\n- 3 [ ] boxes\n- [a] mark\n\n[ ] no bullet\n"
    )

    assert [task.id for task in found.plan] == ["T001", "mark"]
    listed = [one for one in found.not_carried if "looks like a task" in one.why]
    assert [(one.line, one.theirs) for one in listed] == [
        (2, "- [ ]T002 Two"),
        (4, "-[x] T003 Three"),
        (5, "1.[ ] T004 Four"),
    ]


def test_items_may_be_nested_sixty_deep() -> None:
    deep = "".join(f"{'  ' * level}- [ ] level {level}\n" for level in range(60))

    _, found = built(deep)

    assert len(found.plan.order) == 60
    assert ready(found.plan) == ["level-59"]
