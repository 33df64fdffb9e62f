# ruff: noqa: E501  (screens as they are printed, texts of several lines)
"""`plangate import` of what other tools keep: recognised, shown first, and updated."""

from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.exits import REFUSED, USAGE
from tests.infrastructure.cli.conftest import Plangate

TASKS = """# Tasks: Login

## Phase 1: Setup

- [x] T001 Create the project
- [?] T002 [P] Lint
- [ ] T003 [P] Test

## Phase 2: Login

- [ ] T004 [US1] Model (depends on T099)
"""


@pytest.fixture
def checklist(plangate: Plangate, tmp_path: Path) -> Path:  # noqa: ARG001  (in its folder)
    folder = tmp_path / "specs" / "001-login"
    folder.mkdir(parents=True)
    (folder / "tasks.md").write_text(TASKS, "utf-8")
    return Path("specs/001-login/tasks.md")


def test_a_plan_is_shown_first_and_makes_no_store(
    plangate: Plangate, checklist: Path, database: Path
) -> None:
    said = plangate("import", str(checklist), "--dry-run")
    assert said.stdout.splitlines() == [
        "specs/001-login/tasks.md is spec-kit.",
        "001-login: would be imported, 4 tasks",
        "  T001  Create the project (done)",
        "  T002  Lint (pending, after T001)",
        "  T003  Test (pending, after T001)",
        "  T004  Model (depends on T099) (deferred, after T002, T003, it waits for 'T099': it names nothing ",
        "that is here)",
        '  specs/001-login/tasks.md:6:1 "[?]", here "[ ]": the box is not understood; the task counts as open',
        '  specs/001-login/tasks.md:11:1 /dependencies "T099": it names nothing that is here; the task is ',
        "deferred",
        "Nothing was recorded.",
    ]
    assert not database.exists()


def test_a_source_that_went_on_is_shown_as_a_diff(plangate: Plangate, checklist: Path) -> None:
    assert plangate("import", str(checklist)).exit_code == 0
    changed = TASKS.replace("[?] T002 [P] Lint", "[x] T002 [P] Lint all").replace("T004", "T005")
    checklist.write_text(changed, "utf-8")
    said = plangate("import", str(checklist), "--reason", "grew")
    assert said.stdout.splitlines()[1:6] == [
        "001-login: updated, 4 tasks",
        "  - T004  Model (depends on T099)",
        "  ~ T002  Lint all (title)",
        "  ~ T002  Lint all (done)",
        "  + T005  Model (depends on T099)",
    ]
    assert (
        plangate("import", str(checklist), "--json").json["plans"][0]["outcome"] == "already_there"
    )
    assert "grew" in plangate("history", "001-login").stdout


def test_another_source_with_the_same_id_is_left_alone(plangate: Plangate, checklist: Path) -> None:
    plangate("import", str(checklist))
    other = checklist.parent / "TODO.md"
    other.write_text("- [ ] T001 Else\n", "utf-8")
    said = plangate("import", str(other))
    assert "001-login: left alone, another plan has this id, 1 task" in said.stdout
    assert "import specs/001-login/TODO.md --plan 001-login-2" in said.stdout
    assert plangate("import", str(other), "--plan", "001-login-2").exit_code == 0


def test_a_checklist_is_written_and_read_back(plangate: Plangate, checklist: Path) -> None:
    plangate("import", str(checklist))
    plangate("score", "001-login", "T002", "--output", "0.9")
    said = plangate("export", "001-login", "-o", "login.md", "--format", "markdown")
    assert said.stdout == "login.md: 001-login, 4 tasks.\n"
    text = Path("login.md").read_text("utf-8")
    assert plangate("export", "001-login", "-o", "-", "--format", "markdown").stdout == text
    assert "- [x] `T002` Lint\n\n  - output score: 0.9\n" in text
    again = plangate("import", "login.md", "--json").json
    assert (again["format"], again["plans"][0]["outcome"]) == ("markdown", "already_there")
    plangate("--db", "other.db", "import", "login.md")
    other = plangate(
        "--db", "other.db", "export", "001-login", "-o", "-", "--format", "markdown"
    ).stdout
    assert other.split("# Tasks")[1] == text.split("# Tasks")[1]
    Path("mine.md").write_text("# Mine\n", "utf-8")
    refused = plangate("export", "001-login", "-o", "mine.md", "--format", "markdown")
    assert (refused.exit_code, "plangate did not write it" in refused.stderr) == (REFUSED, True)
    assert plangate("export", "-o", "x.md", "--format", "markdown").exit_code == USAGE


# --- created from them ---


def test_a_checklist_is_created_as_a_plan_file_is(
    plangate: Plangate, checklist: Path, registry: PlanRegistry
) -> None:
    words = ["create", str(checklist), "--policy", "steady", "--idempotency-key", "k1"]
    said = plangate(*words)
    assert said.stdout == "Created 001-login: 4 tasks.\n  plangate next 001-login\n"
    assert said.stderr.splitlines() == [
        'warning: specs/001-login/tasks.md:6:1 "[?]", here "[ ]": the box is not understood; the task counts as open',
        'warning: specs/001-login/tasks.md:11:1 /dependencies "T099": it names nothing that is here; the task is deferred',
    ]
    position = registry.history.last_position()
    assert plangate(*words).stdout == said.stdout
    assert plangate(*words, "--json").json["recorded"] is True
    assert plangate(*words, "-q").stdout == "001-login\n"
    assert registry.history.last_position() == position
    assert registry.get("001-login").policy.exit_threshold is not None
    assert registry.graph("001-login").ready == ("T002", "T003")
    assert plangate("import", str(checklist)).stdout.endswith("1 already there.\n")


def test_a_checklist_that_was_imported_is_not_created_again(
    plangate: Plangate, checklist: Path, registry: PlanRegistry
) -> None:
    assert plangate("import", str(checklist)).exit_code == 0
    checklist.write_text(TASKS.replace("[?]", "[x]"), "utf-8")
    position = registry.history.last_position()
    said = plangate("create", str(checklist))
    assert (said.exit_code, said.stdout) == (REFUSED, "")
    assert said.stderr.splitlines() == [
        "refused: there is already a plan '001-login'; ids are not used twice",
        "to bring it up to specs/001-login/tasks.md: plangate import specs/001-login/tasks.md",
    ]
    error = plangate("create", str(checklist), "--json").error
    assert (error["type"], error["plan_id"]) == ("PlanExists", "001-login")
    (checklist.parent / "TODO.md").write_text("- [ ] Else\n", "utf-8")
    said = plangate("create", "specs/001-login/TODO.md")
    assert "plangate import specs/001-login/TODO.md --plan 001-login-2" in said.stderr
    assert (
        "import - --plan 001-login-2\n"
        in plangate("create", "-", typed="# 001 login\n- [ ] a").stderr
    )
    assert registry.history.last_position() == position


@pytest.mark.parametrize(
    "name, text, complaint",
    [
        ("n.md", "# Nothing\n", "n.md:1:1: there is no list item with a checkbox"),
        ("t.json", '{"a": {"tasks": [{"id": 1}]}, "b": {"tasks": []}}', "import t.json --tag TAG"),
        ("t.json", '{"tasks": [{"title": "A"}]}', "t.json:1:1: goal: is required"),
        (
            "t.json",
            '{"goal": "g", "tasks": [{"title": "A", "status": "x"}]}',
            "status: is not known",
        ),
        ("t.yaml", "tasks: [{id: 1, title: A}]", "t.yaml:1:1: goal: is required"),
        ("t.yaml", "tasks: [{id: 1, title: A}]", "t.yaml:1:10: tasks[0].id: must be text"),
    ],
)
def test_what_cannot_be_created_is_said(
    plangate: Plangate, name: str, text: str, complaint: str
) -> None:
    Path(name).write_text(text, "utf-8")
    said = plangate("create", name)
    assert (said.exit_code, said.stdout) == (REFUSED, "")
    assert complaint in said.stderr


def test_phases_that_wait_for_all_of_large_ones_are_refused_at_once(plangate: Plangate) -> None:
    tasks = "".join(f"- [ ] T{n:05} [P] x\n" for n in range(1_001))
    text = f"## Phase 1\n\n{tasks}\n## Phase 2\n\n{tasks.replace('T', 'T1')}"
    for command in ("create", "import"):
        said = plangate(command, "-", typed=text)
        assert said.exit_code == REFUSED
        assert "stdin:2006:1: up to 'T100999' the tasks have more than 1,000,000" in said.stderr


@pytest.mark.parametrize(
    "text, tasks",
    [
        ('{"tasks": [{"id": 1, "title": "A", "status": "done"}]}', {"1": "done"}),
        ('[{"id": "bd-1", "title": "A", "issue_type": "task"}]', {"bd-1": "pending"}),
        ("1. [x] a\n2. [ ] b\n", {"a": "done", "b": "pending"}),
        (
            "goal: g\ntasks:\n  - id: t\n    title: T\n    description: |\n      - [ ] x\n",
            {"t": "pending"},
        ),
    ],
)
def test_standard_input_is_recognised(plangate: Plangate, text: str, tasks: dict[str, str]) -> None:
    plan = plangate("create", "-", "--json", typed=text).json
    assert {one["id"]: one["status"] for one in plan["tasks"]} == tasks
    assert plangate("status", "@last", "--json").json["plan_id"] == plan["plan_id"]


def test_the_projects_policy_is_that_of_created_and_imported_checklists(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    Path(".plangate").mkdir()
    Path(".plangate/config.toml").write_text('policy = "steady"\n', "utf-8")
    for command in ("create", "import"):
        Path(f"{command}.md").write_text("- [ ] a\n", "utf-8")
        assert plangate(command, f"{command}.md").exit_code == 0
        assert registry.get(command).policy.exit_threshold is not None


BACKLOG = {
    "backlog/tasks/task-1 - One.md": (
        "---\nid: task-1\ntitle: One\nstatus: To Do\ndependencies: [task-3]\nlabels: [ui]\n"
        "priority: high\n---\n\n## Description\n\n<!-- SECTION:DESCRIPTION:BEGIN -->\nWhat\n"
        "<!-- SECTION:DESCRIPTION:END -->\n\n- [ ] #1 criterion\n"
    ),
    "backlog/tasks/task-1.1 - Part.md": (
        "---\nid: task-1.1\ntitle: Part\nstatus: In Progress\npriority: odd\nmilestone: m1\n---\n"
    ),
    "backlog/tasks/task-2 - Two.md": (
        "---\nid: task-2\ntitle: Two\nstatus: Odd\nordinal: 1\ndependencies: TASK-1\n---\n"
    ),
    "backlog/tasks/task-4.md": "No front matter\n",
    "backlog/tasks/task-5.md": "---\nid: [\n---\n",
    "backlog/tasks/task-6.md": "---\ntitle: No id\n---\n",
    "backlog/tasks/task-7.md": "---\nid: task-2\ntitle: Again\nstatus: Done\n---\n",
    "backlog/completed/task-3 - Done.md": "---\nid: task-3\ntitle: T\nstatus: Done\n---\n",
}


def test_a_folder_of_backlog_md_is_a_plan(plangate: Plangate, tmp_path: Path) -> None:
    for name, text in BACKLOG.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    report = plangate("import", "backlog", "--json", "--plan", "work").json
    assert report["format"] == "backlog"
    assert [one["why"] for one in report["plans"][0]["not_carried"]] == [
        "it has no front matter with id, title and status",
        "is not YAML: while parsing a flow node, expected the node content, but found '<stream end>'",
        "its front matter has no id",
        "another file has a task with this id",
        "the status is not understood; the task counts as open",
        "the priority is not understood; the task has its plan's",
    ]
    tasks = plangate("status", "work", "--json").json["tasks"]
    assert [(one["id"], one["status"], one["depends_on"]) for one in tasks] == [
        ("task-2", "pending", ["task-1"]),
        ("task-1.1", "in_progress", ["task-3"]),
        ("task-1", "pending", ["task-3", "task-1.1"]),
        ("task-3", "done", []),
    ]
    assert tasks[2]["description"] == "## Description\n\nWhat\n\n- [ ] #1 criterion"
    one = plangate("import", "backlog/tasks/task-2 - Two.md", "--json", "--plan", "alone").json
    assert one["format"] == "backlog"
    assert plangate("status", "alone", "--json").json["tasks"][0]["deferred"] is not None


SOURCES = {
    "issues.jsonl": (
        '{"id": "bd-1", "title": "A"}\n{oops\n{"id": "bd-2", "title": "B"}\n',
        "beads",
    ),
    "list.json": ('[{"id": "bd-1", "title": "A", "issue_type": "task"}]', "beads"),
    "saved.json": (
        '{"plan_id": "p", "goal": "G", "task_count": 1, "tasks": [{"id": "a"}]}',
        "loopllm",
    ),
    "plan.yaml": ("goal: G\ntasks: [A]\n", "plan"),
    "plan.json": ('{"goal": "G", "tasks": ["A"]}', "plan"),
    "noname": ("goal: G\ntasks: [A]\n", "plan"),
    "notes": ("- [ ] a\n", "markdown"),
    "tasks.json": ('{"tasks": [{"id": 1, "title": "A"}]}', "taskmaster"),
    "lines": ('{"id": "bd-1"}\n{"id": "bd-2"}\n', "beads"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_is_recognised_by_its_content(plangate: Plangate, name: str) -> None:
    text, kind = SOURCES[name]
    Path(name).write_text(text, "utf-8")
    assert plangate("import", name, "--json").json["format"] == kind


def test_a_bundle_is_recognised_and_standard_input_is_read(plangate: Plangate) -> None:
    said = plangate("import", "-", typed="- [x] a\n- [ ] b\n")
    assert said.stdout.splitlines()[0] == "- is markdown."
    plangate("export", "-o", "all.bundle")
    assert plangate("--db", "o.db", "import", "all.bundle").exit_code == 0
    assert plangate("--db", "o.db", "import", "all.bundle", "--dry-run").exit_code == USAGE


@pytest.mark.parametrize(
    "text, words, code, complaint",
    [
        ("# Nothing\n", [], 0, "there is no list item with a checkbox"),
        ("{", ["--format", "beads"], REFUSED, "/0"),
        ("goal: [\n", ["--format", "plan"], REFUSED, "tasks.md:2:1: is not YAML"),
        ("goal: G\n", ["--format", "plan"], REFUSED, "tasks: is required"),
        ("- [ ] a\n", ["--format", "odd"], USAGE, "must be one of bundle, loopllm"),
        ("- [ ] a\n", ["--tag", "odd"], REFUSED, "there is no tag 'odd'"),
    ],
)
def test_what_cannot_be_read_is_said(
    plangate: Plangate, text: str, words: list[str], code: int, complaint: str
) -> None:
    Path("tasks.md").write_text(text, "utf-8")
    said = plangate("import", "tasks.md", *words)
    assert said.exit_code == code
    assert complaint in said.stdout + said.stderr
