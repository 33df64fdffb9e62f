"""Every table fits its screen: as a table, closer together, or as a card for each row."""

import io

import pytest
from rich.console import Console

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.render.tables import Listing, fixed, right
from tests.infrastructure.cli.conftest import Plangate

SWEEP = ("replay", "sweep", "--all", "--grid", "decay=0.9,1")
TWO_FIELDS = (*SWEEP, "--grid", "confidence_threshold=0.4,0.5")


@pytest.fixture
def judged(registry: PlanRegistry) -> None:
    """Two plans, with an outcome of each kind."""
    tasks = [{"id": f"task-{n}", "title": f"Part {n}"} for n in range(2)]
    for plan, status in enumerate(("rejected", "accepted")):
        registry.create("Do the work", tasks, plan_id=f"work-{plan}")
        registry.score_output(f"work-{plan}", "task-0", 0.3)
        registry.record_outcome(f"work-{plan}", "task-0", status, source="ci")


@pytest.mark.usefixtures("judged")
@pytest.mark.parametrize(
    "columns, words, line",
    [
        (80, TWO_FIELDS, "happened"),
        (40, TWO_FIELDS, "decay 0.9, confidence threshold 0.4"),
        (40, ("explain", "work-0"), "task-0"),
        (40, ("history", "work-0"), "@1"),
        (40, ("replay", "what-if", "work-0", "--set", "decay=1"), "times the gate"),
        (40, ("replay", "what-if", "--all", "--set", "decay=1"), "times the gate fired"),
    ],
)
def test_no_screen_is_wider_than_the_terminal_nor_loses_names(
    plangate: Plangate,
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    words: tuple[str, ...],
    line: str,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    shown = plangate(*words).stdout.splitlines()

    assert max(map(len, shown)) <= columns
    assert any(one.strip().startswith(line) for one in shown)
    assert not any("…" in one for one in shown)


def shown(listing: Listing, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as found:
        console.print(listing)
    return [line.rstrip() for line in found.get().splitlines() if line.strip()]


def test_rows_are_a_table_where_it_fits_closer_where_it_just_fits_and_else_cards() -> None:
    listing = Listing(right("at"), right("of\nit"), *map(fixed, "abc"))
    listing.add_row("1", "12", "–", "–", "x")
    listing.add_row("22", "3", "4", "", "y", style="bold", heading="both")

    assert shown(listing, 18)[3:] == ["  1  12  –  –  x", " 22   3  4     y"]
    for width in (17, 11):
        assert shown(listing, width)[3:] == [" 1 12 – – x", "22  3 4   y"]
    assert shown(listing, 10) == [
        *("at 1", "  of it 12", "  c     x"),
        *("both", "  of it 3", "  a     4", "  c     y"),
    ]
