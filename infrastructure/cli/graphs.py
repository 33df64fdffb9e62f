"""A plan's dependencies on a screen, or as text for drawing them."""

from enum import StrEnum

from rich.console import Group, RenderableType
from rich.table import Column
from rich.text import Text

from plangate.application.graph import PlanGraph
from plangate.infrastructure.cli.show import STYLES, table_of
from plangate.infrastructure.cli.terminal import Hint
from plangate.infrastructure.cli.wording import harmless, written


class GraphForm(StrEnum):
    """How a graph is written down."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"

    def shown(self, graph: PlanGraph, _hint: Hint) -> RenderableType:
        """The graph in this form."""
        if self is GraphForm.TEXT:
            return _text(graph)
        drawn = graph.mermaid() if self is GraphForm.MERMAID else graph.dot()
        return harmless(drawn, lines=True)  # for another program: no line may be broken


def _text(graph: PlanGraph) -> RenderableType:
    nodes = {node.id: node for node in graph.nodes}
    table = table_of(
        Column("", no_wrap=True),
        Column("task", overflow="fold"),
        Column("status", no_wrap=True),
        Column("waits for", overflow="fold"),
    )
    for task_id in graph.order:
        node = nodes[task_id]
        table.add_row(
            "●" if task_id in graph.critical_path else "",
            Text(written(task_id), style="bold" if task_id in graph.ready else ""),
            Text(node.status.replace("_", " "), style=STYLES[node.status]),
            Text(", ".join(map(harmless, node.depends_on))),
        )
    ready = ", ".join(map(harmless, graph.ready)) or "nothing"
    chain = " → ".join(map(harmless, graph.critical_path))
    return Group(
        table,
        Text.assemble("ready: ", (ready, "bold")),
        Text(f"● longest chain ({len(graph.critical_path)} of {len(graph.nodes)}): {chain}"),
    )
