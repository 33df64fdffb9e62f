"""`plangate export` and `plangate import`: out of one store and into another."""

from pathlib import Path

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate


def test_plans_go_from_one_store_to_another(plangate: Plangate, billing: str) -> None:
    out = plangate("export", "plans.bundle")
    assert "1 plan, 1 event: " in out.stdout
    said = plangate("--db", "other.db", "import", "plans.bundle")
    assert "1 plan: 1 added, 0 extended, 0 already there." in said.stdout
    assert "1 event: 1 recorded." in said.stdout
    assert said.stdout.splitlines()[-1] == out.stdout.splitlines()[-1]
    again = plangate("--db", "other.db", "import", "plans.bundle", "--json").json
    assert (again["already_there"], again["recorded"]) == (1, 0)
    assert plangate("--db", "other.db", "status", billing).exit_code == 0


def test_only_the_plans_that_are_named_go(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.create("Another", [{"id": "a", "title": "A"}], plan_id="another")
    report = plangate("export", "plans.bundle", billing, "--json").json
    assert (report["plans"], report["events"]) == (1, 1)
    assert report["bytes"] == Path("plans.bundle").stat().st_size


def test_what_cannot_be_done_is_told_in_one_line(plangate: Plangate, billing: str) -> None:
    Path("mine").write_text("mine", "utf-8")
    said = plangate("export", "mine")
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr == "refused: the system refused: there is something at 'mine' already\n"
    assert plangate("export", "other", "nobody", "--json").error["type"] == "PlanNotFound"
    assert not Path("other").exists()
    assert "'nowhere' does not exist" in " ".join(plangate("import", "nowhere").stderr.split())
    said = plangate("import", "mine", "--json")
    assert said.exit_code == 1
    assert said.error["type"] == "AlteredBundle"
    assert said.error["line"] == 1
    assert plangate("status", billing).exit_code == 0


def test_another_history_is_told_with_its_place(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    plangate("export", "plans.bundle")
    plangate("--db", "other.db", "import", "plans.bundle")
    registry.score_output(billing, "a", 0.9)
    plangate("export", "later.bundle")
    plangate("--db", "other.db", "score", billing, "a", "--output", "0.1")
    error = plangate("--db", "other.db", "import", "later.bundle", "--json").error
    assert (error["type"], error["plan_id"], error["version"]) == ("HistoryDiffers", billing, 2)


def test_words_that_may_be_left_are_no_success(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    plangate("export", "plans.bundle")
    plangate("--db", "other.db", "import", "plans.bundle")
    registry.erase(billing)
    plangate("export", "erased.bundle")
    assert plangate("--db", "other.db", "import", "erased.bundle").exit_code == 0
    shown = plangate("--db", "other.db", "status", billing, "--json").json
    assert shown["goal"] is None
