"""`plangate demo`: one small plan through the whole story, on a real store.

Nothing is acted: every figure shown is the registry's answer to a real command.
"""

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain.plan import Plan
from plangate.infrastructure.cli.answers import Verdict
from plangate.infrastructure.cli.render import status as show
from plangate.infrastructure.cli.render.event_text import history
from plangate.infrastructure.cli.render.graph import GraphForm
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.cli.wording import figure

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
    """Walk a small plan through the whole story: scored, gated, revised, completed."""
    registry = terminal.registry
    with registry.acting_as("demo"):
        plan_id = registry.create(_GOAL, _TASKS).plan_id
        _progress(terminal, "A plan is registered: three tasks, each waiting for the one before.")
        _draw(terminal, plan_id)

        _progress(terminal, "agent-7 claims the first task for ten minutes. The judge is content.")
        _work(registry, plan_id, 0.90, 0.86, "Keys and constraints are all named.")
        _measure(terminal, plan_id)

        _progress(terminal, "It claims the second. The judge is not content, and the gate fires.")
        _work(registry, plan_id, 0.55, 0.42, "Names no period and no check; 312 invoices twice.")
        _measure(terminal, plan_id)
        _explain(terminal, plan_id)

        _progress(terminal, f"A person revises the plan. “{_REASON}”")
        registry.revise(plan_id, _REASON, _CHANGES)
        _draw(terminal, plan_id)

        _progress(terminal, "That answers the gate. The figure stays low until new scores come.")
        _measure(terminal, plan_id)

        _progress(terminal, "First the new check; then the backfill, at the second attempt.")
        _work(registry, plan_id, 0.94, 0.96, "Finds every invoice that is there twice.")
        _work(registry, plan_id, 0.92, 0.84, "All 24 months match to the cent.")
        _measure(terminal, plan_id)

        _progress(terminal, "And the rest.")
        _work(registry, plan_id, 0.90, 0.93, "Every region matches the old report.")
        plan = _work(registry, plan_id, 0.88, 0.91, "Every country matches the old report.")
    terminal.show(Text())
    terminal.answer(plan, show.status)
    _progress(terminal, "What happened, and why: the plan is nothing but these events.")
    terminal.show(history(registry.history.of(plan_id)))
    if terminal.keeps_plans:
        terminal.show(Text(f"It is all kept. Look again: {terminal.hint('status', plan_id)}"))


def _work(
    registry: PlanRegistry, plan_id: str, prompt: float, output: float, rationale: str
) -> PlanStatus:
    """Take the next task, and let the judge score what it was told and what it brought."""
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


def _progress(terminal: Terminal, text: str) -> None:
    terminal.show(Text(), Text(text, style="bold"))


def _draw(terminal: Terminal, plan_id: str) -> None:
    """Show what waits for what."""
    graph = GraphForm.TEXT.shown(terminal.registry.graph(plan_id), terminal.hint)
    terminal.show(Padding(graph, (0, 0, 0, 2)))


def _measure(terminal: Terminal, plan_id: str) -> None:
    """Show the gate after a judgement."""
    verdict = Verdict.on(terminal.registry.get_status(plan_id))
    terminal.show(Padding(show.verdict(verdict, terminal.hint), (0, 0, 0, 2)))


def _explain(terminal: Terminal, plan_id: str) -> None:
    """Show how the rolling confidence comes about."""
    plan = terminal.registry.get(plan_id)
    if plan is not None:
        terminal.show(Padding(_shares(plan), (1, 0, 0, 2)))


def _shares(plan: Plan) -> Table:
    """Each scored task, its confidence, and the weight it has in the rolling confidence."""
    policy = plan.policy
    scored = [(task, c) for task in plan if (c := task.confidence(policy)) is not None]
    table = Table.grid(padding=(0, 2))
    for age, (task, confidence) in reversed(list(enumerate(reversed(scored)))):
        sum_of = (
            f"{policy.prompt_weight} × {task.prompt_score} + "
            f"{policy.output_weight} × {task.output_score} = {figure(confidence)}"
        )
        table.add_row(Text(task.id), Text(sum_of), Text(f"weight {figure(policy.decay**age)}"))
    mean = f"weighted mean {figure(plan.rolling_confidence)}"
    table.add_row(Text("plan"), Text(mean), Text(f"threshold {policy.confidence_threshold}"))
    return table
