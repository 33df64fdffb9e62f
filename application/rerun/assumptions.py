"""What every answer about another policy assumes: the one definition, said with each of them.

The inputs are replayed as they were recorded. How people and agents would have acted on
other verdicts is unknown, so what comes after the first difference of a plan rests on this.
"""

import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar

from plangate.application.results import Result


class Assumption(Result):
    """One assumption. Its `id` stays the same, however the sentence is worded."""

    id: str
    text: str


ASSUMPTIONS: Final = (
    Assumption(
        id="same_scores",
        text="The same scores are given, whatever the policy.",
    ),
    Assumption(
        id="same_claims",
        text="The same claims, marks, revisions and approvals come at the same times.",
    ),
    Assumption(
        id="no_reaction",
        text="No one reacts to the gate: no work stops or changes because it fires, or does not.",
    ),
)

_Function = TypeVar("_Function", bound=Callable[..., Any])

ASSUMED: Final = " ".join(("Assumed:", *(one.text for one in ASSUMPTIONS)))
"""All of them as one paragraph."""

IN_SHORT: Final = "Assumes the same scores and claims: no one reacts."
"""All of them where there is room for one sentence."""


def rests_on_them(assumed: int, commands: int) -> str:
    """How much of a replay rests on the assumptions, as in "8 of 20 commands (40 %) …"."""
    if not assumed:
        return "No command comes after a difference, so nothing rests on this."
    share = 100 * assumed / commands
    return (
        f"{assumed:,} of {commands:,} commands ({share:.0f}%) come after the first difference"
        " of their plan: what is said of them rests on this."
    )


def states_assumptions(function: _Function) -> _Function:
    """Add the assumptions to a docstring that is shown as help, before its examples."""
    text, example, lines = inspect.cleandoc(function.__doc__ or "").partition("\n\nExample:")
    function.__doc__ = f"{text}\n\n{ASSUMED}{example}{lines}"
    return function
