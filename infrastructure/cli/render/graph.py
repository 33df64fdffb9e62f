"""A plan's dependencies as a table, or as Mermaid or DOT for drawing."""

from enum import StrEnum

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.graph import PlanGraph
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.cli.render.tables import Listing, fixed, right, status_text
from plangate.infrastructure.cli.render.text import Hint, count, harmless, listed


class GraphForm(StrEnum):
    """The forms a graph can be printed in."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"

    def render(self, graph: PlanGraph, _hint: Hint) -> RenderableType:
        """The graph in this form."""
        if self is GraphForm.TEXT:
            return _text(graph)
        drawn = graph.mermaid() if self is GraphForm.MERMAID else graph.dot()
        return harmless(drawn, lines=True)  # for another program: no line may be broken


def _text(graph: PlanGraph) -> RenderableType:
    nodes = {node.id: node for node in graph.nodes}
    table = Listing(
        right("step"),
        fixed(""),
        Column("task", overflow="fold", max_width=24),
        "title",
        fixed("status"),
        "after",
        named=3,
    )
    steps: dict[str, int] = {}
    for task_id in graph.order:
        node = nodes[task_id]
        step = 1 + max((steps[on] for on in node.depends_on), default=0)
        table.add_row(
            "" if step in steps.values() else str(step),
            Text("●" if task_id in graph.critical_path else "", style="magenta"),
            Text(harmless(task_id)),
            Text(harmless(node.title)),
            Text("ready", style="bold cyan")
            if task_id in graph.ready
            else status_text(node.status),
            Text(", ").join(
                Text(harmless(on), style="dim" if nodes[on].status is TaskStatus.DONE else "")
                for on in node.depends_on
            ),
            heading=harmless(task_id),
        )
        steps[task_id] = step
    chain = " → ".join(map(harmless, graph.critical_path))
    return Group(
        table,
        Text.assemble("ready: ", (listed(graph.ready) or "nothing", "bold cyan")),
        Text.assemble(
            ("● ", "magenta"),
            f"longest chain ({len(graph.critical_path)} of {count(len(nodes), 'task')}): {chain}",
        ),
    )
