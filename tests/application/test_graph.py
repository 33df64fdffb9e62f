"""A plan as a graph: order, what is ready, the critical path, and as text for drawing."""

from typing import Any

from plangate.application.registry import PlanRegistry

TASKS: list[dict[str, Any]] = [
    {"id": "ship", "title": 'Ship "it" <now>\n', "depends_on": ["test", "docs"]},
    {"id": "docs", "title": "Docs"},
    {"id": "test", "title": "Test", "depends_on": ["build"]},
    {"id": "build", "title": "Build"},
]


def test_every_task_comes_after_those_it_depends_on(registry: PlanRegistry) -> None:
    plan_id = registry.create("g", TASKS).plan_id
    graph = registry.graph(plan_id)
    assert graph.order == ("docs", "build", "test", "ship")
    assert graph.ready == ("docs", "build")
    assert graph.critical_path == ("build", "test", "ship")
    assert next(node.depends_on for node in graph.nodes) == ("test", "docs")
    registry.mark_task(plan_id, "build", "done")
    assert registry.graph(plan_id).ready == ("docs", "test")


def test_without_dependencies_the_order_is_the_plans(registry: PlanRegistry, plan_id: str) -> None:
    graph = registry.graph(plan_id)
    assert graph.order == graph.ready == ("a", "b", "c")
    assert graph.critical_path == ("a",)


def test_the_graph_is_drawn_with_peoples_text_made_harmless(registry: PlanRegistry) -> None:
    graph = registry.graph(registry.create("g", TASKS).plan_id)
    mermaid, dot = graph.mermaid(), graph.dot()
    assert mermaid.startswith("flowchart TD\n")
    assert '    t0["Ship #34;it#34; #60;now#62;#10;"]:::pending\n' in mermaid
    assert "    t3 --> t2\n" in mermaid
    assert dot.startswith("digraph plan {\n")
    assert '    "ship" [label="Ship \\"it\\" <now>\\n", fillcolor="#f3f4f6"];\n' in dot
    assert '    "build" -> "test";\n' in dot
