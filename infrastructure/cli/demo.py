"""`plangate demo`: one small plan from start to finish, on a real store.

Everything it prints is the registry's answer to a real command.
"""

from rich.padding import Padding
from rich.text import Text

from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.infrastructure.cli.render import event_text, explain, gauge
from plangate.infrastructure.cli.render.graph import GraphForm
from plangate.infrastructure.cli.render.status import render_status
from plangate.infrastructure.cli.terminal import Terminal

_GOAL = "Move billing to the new ledger"
_TASKS = (
    {"id": "schema", "title": "Design the schema of the ledger"},
    {"id": "backfill", "title": "Backfill the invoices", "depends_on": ["schema"]},
    {
        "id": "switch",
        "title": "Let the reports read from the new ledger",
        "depends_on": ["backfill"],
    },
)
_REASON = "Nothing would notice an invoice that is there twice; and two reports are two tasks."
_CHANGES = (
    {
        "op": "add",
        "task": {"id": "check", "title": "Compare the sums of both ledgers"},
        "before": "backfill",
    },
    {
        "op": "change",
        "task_id": "backfill",
        "description": "Month by month; after each month the check must pass.",
        "depends_on": ["schema", "check"],
    },
    {
        "op": "split",
        "task_id": "switch",
        "into": [
            {"id": "sales", "title": "Let the sales report read from the new ledger"},
            {"id": "tax", "title": "Let the tax report read from the new ledger"},
        ],
    },
)
_JUDGE = {"kind": "model", "name": "judge", "version": "2"}


def demo(terminal: Terminal) -> None:
    """Lead a small plan through its whole life: scored, gated, revised, completed.

    Example: plangate --db demo.db demo
    """
    registry = terminal.registry
    with registry.acting_as("demo"):
        plan_id = registry.create(_GOAL, _TASKS).plan_id
        terminal.done = f"the plan {plan_id} was created"
        _narrate(terminal, "A plan is registered: three tasks, each waiting for the one before.")
        _draw(terminal, plan_id)

        _narrate(terminal, "agent-7 claims the first task for ten minutes. The judge is satisfied.")
        _work(registry, plan_id, 0.90, 0.86, "Keys and constraints are all named.")
        _measure(terminal, plan_id)

        _narrate(terminal, "It claims the second. The judge is not satisfied, and the gate fires.")
        _work(registry, plan_id, 0.55, 0.42, "Names no period and no check; 312 invoices twice.")
        _measure(terminal, plan_id)
        explanation = registry.history.explain(plan_id)
        explained = explain.render_explanation(explanation, terminal.hint)
        terminal.show(Padding(explained, (1, 0, 0, 2)))

        _narrate(terminal, f"A person revises the plan. “{_REASON}”")
        registry.revise(plan_id, _REASON, _CHANGES)
        _draw(terminal, plan_id)

        _narrate(terminal, "That answers the gate. The confidence stays low until new scores come.")
        _measure(terminal, plan_id)

        _narrate(terminal, "First the new check; then the backfill, at the second attempt.")
        _work(registry, plan_id, 0.94, 0.96, "Finds every invoice that is there twice.")
        _work(registry, plan_id, 0.92, 0.84, "All 24 months match to the cent.")
        _measure(terminal, plan_id)

        _narrate(terminal, "And the rest.")
        _work(registry, plan_id, 0.90, 0.93, "Every region matches the old report.")
        plan = _work(registry, plan_id, 0.88, 0.91, "Every country matches the old report.")
    terminal.show(Text())
    terminal.answer(plan, render_status)
    _narrate(terminal, "What happened, and why: the plan is nothing but these events.")
    terminal.show(event_text.event_table(registry.history.of(plan_id)))
    if terminal.keeps_plans:
        terminal.show(
            Text(f"All of it was recorded. To see it again: {terminal.hint('status', plan_id)}")
        )


def _work(
    registry: PlanRegistry, plan_id: str, prompt: float, output: float, rationale: str
) -> PlanStatus:
    """Take the next task, and score its prompt and its output."""
    task = registry.next_task(plan_id, worker="agent-7", lease=600)
    if task is None:
        raise RuntimeError(f"nothing was ready in {plan_id}")
    return registry.update(
        plan_id,
        task.id,
        prompt_score=prompt,
        output_score=output,
        scorer=_JUDGE,
        rationale=rationale,
        token=task.claim.token if task.claim else None,
    )


def _narrate(terminal: Terminal, text: str) -> None:
    terminal.show(Text(), Text(text, style="bold"))


def _draw(terminal: Terminal, plan_id: str) -> None:
    graph = GraphForm.TEXT.render(terminal.registry.graph(plan_id), terminal.hint)
    terminal.show(Padding(graph, (0, 0, 0, 2)))


def _measure(terminal: Terminal, plan_id: str) -> None:
    """Show the gate after a score."""
    shown = gauge.render_plan_gauge(terminal.registry.get_status(plan_id))
    terminal.show(Padding(shown, (0, 0, 0, 2)))
