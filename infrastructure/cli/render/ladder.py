"""What every answer about another policy assumes, and what each change of the policy does."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from plangate.application.replay.summary import (
    contradictions,
    ladder_columns,
    ladder_results,
    ladder_rows,
)
from plangate.application.replay.totals import Totals
from plangate.application.replay.what_if import WhatIf
from plangate.application.rerun.assumptions import ASSUMED, rests_on_them
from plangate.infrastructure.cli.render import text
from plangate.infrastructure.cli.render.tables import Listing, right


def assumed(*totals: Totals) -> Iterator[Text]:
    """The assumptions, and how much rests on them: at most, where there are several totals."""
    yield Text(ASSUMED, style="dim")
    most = max(totals, key=lambda one: one.assumed, default=None)
    if most is not None and most.commands:
        at_most = "At most " if len(totals) > 1 and most.assumed else ""
        yield Text(at_most + rests_on_them(most.assumed, most.commands), style="bold")


def render_ladder(answer: WhatIf) -> Iterator[RenderableType]:
    """What each changed field does, if there are several."""
    if len(answer.ladder or ()) <= 1:
        return
    columns = ladder_columns(answer)
    first, *others = columns
    table = Listing(
        "\nchange",
        *(right(f"alone\n{first}"), *(right(f"\n{other}") for other in others)),
        *(right(f"so far\n{first}"), *(right(f"\n{other}") for other in others)),
    )
    for row in ladder_rows(answer):
        sides = [side or ("–",) * len(columns) for side in (row.alone, row.together)]
        style = "bold" if row.change == "what happened" else ""
        table.add_row(
            Text(text.spaced(text.harmless(row.change))), *sides[0], *sides[1], style=style
        )
    yield Text("What each change does, alone and with those above it:", style="bold")
    yield table
    yield Text(ladder_results(answer), style="dim")
    for contradiction in contradictions(answer):
        yield Text(text.harmless(contradiction), style="yellow")
