"""`plangate erase`: what people wrote about a plan goes for good."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from plangate.application.erasure import Erasure
from plangate.infrastructure.cli.exits import REFUSED
from plangate.infrastructure.cli.input.options import PlanId
from plangate.infrastructure.cli.terminal import Hint, Terminal
from plangate.infrastructure.cli.wording import count, harmless, written


def erase(
    terminal: Terminal,
    plan: PlanId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
) -> None:
    """Erase what people wrote about a plan, for good; its figures and proofs stay."""
    if not yes:
        question = f"Erase all that people wrote about {harmless(plan)}? It cannot be undone."
        typer.confirm(question, abort=True, err=True)
    erasure = terminal.registry.erase(plan, **terminal.call)
    terminal.answer(erasure, _told)
    if not erasure.complete:
        terminal.warn(f"something may be left: {erasure.remains}; erase again later to go on")
        raise typer.Exit(REFUSED)


def _told(erasure: Erasure, _hint: Hint) -> RenderableType:
    name = written(erasure.plan_id)
    if not erasure.rewritten:
        return Text(f"Nothing that people wrote was left in {name}.")
    return Text(f"Erased what people wrote in {count(erasure.rewritten, 'event')} of {name}.")
