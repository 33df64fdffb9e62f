"""A plan's tasks as a graph: their order, which are ready, and the critical path."""

from datetime import datetime
from graphlib import TopologicalSorter
from typing import Self

from plangate.application.results import Result
from plangate.domain.plan import Plan
from plangate.domain.verdict import may_continue, takeable
from plangate.domain.vocabulary import TaskStatus


class GraphNode(Result):
    """A task, and the tasks it depends on."""

    id: str
    title: str | None
    status: TaskStatus
    depends_on: tuple[str, ...]


class PlanGraph(Result):
    """The dependencies of a plan.

    `order` is topological: every task after those it depends on, otherwise in plan
    order. `ready` tasks could be claimed now. `critical_path` is a longest chain of
    dependent tasks, counted in tasks; of several the first in plan order.
    """

    plan_id: str
    order: tuple[str, ...]
    ready: tuple[str, ...]
    critical_path: tuple[str, ...]
    nodes: tuple[GraphNode, ...]

    @classmethod
    def of(cls, plan: Plan, now: datetime) -> Self:
        """The graph of a plan at a time."""
        order = _topological(plan)
        return cls(
            plan_id=plan.plan_id,
            order=order,
            ready=tuple(task.id for task in takeable(plan, now)) if may_continue(plan, now) else (),
            critical_path=_longest_chain(plan, order),
            nodes=tuple(
                GraphNode(
                    id=task.id, title=task.title, status=task.status, depends_on=task.depends_on
                )
                for task in plan
            ),
        )

    def mermaid(self) -> str:
        """The graph as Mermaid text, an arrow from each task to those that wait for it."""
        names = {node.id: f"t{place}" for place, node in enumerate(self.nodes)}
        lines = ["flowchart TD"]
        for node in self.nodes:
            label = _mermaid_text(node.title or node.id)
            lines.append(f'    {names[node.id]}["{label}"]:::{node.status}')
        lines += [
            f"    {names[on]} --> {names[node.id]}" for node in self.nodes for on in node.depends_on
        ]
        lines += [f"    classDef {status} {style}" for status, style in _MERMAID_STYLES.items()]
        return "\n".join(lines) + "\n"

    def dot(self) -> str:
        """The graph in Graphviz's DOT language, arrows as in `mermaid`."""
        lines = ["digraph plan {", "    node [shape=box, style=filled];"]
        for node in self.nodes:
            label = _dot_text(node.title or node.id)
            color = _DOT_COLORS[node.status]
            lines.append(f'    {_dot_text(node.id)} [label={label}, fillcolor="{color}"];')
        lines += [
            f"    {_dot_text(on)} -> {_dot_text(node.id)};"
            for node in self.nodes
            for on in node.depends_on
        ]
        return "\n".join([*lines, "}"]) + "\n"


_DOT_COLORS = {
    TaskStatus.PENDING: "#f3f4f6",
    TaskStatus.IN_PROGRESS: "#dbeafe",
    TaskStatus.DONE: "#dcfce7",
    TaskStatus.FAILED: "#fee2e2",
    TaskStatus.REPLANNING: "#fef3c7",
}
_MERMAID_STYLES = {status: f"fill:{color}" for status, color in _DOT_COLORS.items()}


def _topological(plan: Plan) -> tuple[str, ...]:
    sorter = TopologicalSorter({task.id: task.depends_on for task in plan})
    sorter.prepare()
    place = {task_id: number for number, task_id in enumerate(plan.order)}
    order: list[str] = []
    while sorter.is_active():
        layer = sorted(sorter.get_ready(), key=place.__getitem__)
        order += layer
        sorter.done(*layer)
    return tuple(order)


def _longest_chain(plan: Plan, order: tuple[str, ...]) -> tuple[str, ...]:
    chains: dict[str, tuple[str, ...]] = {}
    for task_id in order:
        before = (chains[on] for on in plan.tasks[task_id].depends_on)
        chains[task_id] = (*max(before, key=len, default=()), task_id)
    return max(chains.values(), key=len, default=())


def _mermaid_text(text: str) -> str:
    """Text with everything that Mermaid or HTML might read as markup as an entity."""
    return "".join(
        letter if letter.isalnum() or letter in " .,:-_/" else f"#{ord(letter)};" for letter in text
    )


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
